namespace Broadcast.Ingest.Clock;

/// <summary>An encoder's time as it stands in a message: 32 bits of milliseconds, and a part of one where Enhanced RTMP's <c>TimestampOffsetNano</c> says it.</summary>
/// <param name="Milliseconds">Of an arbitrary beginning, wrapping at 2^32, or at 2^31 or 2^24 where the encoder keeps fewer bits.</param>
/// <param name="Nanoseconds">0 to 999,999, added to the milliseconds.</param>
internal readonly record struct Timestamp(uint Milliseconds, int Nanoseconds = 0)
{
    /// <summary>How near to the two ends of its range a step from one to the other is a wrap, milliseconds. Encoders that are silent for longer are cut off.</summary>
    private const long WrapZone = 60_000;

    /// <summary>Nanoseconds from another timestamp of the same encoder to this one; negative when this one is earlier. Wraps are stepped over.</summary>
    public long Since(Timestamp other) =>
        (Step(other.Milliseconds, Milliseconds) * Clock.Nanoseconds.PerMillisecond) + Nanoseconds - other.Nanoseconds;

    private static long Step(uint from, uint to)
    {
        // The signed difference of 32 bits steps over their wrap by itself.
        long step = unchecked((int)(to - from));
        return Math.Abs(step) <= WrapZone ? step : StepOver(from, to, 1L << 24) ?? StepOver(from, to, 1L << 31) ?? step;
    }

    /// <summary>The step over a wrap of fewer bits: from just below the modulus to just above zero, or back where two tracks cross it one after the other.</summary>
    private static long? StepOver(uint from, uint to, long modulus)
    {
        if (from >= modulus || to >= modulus)
        {
            return null;
        }

        var forward = to + modulus - from;
        var back = to - modulus - from;
        return forward <= WrapZone ? forward : -back <= WrapZone ? back : null;
    }
}
