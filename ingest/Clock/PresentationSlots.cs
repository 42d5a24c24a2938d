namespace Broadcast.Ingest.Clock;

/// <summary>
/// Places presentation times on the slots of a <see cref="FrameGrid"/>. Composition offsets that are whole frames are
/// applied exactly. Other presentation times are moved to the nearest slot that preserves the encoder's order.
/// </summary>
internal sealed class PresentationSlots
{
    /// <summary>Units per slot. A frame for which no slot is left is placed between two slots.</summary>
    public const int SlotLength = 1024;

    /// <summary>Number of frames that reordering can span.</summary>
    private const int Remembered = 32;

    /// <summary>Average difference from whole frames that rounding of both times to milliseconds explains, in nanoseconds.</summary>
    private const long RoundingTolerance = 1_200_000;

    private const int Smoothing = 16;

    private readonly (long Time, long Position)[] _recent = new (long, long)[Remembered];
    private long _count;
    private long _meanRest;

    /// <summary>Forgets all frames.</summary>
    public void Clear() => _count = 0;

    /// <summary>Selects the position of a frame.</summary>
    /// <param name="decodeSlot">Slot of the decode time.</param>
    /// <param name="offset">The encoder's presentation minus decode time, in nanoseconds.</param>
    /// <param name="time">The encoder's presentation time in nanoseconds after slot 0.</param>
    /// <param name="rate">Frame rate of the grid.</param>
    /// <returns>Slot, and units after it: 0 to <see cref="SlotLength"/> - 1.</returns>
    public (long Slot, long Fraction) Place(long decodeSlot, long offset, long time, FrameRate rate)
    {
        var frames = Round(offset, rate.Period);
        _meanRest += (Math.Abs(offset - (frames * rate.Period)) - _meanRest) / Smoothing;
        var position = _meanRest <= RoundingTolerance
            ? (decodeSlot + frames) * SlotLength
            : Order(time, Math.Max(offset >= 0 ? decodeSlot : long.MinValue, Round(time, rate.Period)) * SlotLength);
        _recent[(int)(_count++ % Remembered)] = (time, position);
        return (position >> 10, position & (SlotLength - 1));
    }

    /// <summary>Selects the position nearest to the wanted one between those of the frames shown before and after.</summary>
    private long Order(long time, long wanted)
    {
        var (before, after) = (long.MinValue, long.MaxValue);
        foreach (var (otherTime, otherPosition) in _recent.AsSpan(0, (int)Math.Min(_count, Remembered)))
        {
            if (otherTime < time)
            {
                before = Math.Max(before, otherPosition);
            }
            else
            {
                after = Math.Min(after, otherPosition);
            }
        }

        var slot = before >= wanted ? ((before >> 10) + 1) * SlotLength : after <= wanted ? ((after - 1) >> 10) * SlotLength : wanted;
        return slot > before && slot < after ? slot : before + ((after - before) / 2);
    }

    private static long Round(long time, long period) => (time + (Math.Sign(time) * period / 2)) / period;
}
