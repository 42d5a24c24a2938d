using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Maps an encoder's timestamps (32-bit milliseconds that wrap and sometimes jump) to the session's timeline. The first sample is placed at
/// its arrival time. From then on, differences of timestamps count, which preserves the encoder's pace and the offset between audio and
/// video.
/// </summary>
/// <remarks>
/// <para>
/// A step is accepted in three cases: it is an ordinary step; at least as much wall-clock time has passed since the track's last sample,
/// including the delay of a slow network; or another track has reached that time step by step. Any other step, and steps back by more than
/// 250 ms in total, are a jump: the track continues where it would be without the jump. A step back directly after a jump back is also a
/// jump, so time goes on if an encoder's timestamps run backwards. The other tracks keep the old mapping until they make the same jump.
/// Then they take over the new mapping, which preserves A/V sync. A single stray timestamp is undone in the same way. Wraps at 2^32, 2^31
/// and 2^24 are not jumps. For a timestamp that repeats, the arrival time counts.
/// </para>
/// <para>
/// Times stay within one minute of arrival (<see cref="MaxLead"/>, <see cref="MaxLag"/>). Otherwise a few small messages could
/// create hours of media, and a file for every two seconds of it. Within the minute, <see cref="WallClockSlew"/> aligns fast or slow
/// encoder clocks with wall-clock time.
/// </para>
/// </remarks>
/// <param name="startedAt">Wall-clock time at zero of the session's timeline.</param>
/// <param name="resumeAt">End of the session's timeline after earlier connections. The one-minute limit applies to the session, not to each
/// connection.</param>
internal sealed class EncoderClock(DateTimeOffset startedAt, TimeSpan resumeAt = default)
{
    /// <summary>Maximum lead of the timeline over arrival: more than encoders buffer during a network outage.</summary>
    public static readonly TimeSpan MaxLead = TimeSpan.FromMinutes(1);

    /// <summary>Maximum lag of the timeline behind arrival.</summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Maximum difference between two tracks when one starts or jumps and takes over the other's mapping. Tracks that differ by more for
    /// three windows are realigned.
    /// </summary>
    public static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(3);

    private const int MaxTracks = 32;
    private const int SkewedWindows = 3;
    private const long Millisecond = Nanoseconds.PerMillisecond;
    private const long OrdinaryStep = 100 * Millisecond;
    private const long FirstStep = 1000 * Millisecond;
    private const long MaxStepBack = 250 * Millisecond;
    private const long AdoptTolerance = 1000 * Millisecond;
    private const long ActiveTimeout = 2000 * Millisecond;
    private const long RepeatedStep = 250 * Millisecond;
    private const long FrozenStep = 10_000 * Millisecond;

    private static readonly long MaxLeadNanoseconds = Nanoseconds.From(MaxLead);
    private static readonly long MaxLagNanoseconds = Nanoseconds.From(MaxLag);
    private static readonly long MaxSkewNanoseconds = Nanoseconds.From(MaxSkew);

    private readonly List<TrackClock> _clocks = new(2);
    private readonly WallClockSlew _slew = new();
    private long _now;
    private long _windowFrom = -1;
    private long _lead;
    private long _skew;
    private int _skewedWindows;

    /// <summary>Number of timestamp jumps, without the first placement.</summary>
    public int Jumps => JumpsForward + JumpsBack;

    /// <summary>Number of forward jumps of the encoder's clock.</summary>
    public int JumpsForward { get; private set; }

    /// <summary>Number of backward jumps of the encoder's clock.</summary>
    public int JumpsBack { get; private set; }

    /// <summary>
    /// Lead of audio arrival over video arrival of the same time in the last window of 10 s. Negative when audio is late; zero without
    /// both.
    /// </summary>
    public TimeSpan Skew => Nanoseconds.ToTimeSpan(_skew);

    /// <summary>Maximum lead of the timeline over arrival in the last window.</summary>
    public TimeSpan ArrivalLead => Nanoseconds.ToTimeSpan(_lead);

    /// <summary>
    /// Offset that the next stage adds to all times (<see cref="Media.IngestToTranscoder.TimelineShift"/>). The sum stays at arrival time:
    /// a lead that the next stage has removed is not removed again.
    /// </summary>
    public TimeSpan Shift { get; set; }

    /// <summary>Part of the mapped times that aligns the timeline with wall-clock time, in nanoseconds.</summary>
    public long Slew => _slew.Offset;

    /// <summary>End of the mapped media on the session's timeline.</summary>
    public TimeSpan Position { get; private set; }

    /// <summary>Maps one timestamp.</summary>
    /// <param name="track">Track number.</param>
    /// <param name="kind">Media type of the track.</param>
    /// <param name="timestamp">The encoder's timestamp.</param>
    /// <param name="arrival">Wall-clock time of arrival; see <see cref="ArrivalClock"/>.</param>
    /// <returns>Nanoseconds on the session's timeline, 0 or more. Steps back slightly where the encoder does.</returns>
    public long Map(int track, TrackKind kind, RtmpTimestamp timestamp, DateTimeOffset arrival)
    {
        Advance(Nanoseconds.From(arrival - startedAt));
        var clock = GetClock(track, kind);
        if (!clock.IsSet)
        {
            Start(clock, timestamp);
        }
        else if (clock.IsRepeated(timestamp))
        {
            var maxStep = clock.RepeatCount < 2 ? RepeatedStep : FrozenStep;
            clock.Advance(timestamp, Clamp(clock, clock.Mapped + Math.Min(_now - clock.Arrival, maxStep)), _now);
        }
        else
        {
            Step(clock, timestamp);
        }

        var mapped = Math.Max(0, clock.Mapped);
        Position = Nanoseconds.ToTimeSpan(Math.Max(mapped, Nanoseconds.From(Position)));
        return mapped;
    }

    private void Start(TrackClock clock, RtmpTimestamp timestamp)
    {
        foreach (var other in _clocks)
        {
            if (other.IsSet && Math.Abs(other.Map(timestamp, _slew.Offset) - other.Mapped) <= MaxSkewNanoseconds)
            {
                clock.CopyMapping(other, timestamp);
                Accept(clock, timestamp, clock.Map(timestamp, _slew.Offset));
                return;
            }
        }

        // When the session's wall clock was set back, the track starts at the new time.
        var resume = Nanoseconds.From(resumeAt);
        var start = _clocks.Count == 1 && resume <= _now + MaxLeadNanoseconds ? Math.Max(_now, resume) : _now;

        // Whole milliseconds are whole ticks of nearly every timescale: tracks that start together do so to the tick.
        clock.Rebase(timestamp, start - (start % Millisecond), _now, _slew.Offset);
    }

    private void Step(TrackClock clock, RtmpTimestamp timestamp)
    {
        var time = clock.Map(timestamp, _slew.Offset);
        if (IsBelievable(clock, time, timestamp))
        {
            Accept(clock, timestamp, time);
        }
        else if (!TryAdopt(clock, time, timestamp))
        {
            JumpsForward += time > clock.Mapped ? 1 : 0;
            JumpsBack += time > clock.Mapped ? 0 : 1;
            var step = Math.Max(Math.Max(clock.TypicalStep, Millisecond), _now - clock.EndArrival);
            clock.Rebase(timestamp, Clamp(clock, clock.End + step), _now, _slew.Offset);
        }
    }

    private bool IsBelievable(TrackClock clock, long time, RtmpTimestamp timestamp)
    {
        var step = time - clock.Mapped;
        return time >= clock.End - (clock.RunsBack ? 0 : MaxStepBack)
            && (step <= Math.Max(OrdinaryStep, clock.TypicalStep == 0 ? FirstStep : 3 * clock.TypicalStep)
                || step <= _now - clock.Arrival + clock.NetworkLag + OrdinaryStep
                || HasReached(clock, time, timestamp));
    }

    /// <summary>Returns whether another track with the same mapping has reached this time.</summary>
    private bool HasReached(TrackClock clock, long time, RtmpTimestamp timestamp)
    {
        foreach (var other in _clocks)
        {
            if (other != clock && other.IsSet && _now - other.Arrival <= ActiveTimeout && time <= other.Mapped + OrdinaryStep
                && Math.Abs(other.Map(timestamp, _slew.Offset) - time) <= Millisecond)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Takes over another track's mapping if it differs and leads to about the expected time. A track that runs back takes over only a
    /// mapping that moves it forward.
    /// </summary>
    private bool TryAdopt(TrackClock clock, long ownTime, RtmpTimestamp timestamp)
    {
        foreach (var other in _clocks)
        {
            if (other == clock || !other.IsSet)
            {
                continue;
            }

            var time = other.Map(timestamp, _slew.Offset);
            var step = time - clock.Mapped;
            if (Math.Abs(time - ownTime) > Millisecond && Math.Abs(time - other.Mapped) <= MaxSkewNanoseconds
                && step >= (clock.RunsBack ? 0 : -AdoptTolerance)
                && step <= _now - clock.Arrival + clock.NetworkLag + AdoptTolerance)
            {
                clock.CopyMapping(other, timestamp);
                Accept(clock, timestamp, time);
                return true;
            }
        }

        return false;
    }

    private void Accept(TrackClock clock, RtmpTimestamp timestamp, long time)
    {
        var clamped = Clamp(clock, time);
        if (clamped == time)
        {
            clock.Advance(timestamp, time, _now);
        }
        else
        {
            clock.Rebase(timestamp, clamped, _now, _slew.Offset);
        }
    }

    private long Clamp(TrackClock clock, long time)
    {
        if (time < _now - MaxLagNanoseconds)
        {
            JumpsForward++;
            return _now;
        }

        return Math.Min(time, Math.Max(clock.Mapped, _now + MaxLeadNanoseconds));
    }

    /// <summary>Advances wall-clock time. It never goes back here.</summary>
    private void Advance(long now)
    {
        now = Math.Max(now, _now);
        _slew.Advance(now - _now);
        _now = now;
        if (_windowFrom < 0)
        {
            _windowFrom = now;
        }
        else if (now - _windowFrom >= WallClockSlew.Window)
        {
            _windowFrom = now;
            CloseWindow();
        }
    }

    private void CloseWindow()
    {
        var (video, audio) = (FindActive(TrackKind.Video), FindActive(TrackKind.Audio));
        if ((video ?? audio) is { } reference)
        {
            _lead = reference.BestLead;
            _slew.Adjust(_lead + Nanoseconds.From(Shift));
        }

        _skew = video is null || audio is null ? 0 : audio.BestLead - video.BestLead;
        _skewedWindows = Math.Abs(_skew) > MaxSkewNanoseconds ? _skewedWindows + 1 : 0;
        if (_skewedWindows >= SkewedWindows)
        {
            AlignAudio(video!);
        }

        foreach (var clock in _clocks)
        {
            clock.NextWindow();
        }
    }

    /// <summary>
    /// Realigns audio tracks. Audio that arrives long before or after its video for several windows has timestamps of another clock. It is
    /// shifted to its arrival.
    /// </summary>
    private void AlignAudio(TrackClock video)
    {
        _skewedWindows = 0;
        foreach (var clock in _clocks)
        {
            if (clock.Kind == TrackKind.Audio && clock.BestLead != long.MinValue && clock.BestLead - video.BestLead is var skew
                && Math.Abs(skew) > MaxSkewNanoseconds)
            {
                clock.Shift(-skew);
                JumpsForward += skew < 0 ? 1 : 0;
                JumpsBack += skew < 0 ? 0 : 1;
            }
        }
    }

    private TrackClock? FindActive(TrackKind kind)
    {
        foreach (var clock in _clocks)
        {
            if (clock.Kind == kind && clock.BestLead != long.MinValue)
            {
                return clock;
            }
        }

        return null;
    }

    private TrackClock GetClock(int track, TrackKind kind)
    {
        foreach (var clock in _clocks)
        {
            if (clock.Track == track && clock.Kind == kind)
            {
                return clock;
            }
        }

        if (_clocks.Count == MaxTracks)
        {
            return _clocks[^1];
        }

        var added = new TrackClock(track, kind);
        _clocks.Add(added);
        return added;
    }
}
