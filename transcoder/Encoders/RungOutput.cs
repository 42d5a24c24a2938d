using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Delivers encoded frames alongside the source, with the source's presentation and arrival times. Source frames arrive on one thread,
/// encoded frames on the worker's.
/// </summary>
/// <param name="renditions">Destination of the frames; a full channel drops them.</param>
internal sealed class RungOutput(ChannelWriter<RenditionSample> renditions)
{
    /// <summary>
    /// Added to the worker's timestamps, in ticks, so that none is negative. 30 minutes: no source timestamp lies further before the start
    /// of its session.
    /// </summary>
    public const long Offset = MediaTime.VideoTimescale * 1800L;

    private static readonly Counter<long> Frames =
        Telemetry.Meter.CreateCounter<long>("broadcast_encoded_frames", "{frame}", "Frames encoded for rungs.");

    private LatestSample _newest = new(long.MinValue, default);

    private sealed record LatestSample(long Present, DateTimeOffset Arrival);

    /// <summary>
    /// Latest presentation time of the source, in ticks; <see cref="long.MinValue"/> before the first frame. Thread-safe.
    /// </summary>
    public long NewestPresent => Volatile.Read(ref _newest).Present;

    /// <summary>Returns whether a worker can accept the frame: video timescale, and not too early.</summary>
    public static bool CanEncode(in MediaSample sample) => sample.Track.Timescale == MediaTime.VideoTimescale
        && sample.Present.Ticks + Offset >= 0;

    /// <summary>Records the source's next frame.</summary>
    public void RecordSource(in MediaSample sample) =>
        Volatile.Write(ref _newest, new LatestSample(Math.Max(_newest.Present, sample.Present.Ticks), sample.Arrival));

    /// <summary>Delivers a frame from a worker; implements <see cref="RungFrameSink"/>.</summary>
    /// <param name="rungTrack">The rung's track.</param>
    /// <param name="configuration">Codec configuration.</param>
    /// <param name="frame">The frame, with the worker's timestamps.</param>
    public void Pass(RungTrack rungTrack, CodecConfig configuration, in NutFrame frame)
    {
        var time = new MediaTime(frame.Present - Offset, MediaTime.VideoTimescale);

        // The last frames of a replaced worker may arrive later.
        rungTrack.Last = Math.Max(rungTrack.Last, time.Ticks);

        // Its arrival time is that of the source frame with the same timestamp.
        var newest = Volatile.Read(ref _newest);
        var arrival = newest.Arrival - new MediaTime(Math.Max(0, newest.Present - time.Ticks), MediaTime.VideoTimescale).ToTimeSpan();
        var track = rungTrack.TrackOf(configuration);
        var payload = AnnexBConverter.ToLengths(frame.Payload.Span, rungTrack.KeyframePrefix(frame.IsKey));
        var sample = new MediaSample(track, time with { Ticks = time.Ticks - rungTrack.Lead }, time, frame.IsKey, payload, arrival);
        if (renditions.TryWrite(new RenditionSample(rungTrack.Rendition, sample)))
        {
            Frames.Add(1);
        }
        else
        {
            DroppedSamples.Count(PipelineStage.Encoder);
        }
    }
}
