using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>One track's way through the <see cref="EncoderClock"/>: where it is, and how its timestamps become the session's times. Times in nanoseconds.</summary>
/// <param name="track">Number of the track.</param>
/// <param name="kind">What it carries.</param>
internal sealed class ClockLane(int track, TrackKind kind)
{
    private Timestamp _last;
    private long _own;
    private long _offset;
    private long _bestBefore = long.MinValue;

    public int Track { get; } = track;

    public TrackKind Kind { get; } = kind;

    /// <summary>Whether it has had a sample.</summary>
    public bool IsSet { get; private set; }

    /// <summary>The last sample's time on the session's timeline.</summary>
    public long Mapped { get; private set; }

    /// <summary>When the last sample came, on the session's timeline.</summary>
    public long At { get; private set; }

    /// <summary>Usual step from sample to sample; 0 while there has been none.</summary>
    public long Typical { get; private set; }

    /// <summary>Samples in a row with one and the same timestamp, the first not counted.</summary>
    public int Repeats { get; private set; }

    /// <summary>Furthest that a sample of this window came ahead of its time; <see cref="long.MinValue"/> when none came. Lines make samples late, never early, so the best one tells the clock.</summary>
    public long BestLead { get; private set; } = long.MinValue;

    /// <summary>How far the last sample was behind the best of late: as much may a step exceed the time that has passed, because the line catches up.</summary>
    public long Arrears => Math.Max(0, Math.Max(BestLead, _bestBefore) - (Mapped - At));

    /// <summary>A timestamp's time by this track's reckoning.</summary>
    /// <param name="timestamp">A timestamp of any track of the encoder.</param>
    /// <param name="slew">By how much the timeline has been slewed.</param>
    public long TimeOf(Timestamp timestamp, long slew) => _own + timestamp.Since(_last) + _offset + slew;

    /// <summary>Whether the timestamp says nothing new.</summary>
    public bool Repeated(Timestamp timestamp) => timestamp == _last;

    /// <summary>Takes over another track's reckoning.</summary>
    public void Adopt(ClockLane other, Timestamp timestamp) =>
        (_own, _last, _offset) = (other._own + timestamp.Since(other._last), timestamp, other._offset);

    /// <summary>Takes a sample whose time its own reckoning gave.</summary>
    public void Follow(Timestamp timestamp, long mapped, long at)
    {
        var step = mapped - Mapped;
        if (IsSet && step is > 0 and <= Nanoseconds.PerSecond)
        {
            Typical = Typical == 0 ? step : Typical + ((step - Typical) / 8);
        }

        Repeats = IsSet && timestamp == _last ? Repeats + 1 : 0;
        _own += timestamp.Since(_last);
        (_last, Mapped, At, IsSet) = (timestamp, mapped, at, true);
        BestLead = Math.Max(BestLead, mapped - at);
    }

    /// <summary>Takes a sample at a time that its reckoning does not give: from here on it does.</summary>
    public void Rebase(Timestamp timestamp, long mapped, long at, long slew)
    {
        _own += timestamp.Since(_last);
        (_offset, _last, Repeats) = (mapped - slew - _own, timestamp, 0);
        (Mapped, At, IsSet) = (mapped, at, true);
        BestLead = Math.Max(BestLead, mapped - at);
    }

    /// <summary>Moves its reckoning.</summary>
    public void Shift(long by)
    {
        _offset += by;
        Mapped += by;
    }

    /// <summary>A window is over.</summary>
    public void NextWindow() => (_bestBefore, BestLead) = (BestLead, long.MinValue);
}
