using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Maps an encoder's timestamps (milliseconds, 32 bits, wrapping, sometimes jumping) onto the session's timeline, once. The first sample is put where
/// it arrived; from there on the encoder's differences count, so that its own pace and the offset between its sound and its picture are kept.
/// </summary>
/// <remarks>
/// <para>
/// A step is believed when it is an ordinary one, when as much time has passed on the wall since the track's last sample (what a slow line held up counts as
/// passed), or when another track has come to that time step by step. Any other step, and every step back of more than a quarter of a second, is a jump: the
/// track then goes on where it would be had the clock not jumped. The other tracks keep the old reckoning until they make the same jump, and then
/// take over the new one, so that lips stay in sync; a single stray timestamp leads back in the same way. Wraps at 2^32, 2^31 and 2^24 are no jumps.
/// A timestamp that does not move says nothing: then times are those of arrival.
/// </para>
/// <para>
/// Nothing leaves the minute around its arrival (<see cref="LongestLead"/>, <see cref="LongestLag"/>): otherwise a few small messages would make hours of
/// media, and a file for each two seconds of that. Within it, <see cref="WallClockSlew"/> keeps an encoder whose clock runs fast or slow by the clock on the wall.
/// </para>
/// </remarks>
/// <param name="startedAt">Wall clock at zero of the session's timeline.</param>
/// <param name="front">How far earlier connections of the session have come on it: the minute is the session's, not each connection's.</param>
internal sealed class EncoderClock(DateTimeOffset startedAt, TimeSpan front = default)
{
    /// <summary>Longest that the timeline may run ahead of arrival: more than encoders keep for a line that is down.</summary>
    public static readonly TimeSpan LongestLead = TimeSpan.FromMinutes(1);

    /// <summary>Longest that it may lie behind.</summary>
    public static readonly TimeSpan LongestLag = TimeSpan.FromMinutes(1);

    /// <summary>Furthest that two tracks may be apart when the one begins or jumps and takes over the other's reckoning; further apart for long, they are brought together.</summary>
    public static readonly TimeSpan LongestSkew = TimeSpan.FromSeconds(3);

    private const int MaxLanes = 32;
    private const int SkewedWindows = 3;
    private const long Millisecond = Nanoseconds.PerMillisecond;
    private const long OrdinaryStep = 100 * Millisecond;
    private const long FirstStep = 1000 * Millisecond;
    private const long Disorder = 250 * Millisecond;
    private const long Nearness = 1000 * Millisecond;
    private const long Alive = 2000 * Millisecond;
    private const long RepeatedStep = 250 * Millisecond;
    private const long FrozenStep = 10_000 * Millisecond;

    private static readonly long Lead = Nanoseconds.Of(LongestLead);
    private static readonly long Lag = Nanoseconds.Of(LongestLag);
    private static readonly long Skewed = Nanoseconds.Of(LongestSkew);

    private readonly List<ClockLane> _lanes = new(2);
    private readonly WallClockSlew _slew = new();
    private long _at;
    private long _windowFrom = -1;
    private long _skew;
    private int _skewedWindows;

    /// <summary>How often times were put anew, the beginning not counted.</summary>
    public int Jumps => JumpsForward + JumpsBack;

    /// <summary>Jumps of the encoder's clock into the future.</summary>
    public int JumpsForward { get; private set; }

    /// <summary>Jumps of the encoder's clock into the past.</summary>
    public int JumpsBack { get; private set; }

    /// <summary>How far the sound came ahead of the picture of the same time in the last window of 10 s; negative when it came behind; zero while there are not both.</summary>
    public TimeSpan Skew => Nanoseconds.ToTimeSpan(_skew);

    /// <summary>How far the timeline was ahead of arrival in the last window, at its best.</summary>
    public TimeSpan Ahead => Nanoseconds.ToTimeSpan(_slew.Lead);

    /// <summary>How far it has come on the session's timeline.</summary>
    public TimeSpan Front { get; private set; }

    /// <summary>Maps one timestamp.</summary>
    /// <param name="track">Number of the track whose it is.</param>
    /// <param name="kind">What that carries.</param>
    /// <param name="timestamp">The encoder's time.</param>
    /// <param name="arrival">Wall clock when it came; see <see cref="ArrivalClock"/>.</param>
    /// <returns>Nanoseconds on the session's timeline, 0 or more; may step back by a little where the encoder did.</returns>
    public long Map(int track, TrackKind kind, Timestamp timestamp, DateTimeOffset arrival)
    {
        Pass(Nanoseconds.Of(arrival - startedAt));
        var lane = LaneOf(track, kind);
        if (!lane.IsSet)
        {
            Begin(lane, timestamp);
        }
        else if (lane.Repeated(timestamp))
        {
            var longest = lane.Repeats < 2 ? RepeatedStep : FrozenStep;
            lane.Follow(timestamp, Restrained(lane, lane.Mapped + Math.Min(_at - lane.At, longest)), _at);
        }
        else
        {
            Step(lane, timestamp);
        }

        var mapped = Math.Max(0, lane.Mapped);
        Front = Nanoseconds.ToTimeSpan(Math.Max(mapped, Nanoseconds.Of(Front)));
        return mapped;
    }

    private void Begin(ClockLane lane, Timestamp timestamp)
    {
        foreach (var other in _lanes)
        {
            if (other.IsSet && Math.Abs(other.TimeOf(timestamp, _slew.Offset) - other.Mapped) <= Skewed)
            {
                lane.Adopt(other, timestamp);
                Take(lane, timestamp, lane.TimeOf(timestamp, _slew.Offset));
                return;
            }
        }

        // A session whose clock on the wall was set back begins by the new one.
        var reached = Nanoseconds.Of(front);
        var begin = _lanes.Count == 1 && reached <= _at + Lead ? Math.Max(_at, reached) : _at;

        // Whole milliseconds are whole ticks of nearly every clock: tracks that begin together do so to the tick.
        lane.Rebase(timestamp, begin - (begin % Millisecond), _at, _slew.Offset);
    }

    private void Step(ClockLane lane, Timestamp timestamp)
    {
        var time = lane.TimeOf(timestamp, _slew.Offset);
        if (IsBelievable(lane, time, timestamp))
        {
            Take(lane, timestamp, time);
        }
        else if (!TryAdopt(lane, time, timestamp))
        {
            JumpsForward += time > lane.Mapped ? 1 : 0;
            JumpsBack += time > lane.Mapped ? 0 : 1;
            lane.Rebase(timestamp, Restrained(lane, lane.Mapped + Math.Max(Math.Max(lane.Typical, Millisecond), _at - lane.At)), _at, _slew.Offset);
        }
    }

    private bool IsBelievable(ClockLane lane, long time, Timestamp timestamp)
    {
        var step = time - lane.Mapped;
        return step >= -Disorder
            && (step <= Math.Max(OrdinaryStep, lane.Typical == 0 ? FirstStep : 3 * lane.Typical)
                || step <= _at - lane.At + lane.Arrears + OrdinaryStep
                || IsReached(lane, time, timestamp));
    }

    /// <summary>Whether another track, by the same reckoning, has come to this time.</summary>
    private bool IsReached(ClockLane lane, long time, Timestamp timestamp)
    {
        foreach (var other in _lanes)
        {
            if (other != lane && other.IsSet && _at - other.At <= Alive && time <= other.Mapped + OrdinaryStep
                && Math.Abs(other.TimeOf(timestamp, _slew.Offset) - time) <= Millisecond)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Goes on by another track's reckoning, when that is another one and leads to about where this one should be.</summary>
    private bool TryAdopt(ClockLane lane, long own, Timestamp timestamp)
    {
        foreach (var other in _lanes)
        {
            if (other == lane || !other.IsSet)
            {
                continue;
            }

            var time = other.TimeOf(timestamp, _slew.Offset);
            var step = time - lane.Mapped;
            if (Math.Abs(time - own) > Millisecond && Math.Abs(time - other.Mapped) <= Skewed && step >= -Nearness && step <= _at - lane.At + lane.Arrears + Nearness)
            {
                lane.Adopt(other, timestamp);
                Take(lane, timestamp, time);
                return true;
            }
        }

        return false;
    }

    private void Take(ClockLane lane, Timestamp timestamp, long time)
    {
        var restrained = Restrained(lane, time);
        if (restrained == time)
        {
            lane.Follow(timestamp, time, _at);
        }
        else
        {
            lane.Rebase(timestamp, restrained, _at, _slew.Offset);
        }
    }

    private long Restrained(ClockLane lane, long time)
    {
        if (time < _at - Lag)
        {
            JumpsForward++;
            return _at;
        }

        return Math.Min(time, Math.Max(lane.Mapped, _at + Lead));
    }

    /// <summary>The clock on the wall goes on. It never goes back here.</summary>
    private void Pass(long at)
    {
        at = Math.Max(at, _at);
        _slew.Pass(at - _at);
        _at = at;
        if (_windowFrom < 0)
        {
            _windowFrom = at;
        }
        else if (at - _windowFrom >= WallClockSlew.Window)
        {
            _windowFrom = at;
            CloseWindow();
        }
    }

    private void CloseWindow()
    {
        var (picture, sound) = (Heard(TrackKind.Video), Heard(TrackKind.Audio));
        if ((picture ?? sound) is { } reference)
        {
            _slew.Steer(reference.BestLead);
        }

        _skew = picture is null || sound is null ? 0 : sound.BestLead - picture.BestLead;
        _skewedWindows = Math.Abs(_skew) > Skewed ? _skewedWindows + 1 : 0;
        if (_skewedWindows >= SkewedWindows)
        {
            BringTogether(picture!);
        }

        foreach (var lane in _lanes)
        {
            lane.NextWindow();
        }
    }

    /// <summary>Sound that has come long before or after its picture for a while was stamped by another clock: it is put where it comes.</summary>
    private void BringTogether(ClockLane picture)
    {
        _skewedWindows = 0;
        foreach (var lane in _lanes)
        {
            if (lane.Kind == TrackKind.Audio && lane.BestLead != long.MinValue && lane.BestLead - picture.BestLead is var skew && Math.Abs(skew) > Skewed)
            {
                lane.Shift(-skew);
                JumpsForward += skew < 0 ? 1 : 0;
                JumpsBack += skew < 0 ? 0 : 1;
            }
        }
    }

    private ClockLane? Heard(TrackKind kind)
    {
        foreach (var lane in _lanes)
        {
            if (lane.Kind == kind && lane.BestLead != long.MinValue)
            {
                return lane;
            }
        }

        return null;
    }

    private ClockLane LaneOf(int track, TrackKind kind)
    {
        foreach (var lane in _lanes)
        {
            if (lane.Track == track && lane.Kind == kind)
            {
                return lane;
            }
        }

        if (_lanes.Count == MaxLanes)
        {
            return _lanes[^1];
        }

        var added = new ClockLane(track, kind);
        _lanes.Add(added);
        return added;
    }
}
