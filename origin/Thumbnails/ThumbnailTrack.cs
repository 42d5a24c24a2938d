using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Thumbnails;

/// <summary>
/// A session's sprite sheets as one track. All have the same layout and duration. Pure; the caller prevents changes of the timeline
/// meanwhile.
/// </summary>
/// <param name="Layout">Grid of each sprite sheet.</param>
/// <param name="Duration">Duration of each sprite sheet, in whole milliseconds.</param>
/// <param name="Sheets">At least one sprite sheet, in ascending order of start; starts are multiples of the duration.</param>
internal sealed record ThumbnailTrack(SpriteSheetLayout Layout, TimeSpan Duration, IReadOnlyList<TimelineSpriteSheet> Sheets)
{
    /// <summary>Name of the sprite sheets' folder in the session's folder, and of the files that list them.</summary>
    public const string Name = SessionObjectNames.SpriteSheetFolder;

    /// <summary>Duration of one thumbnail.</summary>
    public TimeSpan TileDuration => Duration / Layout.Tiles;

    /// <summary>Maximum bits per second.</summary>
    public long Bandwidth =>
        Math.Max(1, BitrateMeter.Step((long)Math.Ceiling(Sheets.Max(sheet => sheet.Length) * 8 / Duration.TotalSeconds)));

    /// <summary>
    /// The track of a session, or <see langword="null"/> while it has no sprite sheet. Sheets with another layout than the newest one, as
    /// after a configuration change, are omitted.
    /// </summary>
    public static ThumbnailTrack? Of(SessionTimeline timeline) => Of(timeline.SpriteSheets);

    /// <summary>
    /// The track of sprite sheets in ascending order of start, or <see langword="null"/> when there are none. Same rule for layouts.
    /// </summary>
    public static ThumbnailTrack? Of(IReadOnlyList<TimelineSpriteSheet> sheets) => sheets is not [.., var newest]
        ? null
        : new ThumbnailTrack(newest.Layout, newest.Duration.ToTimeSpan(),
            [.. sheets.Where(sheet => sheet.Layout == newest.Layout && sheet.Duration.SameInstant(newest.Duration))]);

    /// <summary>Start of a sprite sheet in milliseconds, which is its name.</summary>
    public static long Milliseconds(TimelineSpriteSheet sheet) => SessionObjectNames.MillisecondsOf(sheet.Start);

    /// <summary>URL of a sprite sheet, relative to the session's folder.</summary>
    public static string UriOf(TimelineSpriteSheet sheet) => SessionObjectNames.SpriteSheetFile(Milliseconds(sheet));
}
