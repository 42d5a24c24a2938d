using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Puts what workers encode beside the source, with the times that the source's pictures have: those of presentation, and those of arrival. Told of the source from one thread; pictures come from the worker's.
/// </summary>
/// <param name="renditions">Takes them; full, it loses them.</param>
internal sealed class RungOutput(ChannelWriter<RenditionSample> renditions)
{
    /// <summary>What a worker's times are later than the source's, in ticks, because none may be negative there. Half an hour: no source's times lie as far before its session's beginning.</summary>
    public const long Offset = MediaTime.VideoTimescale * 1800L;

    private static readonly Counter<long> Frames = Telemetry.Meter.CreateCounter<long>("broadcast_encoded_frames", "{frame}", "Pictures encoded for rungs.");

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private Newest _newest = new(long.MinValue, default);

    private sealed record Newest(long Present, DateTimeOffset Arrival);

    /// <summary>Latest presentation time of the source's pictures, in ticks; <see cref="long.MinValue"/> before the first. Any thread may ask.</summary>
    public long NewestPresent => Volatile.Read(ref _newest).Present;

    /// <summary>Whether a worker can be given a picture: its times are those of video, and are not too early.</summary>
    public static bool IsFit(in MediaSample sample) => sample.Track.Timescale == MediaTime.VideoTimescale && sample.Present.Ticks + Offset >= 0;

    /// <summary>A sample was lost on the way to a worker, or from it.</summary>
    public static void CountDropped() => Dropped.Add(1, new KeyValuePair<string, object?>("component", "encoder"));

    /// <summary>The source's next picture.</summary>
    public void See(in MediaSample sample) => Volatile.Write(ref _newest, new Newest(Math.Max(_newest.Present, sample.Present.Ticks), sample.Arrival));

    /// <summary>A worker has encoded a picture: a <see cref="RungSink"/>.</summary>
    /// <param name="lane">Whose.</param>
    /// <param name="configuration">How it is coded.</param>
    /// <param name="frame">The picture, with times as the worker has them.</param>
    public void Pass(RungLane lane, CodecConfig configuration, in NutFrame frame)
    {
        var time = new MediaTime(frame.Present - Offset, MediaTime.VideoTimescale);

        // The last pictures of a worker whose successor was faster may come later.
        lane.Last = Math.Max(lane.Last, time.Ticks);

        // It came when the source's picture came, which is as much before the newest as its time is.
        var newest = Volatile.Read(ref _newest);
        var arrival = newest.Arrival - new MediaTime(Math.Max(0, newest.Present - time.Ticks), MediaTime.VideoTimescale).ToTimeSpan();
        var track = lane.TrackOf(configuration);
        var payload = StartCodes.ToLengths(frame.Payload.Span, lane.Before(frame.IsKey));
        var sample = new MediaSample(track, time with { Ticks = time.Ticks - lane.Lead }, time, frame.IsKey, payload, arrival);
        if (renditions.TryWrite(new RenditionSample(lane.Rendition, sample)))
        {
            Frames.Add(1);
        }
        else
        {
            CountDropped();
        }
    }
}
