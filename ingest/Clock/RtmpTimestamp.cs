namespace Broadcast.Ingest.Clock;

/// <summary>Timestamp of a message: 32-bit milliseconds, plus the nanoseconds of Enhanced RTMP's <c>TimestampOffsetNano</c>.</summary>
/// <param name="Milliseconds">Time since an arbitrary origin. Wraps at 2^32, or at 2^31 or 2^24 when the encoder uses fewer bits.</param>
/// <param name="Nanoseconds">0 to 999,999, added to the milliseconds.</param>
internal readonly record struct RtmpTimestamp(uint Milliseconds, int Nanoseconds = 0)
{
    /// <summary>
    /// Distance from both ends of the range within which a step from one end to the other is a wrap, in milliseconds. Encoders that are
    /// silent for longer are disconnected.
    /// </summary>
    private const long WrapZone = 60_000;

    /// <summary>
    /// Nanoseconds from another timestamp of the same encoder to this one; negative when this one is earlier. Handles wraps.
    /// </summary>
    public long Since(RtmpTimestamp other) =>
        (Step(other.Milliseconds, Milliseconds) * Broadcast.Ingest.Clock.Nanoseconds.PerMillisecond) + Nanoseconds - other.Nanoseconds;

    private static long Step(uint from, uint to)
    {
        // The signed 32-bit difference handles its own wrap.
        long step = unchecked((int)(to - from));
        return Math.Abs(step) <= WrapZone ? step : StepOver(from, to, 1L << 24) ?? StepOver(from, to, 1L << 31) ?? step;
    }

    /// <summary>
    /// Step across a wrap of fewer bits: from just below the modulus to just above zero, or back when two tracks cross it one after the
    /// other.
    /// </summary>
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
