using Broadcast.Media;

namespace Broadcast.Origin.Dash;

/// <summary>Moves the start of an ended presentation to its first segment. Pure.</summary>
internal static class MpdTrim
{
    /// <summary>
    /// An MPD whose first period starts at its first listed segment. Otherwise a new player would wait at a start that no longer exists. A
    /// player that already has the MPD must not get this one, because the period would have moved (ISO/IEC 23009-1, 5.4). MPDs that are
    /// dynamic or do not list their segments stay unchanged.
    /// </summary>
    public static Mpd ToAvailableMedia(Mpd mpd)
    {
        if (!mpd.IsStatic || mpd.Periods is not [var first, ..] || StartDelay(first) is not { Ticks: > 0 } late)
        {
            return mpd;
        }

        var moved = first with
        {
            Start = first.Start + late.ToTimeSpan(),
            Duration = first.Duration - late.ToTimeSpan(),
            Sets =
                [.. first.Sets.Select(set => set with { Representations =
                    [.. set.Representations.Select(each => each with { Segments = Later(each.Segments, late) })] })],
            Thumbnails = first.Thumbnails is { } sheets ? ThumbnailAdaptationSet.Later(sheets, late) : null,
        };
        return mpd with { Periods = [moved, .. mpd.Periods.Skip(1)] };
    }

    /// <summary>
    /// Offset from the period's start to its first segment, in milliseconds; <see langword="null"/> when segments are not listed.
    /// </summary>
    private static MediaTime? StartDelay(Period period)
    {
        MediaTime? least = null;
        foreach (var segments in period.Sets.SelectMany(set => set.Representations).Select(each => each.Segments))
        {
            if (segments is not { ConstantDuration: null, Timeline: [var (start, _), ..] })
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
}
