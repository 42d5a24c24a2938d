namespace Broadcast.Origin.Dvr;

/// <summary>
/// Bounds of a range at segment boundaries, in whole seconds. A range selects the same segments before and after; aligning it again changes
/// nothing. Pure.
/// </summary>
internal static class RangeAlignment
{
    /// <summary>The earliest start with the same first segment.</summary>
    /// <param name="around">The segments around the start; <see langword="null"/> for none.</param>
    /// <param name="start">The start, in whole seconds.</param>
    public static DateTimeOffset StartOf(SessionSnapshot? around, DateTimeOffset start)
    {
        DateTimeOffset? before = null;
        foreach (var segment in around?.Leader?.Segments ?? [])
        {
            var end = around!.Clock.EndOf(segment);
            if (end > start)
            {
                // Without a segment before it, for example at the start of the session.
                var earliest = TimeRange.Ceiling(before ?? around.Clock.StartOf(segment));
                return earliest < start ? earliest : start;
            }

            before = before > end ? before : end;
        }

        return start;
    }

    /// <summary>The latest end with the same last segment; unchanged while the segment after it is unknown.</summary>
    /// <param name="around">The segments around the end; <see langword="null"/> for none.</param>
    /// <param name="end">The end, in whole seconds.</param>
    public static DateTimeOffset EndOf(SessionSnapshot? around, DateTimeOffset end)
    {
        foreach (var segment in around?.Leader?.Segments ?? [])
        {
            if (around!.Clock.StartOf(segment) is var next && next >= end)
            {
                return TimeRange.Floor(next);
            }
        }

        return end;
    }
}
