using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// The newest frames of a source, starting with a sync sample, for a worker that starts in the middle of it. Holds whole GOPs back to
/// <see cref="MinDuration"/>: frames that a failed worker held may precede the newest sync sample. Bounded in frames and bytes. If one GOP
/// exceeds the limits, the buffer stays empty until the next one.
/// </summary>
internal sealed class GopBuffer
{
    /// <summary>Minimum time span, within the limits: a hung worker is detected after 3 s.</summary>
    public static readonly TimeSpan MinDuration = TimeSpan.FromSeconds(4);

    /// <summary>Maximum frames, 12 s at 60 fps: a worker must accept them all at once.</summary>
    public const int MaxFrames = EncoderWorker.QueueLength * 3 / 4;

    /// <summary>Maximum bytes, which a worker must accept at once too.</summary>
    public const long MaxBytes = EncoderWorker.QueueBytes * 3 / 4;

    /// <summary>Frames used to measure the frame interval.</summary>
    private const int IntervalFrames = 25;

    private readonly List<MediaSample> _frames = [];
    private long _bytes;

    /// <summary>Number of frames.</summary>
    public int Count => _frames.Count;

    /// <summary>Interval of the newest frames; zero with fewer than two frames.</summary>
    public TimeSpan FrameInterval
    {
        get
        {
            var count = Math.Min(_frames.Count, IntervalFrames);
            return count < 2 ? TimeSpan.Zero : (_frames[^1].Decode - _frames[^count].Decode).ToTimeSpan() / (count - 1);
        }
    }

    /// <summary>Appends a frame and removes frames beyond the limits.</summary>
    public void Add(in MediaSample sample)
    {
        if (sample.IsSync)
        {
            var oldest = (sample.Present - MediaTime.From(MinDuration, sample.Present.Timescale)).Ticks;
            RemoveFirst(Math.Max(0, _frames.FindLastIndex(p => p.IsSync && p.Present.Ticks <= oldest)));
        }

        if (!sample.IsSync && _frames.Count == 0)
        {
            return;
        }

        _frames.Add(sample);
        _bytes += sample.Payload.Length;
        while (_frames.Count > MaxFrames || _bytes > MaxBytes)
        {
            var next = _frames.FindIndex(1, p => p.IsSync);
            RemoveFirst(next < 0 ? _frames.Count : next);
        }
    }

    /// <summary>Frames from the last sync sample at or before a time; from the first frame if all are later.</summary>
    /// <param name="present">Presentation time in ticks of the source's timescale.</param>
    public IReadOnlyList<MediaSample> From(long present) =>
        _frames[Math.Max(0, _frames.FindLastIndex(p => p.IsSync && p.Present.Ticks <= present))..];

    /// <summary>Removes all frames, before a new configuration.</summary>
    public void Clear() => RemoveFirst(_frames.Count);

    private void RemoveFirst(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _bytes -= _frames[i].Payload.Length;
        }

        _frames.RemoveRange(0, count);
    }
}
