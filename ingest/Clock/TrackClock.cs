using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Clock of one track in the <see cref="EncoderClock"/>: its position, and the mapping from timestamps to session times. Times in
/// nanoseconds.
/// </summary>
/// <param name="track">Track number.</param>
/// <param name="kind">Media type.</param>
internal sealed class TrackClock(int track, TrackKind kind)
{
    private RtmpTimestamp _last;
    private long _elapsed;
    private long _offset;
    private long _previousBestLead = long.MinValue;

    public int Track { get; } = track;

    public TrackKind Kind { get; } = kind;

    /// <summary>Indicates whether the track has had a sample.</summary>
    public bool IsSet { get; private set; }

    /// <summary>Time of the last sample on the session's timeline.</summary>
    public long Mapped { get; private set; }

    /// <summary>Arrival time of the last sample on the session's timeline.</summary>
    public long Arrival { get; private set; }

    /// <summary>
    /// Latest time since the mapping changed. Above <see cref="Mapped"/> after a step back; <see cref="long.MinValue"/> before the first
    /// sample with another track's mapping.
    /// </summary>
    public long End { get; private set; }

    /// <summary>Arrival time of the sample at <see cref="End"/>.</summary>
    public long EndArrival { get; private set; }

    /// <summary>Indicates whether the last step was a jump back. Another step back is then also a jump, however small it is.</summary>
    public bool RunsBack { get; private set; }

    /// <summary>Typical interval between samples; 0 when unknown.</summary>
    public long TypicalStep { get; private set; }

    /// <summary>Number of consecutive samples that repeat the previous timestamp.</summary>
    public int RepeatCount { get; private set; }

    /// <summary>
    /// Maximum lead of the window's samples over their arrival; <see cref="long.MinValue"/> before the first. Networks only delay samples,
    /// so the maximum reflects the encoder's clock.
    /// </summary>
    public long BestLead { get; private set; } = long.MinValue;

    /// <summary>
    /// Lag of the last sample behind the best recent lead. A step may exceed the elapsed time by this much, because a delayed network
    /// catches up.
    /// </summary>
    public long NetworkLag => Math.Max(0, Math.Max(BestLead, _previousBestLead) - (Mapped - Arrival));

    /// <summary>Maps a timestamp by this track's mapping.</summary>
    /// <param name="timestamp">Timestamp of any track of the encoder.</param>
    /// <param name="slew">Current slew of the timeline.</param>
    public long Map(RtmpTimestamp timestamp, long slew) => _elapsed + timestamp.Since(_last) + _offset + slew;

    /// <summary>Returns whether the timestamp repeats the last one.</summary>
    public bool IsRepeated(RtmpTimestamp timestamp) => timestamp == _last;

    /// <summary>Copies another track's mapping.</summary>
    public void CopyMapping(TrackClock other, RtmpTimestamp timestamp) =>
        (_elapsed, _last, _offset, End) = (other._elapsed + timestamp.Since(other._last), timestamp, other._offset, long.MinValue);

    /// <summary>Records a sample that the current mapping placed.</summary>
    public void Advance(RtmpTimestamp timestamp, long mapped, long arrival)
    {
        var step = mapped - Mapped;
        if (IsSet && End != long.MinValue && step is > 0 and <= Nanoseconds.PerSecond)
        {
            TypicalStep = TypicalStep == 0 ? step : TypicalStep + ((step - TypicalStep) / 8);
        }

        RepeatCount = IsSet && timestamp == _last ? RepeatCount + 1 : 0;
        RunsBack = RunsBack && step <= 0;
        _elapsed += timestamp.Since(_last);
        (_last, Mapped, Arrival, IsSet) = (timestamp, mapped, arrival, true);
        (End, EndArrival) = mapped >= End ? (mapped, arrival) : (End, EndArrival);
        BestLead = Math.Max(BestLead, mapped - arrival);
    }

    /// <summary>Places a sample at a given time and changes the mapping accordingly.</summary>
    public void Rebase(RtmpTimestamp timestamp, long mapped, long arrival, long slew)
    {
        var step = timestamp.Since(_last);
        RunsBack = IsSet && step < 0;
        _elapsed += step;
        (_offset, _last, RepeatCount) = (mapped - slew - _elapsed, timestamp, 0);
        (Mapped, Arrival, IsSet) = (mapped, arrival, true);
        (End, EndArrival) = (mapped, arrival);
        BestLead = Math.Max(BestLead, mapped - arrival);
    }

    /// <summary>Shifts the mapping.</summary>
    public void Shift(long amount)
    {
        _offset += amount;
        Mapped += amount;
        End += amount;
    }

    /// <summary>Starts a new measurement window.</summary>
    public void NextWindow() => (_previousBestLead, BestLead) = (BestLead, long.MinValue);
}
