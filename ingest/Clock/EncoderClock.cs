using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Maps an encoder's timestamps (milliseconds, 32 bits, wrapping, sometimes jumping) onto the session's timeline, once. The first sample is put where
/// it arrived; from there on the encoder's differences count, so that its own pace and the offset between its sound and its picture are kept.
/// </summary>
/// <remarks>
/// A step of more than 10 s forward or 1 s back is a jump, not time: the sample is then put next to the other track, where that has made the same jump
/// already, or else where it arrived. Wraps at 2^32 are no jumps; encoders that wrap earlier (2^24, 2^31) jump back and are put where they arrive.
/// What comes faster than it plays, such as what piled up while a line was down, gains on the clock on the wall, by <see cref="LongestLead"/> at most:
/// otherwise a few small messages would make hours of media, and a file for each two seconds of that.
/// </remarks>
/// <param name="startedAt">Wall clock at zero of the session's timeline.</param>
internal sealed class EncoderClock(DateTimeOffset startedAt)
{
    /// <summary>Longest step forward that is believed, milliseconds.</summary>
    public const int LongestStep = 10_000;

    /// <summary>Longest step back that is believed, milliseconds.</summary>
    public const int LongestStepBack = 1_000;

    /// <summary>Longest that the timeline may gain on arrival, milliseconds: more than encoders keep for a line that is down.</summary>
    public const int LongestLead = 60_000;

    private Lane _video;
    private Lane _audio;
    private DateTimeOffset? _lastArrival;
    private long _front;
    private TimeSpan _lead;

    /// <summary>How often times were put anew, the beginning not counted.</summary>
    public int Jumps { get; private set; }

    /// <summary>Maps one timestamp.</summary>
    /// <param name="kind">Whose it is.</param>
    /// <param name="timestamp">The encoder's time.</param>
    /// <param name="arrival">Wall clock when it came.</param>
    /// <returns>Milliseconds on the session's timeline, 0 or more; may step back as far as the encoder did.</returns>
    public long Map(TrackKind kind, uint timestamp, DateTimeOffset arrival)
    {
        ref var lane = ref kind == TrackKind.Video ? ref _video : ref _audio;
        ref var other = ref kind == TrackKind.Video ? ref _audio : ref _video;
        if (!lane.TryFollow(timestamp, out var mapped))
        {
            Jumps += lane.IsSet ? 1 : 0;
            if (!other.TryFollow(timestamp, out mapped))
            {
                // Behind what is there already, where the timeline has run ahead of the clock on the wall.
                var latest = lane.IsSet ? Math.Max(lane.Mapped + 1, other.Mapped) : 0;
                mapped = Math.Max((long)(arrival - startedAt).TotalMilliseconds, latest);
            }
        }

        mapped = Restrain(Math.Max(0, mapped), arrival);
        lane = new Lane(true, timestamp, mapped);
        return mapped;
    }

    /// <summary>
    /// Keeps the foremost track within the lead. The lead is summed up from sample to sample, so that a step of the clock on the wall, of an hour perhaps, is one
    /// sample's affair; and it is never negative, so that a pause earns nothing.
    /// </summary>
    private long Restrain(long mapped, DateTimeOffset arrival)
    {
        if (_lastArrival is not { } last)
        {
            (_lastArrival, _front) = (arrival, mapped);
            return mapped;
        }

        var elapsed = arrival > last ? arrival - last : TimeSpan.Zero;
        var room = TimeSpan.FromMilliseconds(LongestLead) + elapsed - _lead;
        mapped = Math.Min(mapped, _front + (long)room.TotalMilliseconds);
        var gained = Math.Max(0, mapped - _front);
        var lead = _lead + TimeSpan.FromMilliseconds(gained) - elapsed;
        (_lastArrival, _front, _lead) = (arrival, _front + gained, lead > TimeSpan.Zero ? lead : TimeSpan.Zero);
        return mapped;
    }

    /// <summary>Where a track is: its last timestamp and what that was mapped to.</summary>
    private readonly record struct Lane(bool IsSet, uint Timestamp, long Mapped)
    {
        public bool TryFollow(uint timestamp, out long mapped)
        {
            // The signed difference of 32 bits steps over the wrap by itself.
            var step = unchecked((int)(timestamp - Timestamp));
            mapped = Mapped + step;
            return IsSet && step is >= -LongestStepBack and <= LongestStep;
        }
    }
}
