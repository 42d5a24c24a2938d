using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder;

/// <summary>
/// Passes a publication on as it came: each of its tracks as a rendition (see <see cref="RenditionPlan"/>). Samples go through by reference, on the thread that brought
/// them. A video track that appears after an audio-only beginning starts the renditions anew, because from then on its sync samples decide the cuts.
/// </summary>
internal sealed class PassthroughTranscoder(IRenditionSink packager, ILogger<PassthroughTranscoder> logger) : IPublicationSink
{
    /// <summary>
    /// Samples that may wait for the packager, for each two tracks: about 10 s of 60 fps video with audio. Beyond it a rendition loses up to its next sync sample.
    /// </summary>
    internal const int QueueLength = 1024;

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var session = publication.Grant.Session;
        if (publication.Grant.Ladder != "passthrough")
        {
            Log.LadderNotEncoded(logger, session.Channel.Value, publication.Grant.Ladder);
        }

        IReadOnlyList<Track> tracks = publication.Tracks;
        MediaSample? first = null;
        while (true)
        {
            var plan = RenditionPlan.For(tracks);
            var queue = Channel.CreateBounded<RenditionSample>(new BoundedChannelOptions(QueueLength * Math.Max(1, plan.Tracks.Count / 2))
            {
                SingleReader = true,
                SingleWriter = true,
                // An idle packager runs on the writer's thread: no hop between threads for each sample.
                AllowSynchronousContinuations = true,
            });
            var packaging = packager.RunAsync(new RenditionSet(session, plan.Renditions, queue.Reader), cancellationToken);
            try
            {
                first = await ForwardAsync(publication.Samples, queue.Writer, plan, first, packaging, cancellationToken);
            }
            finally
            {
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
        ChannelReader<MediaSample> samples, ChannelWriter<RenditionSample> renditions, RenditionPlan plan, MediaSample? first, Task packaging,
        CancellationToken cancellationToken)
    {
        if (first is { } held)
        {
            Write(renditions, plan, held);
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

                Write(renditions, plan, sample);
            }
        }

        return null;
    }

    private static void Write(ChannelWriter<RenditionSample> renditions, RenditionPlan plan, in MediaSample sample)
    {
        if (plan.Find(sample.Track) is not { } lane)
        {
            return;
        }

        // Without a picture size there is no init segment, and nothing can be decoded before the key frame that says it.
        if ((lane.WaitsForSync && !sample.IsSync) || !sample.Track.Config.IsComplete)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "transcoder"));
            return;
        }

        lane.WaitsForSync = !renditions.TryWrite(new RenditionSample(lane.Rendition, sample));
        if (lane.WaitsForSync)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "transcoder"));
        }
    }
}

internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Information, "Channel {Channel}: ladder {Ladder} is not encoded in this version; viewers get the source as the encoder sends it")]
    public static partial void LadderNotEncoded(ILogger logger, string channel, string ladder);
}
