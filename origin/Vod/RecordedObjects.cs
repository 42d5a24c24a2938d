using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dvr;

namespace Broadcast.Origin.Vod;

/// <summary>Conversions of a recording's data.</summary>
internal static class RecordedObjects
{
    /// <summary>Converts a sprite sheet of an index block to a timeline's sprite sheet.</summary>
    public static TimelineSpriteSheet SheetOf(BroadcastSession session, in IndexedSpriteSheet sheet) => new(
        sheet.Start, sheet.Duration, sheet.Layout, ObjectNames.Of(session).SpriteSheet(sheet.Start), sheet.Length);

    /// <summary>The time range of a recording in its session.</summary>
    public static TimeRange RangeOf(RecordingRange recording) => new(recording.Start ?? TimeRange.Everything.Start, recording.End);
}
