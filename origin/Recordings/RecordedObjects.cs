using Broadcast.Media;
using Broadcast.Origin.Rewinding;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Recordings;

/// <summary>Names of what a recording is made of. They follow from the session alone, because chapters do not repeat them.</summary>
internal static class RecordedObjects
{
    /// <summary>The folder of a session's media, as object names and addresses have it, ending in a slash.</summary>
    public static string FolderOf(ChannelName channel, SessionId session) => $"live/{channel}/{session}/";

    /// <summary>A segment's object.</summary>
    public static ObjectName SegmentOf(BroadcastSession session, string rendition, long number) =>
        ObjectName.Parse(FormattableString.Invariant($"{FolderOf(session.Channel, session.Id)}{rendition}/{number}.m4s"));

    /// <summary>An init segment's object.</summary>
    public static ObjectName InitOf(BroadcastSession session, string rendition, int number) =>
        ObjectName.Parse(FormattableString.Invariant($"{FolderOf(session.Channel, session.Id)}{rendition}/init-{number}.mp4"));

    /// <summary>A sheet of a chapter as a timeline has it.</summary>
    public static TimelineSheet SheetOf(BroadcastSession session, in ChapterSheet sheet) => new(
        sheet.Start, sheet.Duration, sheet.Layout,
        ObjectName.Parse(FormattableString.Invariant($"{FolderOf(session.Channel, session.Id)}{ThumbnailTrack.Name}/{sheet.Start.Rescale(1000).Ticks}.jpg")), sheet.Length);

    /// <summary>What of its session a recording is.</summary>
    public static TimeRange RangeOf(RecordingRange recording) => new(recording.Start ?? TimeRange.Everything.Start, recording.End);
}
