using Broadcast.Media;

namespace Broadcast.Origin.Thumbnails;

/// <summary>A session's sheets as one track: all of one layout and length, so that players can take them for one. Pure; the caller holds the timeline still meanwhile.</summary>
/// <param name="Layout">How each is divided.</param>
/// <param name="Duration">How long each is, whole milliseconds.</param>
/// <param name="Sheets">By rising start, at least one; starts are multiples of the length.</param>
internal sealed record ThumbnailTrack(SheetLayout Layout, TimeSpan Duration, IReadOnlyList<TimelineSheet> Sheets)
{
    /// <summary>Name of the folder of sheets in the session's, and of what lists them.</summary>
    public const string Name = "thumbnails";

    /// <summary>How long one thumbnail is.</summary>
    public TimeSpan TileDuration => Duration / Layout.Tiles;

    /// <summary>Bits a second at most.</summary>
    public long Bandwidth => Math.Max(1, BitrateMeter.Step((long)Math.Ceiling(Sheets.Max(sheet => sheet.Length) * 8 / Duration.TotalSeconds)));

    /// <summary>The track of a session, or <see langword="null"/> while it has no sheet. What is divided in another way than the newest sheet, as after a change of the configuration, is left out.</summary>
    public static ThumbnailTrack? Of(SessionTimeline timeline) => Of(timeline.Sheets);

    /// <summary>The track of some sheets by rising start, or <see langword="null"/> where there are none; likewise.</summary>
    public static ThumbnailTrack? Of(IReadOnlyList<TimelineSheet> sheets) => sheets is not [.., var newest]
        ? null
        : new ThumbnailTrack(newest.Layout, newest.Duration.ToTimeSpan(), [.. sheets.Where(sheet => sheet.Layout == newest.Layout && sheet.Duration.SameInstant(newest.Duration))]);

    /// <summary>A sheet's start in milliseconds, which names it.</summary>
    public static long Milliseconds(TimelineSheet sheet) => sheet.Start.Rescale(1000).Ticks;

    /// <summary>A sheet's address, relative to the session's folder.</summary>
    public static string UriOf(TimelineSheet sheet) => FormattableString.Invariant($"{Name}/{Milliseconds(sheet)}.jpg");
}
