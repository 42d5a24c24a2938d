using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Probing;
using Broadcast.Transcoder.Ladder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder;

/// <summary>
/// Passes a publication through, each track as a rendition (see <see cref="RenditionPlan"/>), and adds the rungs of the channel's ladder
/// (<see cref="RungEncoder"/>), unless the encoder sends several sizes itself. Source samples pass by reference on the receiving thread,
/// whatever happens to the rungs. With a ladder, a source that players do not support is re-encoded (<see cref="SourceRouter"/>). If a
/// video track appears after an audio-only start, the renditions are planned again, because its sync samples then define the segments.
/// </summary>
internal sealed class LadderTranscoder(IRenditionSink packager, IOptions<EncodingOptions> encoding, TimeProvider time,
    ILogger<LadderTranscoder> logger, EncoderSelector? encoders = null, RunningEncoders? running = null) : IPublicationSink
{
    /// <summary>
    /// Samples queued for the packager, per two tracks: about 10 s of 60 fps video with audio. When it is full, a rendition drops samples
    /// up to its next sync sample.
    /// </summary>
    internal const int QueueLength = 1024;

    /// <summary>Maximum bytes of these samples.</summary>
    internal const long QueueBytes = 64 << 20;

    private readonly PassthroughPolicies _rules = new(time);
    private readonly EncoderSelector _encoders = encoders ?? EncoderSelector.SoftwareOnly(time);

    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var policy = _rules.Acquire(publication.Grant.Session);
        try
        {
            await RunAsync(publication, policy, cancellationToken);
        }
        finally
        {
            _rules.Release(publication.Grant.Session);
        }
    }

    private async Task RunAsync(Publication publication, PassthroughPolicy policy, CancellationToken cancellationToken)
    {
        var session = publication.Grant.Session;
        var ladder = publication.Grant.Ladder;
        IReadOnlyList<Track> tracks = publication.Tracks;
        MediaSample? first = null;
        while (true)
        {
            var plan = RenditionPlan.For(tracks, encodes: ladder != LadderPlan.Passthrough);
            var queue = new ByteBoundedChannel<RenditionSample>(
                new BoundedChannelOptions(QueueLength * Math.Max(1, plan.Tracks.Count / 2))
                {
                    SingleReader = true,
                    SingleWriter = ladder == LadderPlan.Passthrough,
                    // An idle packager runs on the writer's thread, which avoids a thread switch per sample.
                    AllowSynchronousContinuations = true,
                },
                QueueBytes, item => item.Sample.Payload.Length);
            var packaging = packager.RunAsync(
                new RenditionSet(session, [.. plan.Renditions, .. RungEncoder.Expected(ladder, plan.Tracks, _encoders.CanToneMap)],
                    queue.Reader) { IsSlate = publication.IsSlate }, cancellationToken);
            var rungs = ladder == LadderPlan.Passthrough ? null
                : new RungEncoder(encoding.Value, _encoders, session, ladder, queue.Writer, time, logger);
            var router = rungs is null ? null : new SourceRouter(policy, rungs, queue.Writer);
            var audio = new AudioPipeline(plan, session, ladder == LadderPlan.Passthrough ? null : encoding.Value.Ffmpeg, queue.Writer,
                time, logger);
            if (rungs is not null)
            {
                running?.Add(session.Channel, rungs);
            }

            try
            {
                first = await ForwardAsync(publication.Samples, queue.Writer, plan, router, audio, first, packaging, cancellationToken);
                router?.Finish();
            }
            finally
            {
                if (rungs is not null)
                {
                    running?.Remove(session.Channel, rungs);
                    await rungs.DisposeAsync();
                }

                await audio.DisposeAsync();
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

    /// <summary>
    /// Forwards samples until they end or the packager stops. The packager stops early only on failure, and publishing must then end too.
    /// </summary>
    /// <returns>The first sample of a late video track that requires a new plan, or <see langword="null"/> at the end.</returns>
    private async Task<MediaSample?> ForwardAsync(
        ChannelReader<MediaSample> samples, ChannelWriter<RenditionSample> renditions, RenditionPlan plan, SourceRouter? router,
        AudioPipeline audio, MediaSample? first, Task packaging,
        CancellationToken cancellationToken)
    {
        if (first is { } pending)
        {
            Write(renditions, plan, router, audio, pending);
        }

        while (await samples.WaitToReadAsync(cancellationToken))
        {
            while (samples.TryRead(out var sample))
            {
                if (packaging.IsCompleted)
                {
                    return null;
                }

                if (plan.RequiresNewPlan(sample.Track))
                {
                    return sample;
                }

                Write(renditions, plan, router, audio, sample);
            }
        }

        return null;
    }

    private static void Write(ChannelWriter<RenditionSample> renditions, RenditionPlan plan, SourceRouter? router, AudioPipeline audio,
        in MediaSample sample)
    {
        if (plan.Find(sample.Track) is not { } route)
        {
            return;
        }

        if (route.Rendition.Kind == TrackKind.Audio)
        {
            audio.PushAudio(route, sample);
            return;
        }

        // An init segment needs the frame size, and nothing can be decoded before the keyframe that declares it.
        if (!sample.Track.Config.IsComplete)
        {
            DroppedSamples.Count(PipelineStage.Transcoder);
            return;
        }

        var isSource = route.Rendition is { Kind: TrackKind.Video, IsLeading: true };
        if (isSource && router is not null)
        {
            router.Push(route, sample, plan.HasSingleVideo);
        }
        else if (!SourceRouter.PassThrough(renditions, route, sample))
        {
            return;
        }

        if (isSource)
        {
            audio.PushVideo(sample);
        }
    }
}
