using Broadcast.Media;

namespace Broadcast.Ingest.Clock;

/// <summary>
/// Maps an encoder's timestamps (milliseconds, 32 bits, wrapping, sometimes jumping) onto the session's timeline, once. The first sample is put where
/// it arrived; from there on the encoder's differences count, so that its own pace and the offset between its sound and its picture are kept.
/// </summary>
/// <remarks>
/// A step of more than 10 s forward or 1 s back is a jump, not time: the sample is then put next to the other track, where that has made the same jump
/// already, or else where it arrived. Wraps at 2^32 are no jumps; encoders that wrap earlier (2^24, 2^31) jump back and are put where they arrive.
/// </remarks>
/// <param name="startedAt">Wall clock at zero of the session's timeline.</param>
internal sealed class EncoderClock(DateTimeOffset startedAt)
{
    /// <summary>Longest step forward that is believed, milliseconds.</summary>
    public const int LongestStep = 10_000;

    /// <summary>Longest step back that is believed, milliseconds.</summary>
    public const int LongestStepBack = 1_000;

    private Lane _video;
    private Lane _audio;

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

        mapped = Math.Max(0, mapped);
        lane = new Lane(true, timestamp, mapped);
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
