using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Proof;
using Broadcast.Transcoder.Ladder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder;

/// <summary>
/// Passes a publication on as it came, each of its tracks as a rendition (see <see cref="RenditionPlan"/>), and puts beside it the rungs of its channel's ladder (<see cref="RungEncoder"/>),
/// unless the encoder sends smaller pictures itself. Its samples go through by reference, on the thread that brought them, whatever becomes of the rungs; but where there is a ladder, a source that players cannot take is encoded
/// as well (<see cref="SourceGate"/>). A video track that appears after an audio-only
/// beginning starts the renditions anew, because from then on its sync samples decide the cuts.
/// </summary>
internal sealed class LadderTranscoder(IRenditionSink packager, IOptions<EncodingOptions> encoding, TimeProvider time, ILogger<LadderTranscoder> logger, EncoderChoice? encoders = null, RunningEncoders? running = null) : IPublicationSink
{
    /// <summary>
    /// Samples that may wait for the packager, for each two tracks: about 10 s of 60 fps video with audio. Beyond it a rendition loses up to its next sync sample.
    /// </summary>
    internal const int QueueLength = 1024;

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private readonly SourceRules _rules = new();
    private readonly EncoderChoice _encoders = encoders ?? EncoderChoice.Processor(time);

    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var session = publication.Grant.Session;
        var ladder = publication.Grant.Ladder;
        IReadOnlyList<Track> tracks = publication.Tracks;
        MediaSample? first = null;
        while (true)
        {
            var plan = RenditionPlan.For(tracks, encodes: ladder != LadderPlan.Passthrough);
            var queue = Channel.CreateBounded<RenditionSample>(new BoundedChannelOptions(QueueLength * Math.Max(1, plan.Tracks.Count / 2))
            {
                SingleReader = true,
                SingleWriter = ladder == LadderPlan.Passthrough,
                // An idle packager runs on the writer's thread: no hop between threads for each sample.
                AllowSynchronousContinuations = true,
            });
            var packaging = packager.RunAsync(
                new RenditionSet(session, [.. plan.Renditions, .. RungEncoder.Expected(ladder, plan.Tracks, _encoders.MapsTones)], queue.Reader) { IsSlate = publication.IsSlate }, cancellationToken);
            var rungs = ladder == LadderPlan.Passthrough ? null : new RungEncoder(encoding.Value, _encoders, session, ladder, queue.Writer, time, logger);
            var gate = rungs is null ? null : new SourceGate(_rules.Of(session), rungs, queue.Writer);
            var sounds = new SoundLines(plan, session, ladder == LadderPlan.Passthrough ? null : encoding.Value.Ffmpeg, queue.Writer, time, logger);
            if (rungs is not null)
            {
                running?.Enter(session.Channel, rungs);
            }

            try
            {
                first = await ForwardAsync(publication.Samples, queue.Writer, plan, gate, sounds, first, packaging, cancellationToken);
                gate?.Finish();
            }
            finally
            {
                if (rungs is not null)
                {
                    running?.Leave(session.Channel, rungs);
                    await rungs.DisposeAsync();
                }

                await sounds.DisposeAsync();
                queue.Writer.TryComplete();
                await packaging;
            }

            if (first is not { } late)
            {
                return;
            }

            tracks = [.. plan.Tracks, late.Track];
        }
    }

    /// <summary>Passes samples on until they end, or the packager does: it ends before its samples only when it fails, and then nobody must go on publishing to nobody.</summary>
    /// <returns>The sample of a late video track that makes a new plan necessary, or <see langword="null"/> at the end.</returns>
    private async Task<MediaSample?> ForwardAsync(
        ChannelReader<MediaSample> samples, ChannelWriter<RenditionSample> renditions, RenditionPlan plan, SourceGate? gate, SoundLines sounds, MediaSample? first, Task packaging,
        CancellationToken cancellationToken)
    {
        if (first is { } held)
        {
            Write(renditions, plan, gate, sounds, held);
        }

        while (await samples.WaitToReadAsync(cancellationToken))
        {
            while (samples.TryRead(out var sample))
            {
                if (packaging.IsCompleted)
                {
                    return null;
                }

                if (plan.MustBeginAnew(sample.Track))
                {
                    return sample;
                }

                Write(renditions, plan, gate, sounds, sample);
            }
        }

        return null;
    }

    private static void Write(ChannelWriter<RenditionSample> renditions, RenditionPlan plan, SourceGate? gate, SoundLines sounds, in MediaSample sample)
    {
        if (plan.Find(sample.Track) is not { } lane)
        {
            return;
        }

        if (lane.Rendition.Kind == TrackKind.Audio)
        {
            sounds.Hear(lane, sample);
            return;
        }

        // Without a picture size there is no init segment, and nothing can be decoded before the key frame that says it.
        if (!sample.Track.Config.IsComplete)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "transcoder"));
            return;
        }

        var isSource = lane.Rendition is { Kind: TrackKind.Video, Leads: true };
        if (isSource && gate is not null)
        {
            gate.Take(lane, sample, plan.HasOnePicture);
        }
        else if (!SourceGate.Pass(renditions, lane, sample))
        {
            return;
        }

        if (isSource)
        {
            sounds.See(sample);
        }
    }
}
