using Broadcast.Media;
using Broadcast.Media.Recordings;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Vod;

/// <summary>Object names of a recording's media. They follow from the session alone, because index blocks do not repeat them.</summary>
internal static class RecordedObjects
{
    /// <summary>Folder of a session's media in object names and URLs, ending in a slash.</summary>
    public static string FolderOf(ChannelName channel, SessionId session) => $"live/{channel}/{session}/";

    /// <summary>Object name of a segment.</summary>
    public static ObjectName SegmentOf(BroadcastSession session, string rendition, long number) =>
        ObjectName.Parse(FormattableString.Invariant($"{FolderOf(session.Channel, session.Id)}{rendition}/{number}.m4s"));

    /// <summary>Object name of an init segment.</summary>
    public static ObjectName InitOf(BroadcastSession session, string rendition, int number) =>
        ObjectName.Parse(FormattableString.Invariant($"{FolderOf(session.Channel, session.Id)}{rendition}/init-{number}.mp4"));

    /// <summary>Converts a sprite sheet of an index block to a timeline's sprite sheet.</summary>
    public static TimelineSpriteSheet SheetOf(BroadcastSession session, in IndexedSpriteSheet sheet) => new(
        sheet.Start, sheet.Duration, sheet.Layout,
        ObjectName.Parse(FormattableString.Invariant($"{FolderOf(session.Channel, session.Id)}{ThumbnailTrack.Name}/{sheet.Start.Rescale(1000).Ticks}.jpg")), sheet.Length);

    /// <summary>The time range of a recording in its session.</summary>
    public static TimeRange RangeOf(RecordingRange recording) => new(recording.Start ?? TimeRange.Everything.Start, recording.End);
}
