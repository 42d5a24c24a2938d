using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The <c>AdaptationSet</c> of thumbnails (DASH-IF IOP 4.3, 6.2.6) in a period. Sprite sheets are addressed by time, so that only existing
/// ones are listed. Sheets that start before the period but overlap it are included.
/// </summary>
internal static class ThumbnailAdaptationSet
{
    /// <summary><c>@id</c>: above those of all media.</summary>
    private const int Id = 1000;

    /// <summary>The adaptation set of a period, or <see langword="null"/> when no sprite sheet overlaps it.</summary>
    /// <param name="track">The session's sprite sheets, or <see langword="null"/>.</param>
    /// <param name="start">Start of the period.</param>
    /// <param name="end">End of the period, or <see langword="null"/> while it grows.</param>
    /// <param name="early">
    /// <c>@availabilityTimeOffset</c>, or <see langword="null"/>. A sprite sheet is listed once it exists, so this promises nothing. But
    /// Shaka 5.2 treats a presentation as low-latency only when all adaptation sets, including images, have one.
    /// </param>
    public static AdaptationSet? Of(ThumbnailTrack? track, TimeSpan start, TimeSpan? end, TimeSpan? early)
    {
        var duration = (long)(track?.Duration.TotalMilliseconds ?? 0);
        List<(long, long)> sheets =
        [
            .. from sheet in track?.Sheets ?? []
               let sheetStart = ThumbnailTrack.Milliseconds(sheet)
               where sheetStart + duration > start.TotalMilliseconds && !(sheetStart >= end?.TotalMilliseconds)
               select (sheetStart, duration),
        ];
        if (sheets.Count == 0)
        {
            return null;
        }

        var segments = new SegmentTemplate(Timescale: 1000, (long)start.TotalMilliseconds, sheets) { Early = early };
        return new AdaptationSet(Id, Kind: null, [new Representation(ThumbnailTrack.Name, track!.Bandwidth, segments)
        {
            Tiles = track.Layout,
        }]);
    }

    /// <summary>The adaptation set without the sprite sheets that end before a later start of its period.</summary>
    /// <param name="set">The adaptation set.</param>
    /// <param name="late">Time by which the period starts later.</param>
    /// <returns><see langword="null"/> when no sprite sheet remains.</returns>
    public static AdaptationSet? Later(AdaptationSet set, Broadcast.Media.MediaTime late)
    {
        var sheets = set.Representations[0].Segments;
        var offset = sheets.PresentationTimeOffset + late.Ticks;
        List<(long, long)> left = [.. sheets.Timeline.Where(sheet => sheet.Start + sheet.Duration > offset)];
        return left.Count == 0 ? null : set with { Representations = [set.Representations[0]
            with { Segments = sheets with { PresentationTimeOffset = offset, Timeline = left } }] };
    }
}
