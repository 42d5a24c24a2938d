using Broadcast.Media;

namespace Broadcast.Origin.Dash;

/// <summary>Lets a presentation that is over begin where its media does. Pure.</summary>
internal static class MpdTrim
{
    /// <summary>
    /// An MPD whose first period begins with its first segment, though that was not its first once: a player that comes now would wait at a beginning that is not there any more. One that was there
    /// before may not get it, because for that the period would have moved (ISO/IEC 23009-1, 5.4). What is not over, or does not list its segments, stays as it is.
    /// </summary>
    public static Mpd ToItsMedia(Mpd mpd)
    {
        if (!mpd.IsStatic || mpd.Periods is not [var first, ..] || Lateness(first) is not { Ticks: > 0 } late)
        {
            return mpd;
        }

        var moved = first with
        {
            Start = first.Start + late.ToTimeSpan(),
            Duration = first.Duration - late.ToTimeSpan(),
            Sets = [.. first.Sets.Select(set => set with { Representations = [.. set.Representations.Select(each => each with { Segments = Later(each.Segments, late) })] })],
            Thumbnails = first.Thumbnails is { } sheets ? Later(sheets, late) : null,
        };
        return mpd with { Periods = [moved, .. mpd.Periods.Skip(1)] };
    }

    /// <summary>How long after the period the first of its segments begins, in milliseconds; <see langword="null"/> when it does not list them.</summary>
    private static MediaTime? Lateness(Period period)
    {
        MediaTime? least = null;
        foreach (var segments in period.Sets.SelectMany(set => set.Representations).Select(each => each.Segments))
        {
            if (segments is not { Equal: null, Timeline: [var (start, _), ..] })
            {
                return null;
            }

            var late = new MediaTime(start - segments.PresentationTimeOffset, segments.Timescale).Rescale(1000);
            least = least <= late ? least : late;
        }

        return least;
    }

    private static SegmentTemplate Later(SegmentTemplate segments, MediaTime late) =>
        segments with { PresentationTimeOffset = segments.PresentationTimeOffset + late.Rescale(segments.Timescale).Ticks };

    private static ThumbnailSet? Later(ThumbnailSet sheets, MediaTime late)
    {
        var offset = sheets.PresentationTimeOffset + late.Ticks;
        List<(long, long)> left = [.. sheets.Timeline.Where(sheet => sheet.Start + sheet.Duration > offset)];
        return left.Count == 0 ? null : sheets with { PresentationTimeOffset = offset, Timeline = left };
    }
}
