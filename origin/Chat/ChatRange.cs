using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Chat;

/// <summary>Range of program date-times of which a viewer gets the chat, in a session or in a recording of it.</summary>
/// <param name="Start">Its start.</param>
/// <param name="End">Its end, exclusive; <see langword="null"/> when only the media limits it.</param>
/// <param name="Edge">End of the media.</param>
/// <param name="IsEnded">Whether no messages are added any more.</param>
internal readonly record struct ChatRange(DateTimeOffset Start, DateTimeOffset? End, DateTimeOffset Edge, bool IsEnded)
{
    private const int Seconds = 60;

    /// <summary>Minutes at the live edge in which most new messages appear.</summary>
    private const int NewestMinutes = 2;

    /// <summary>The range of a session, as far as its viewers get it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="recording">The recording that is played; <see langword="null"/> for the session itself.</param>
    public static ChatRange Of(LiveSession session, RecordingRange? recording = null)
    {
        var status = session.Status();
        var first = status.StartedAt ?? session.StartedAt;
        var edge = Later(Later(first, status.LiveEdge), SnapshotBounds.Of(session, usesSessionTime: false, isVod: true).End);
        return new(Later(first, recording?.Start), recording?.End, edge, session.IsEnded);
    }

    /// <summary>The minute of an instant, counted since 1970.</summary>
    public static long MinuteOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / Seconds;

    /// <summary>Returns whether a minute is, in part, in the range, and its media exist.</summary>
    public bool Contains(long minute) =>
        minute >= MinuteOf(Start) && minute <= MinuteOf(Edge) && !(End <= StartOf(minute)) && !(End <= Start);

    /// <summary>Returns whether new messages of a minute are likely.</summary>
    public bool IsNewest(long minute) => !IsEnded && minute > MinuteOf(Edge) - NewestMinutes;

    /// <summary>The part of a minute that is in the range.</summary>
    /// <param name="minute">A minute for which <see cref="Contains"/> is true.</param>
    public (DateTimeOffset From, DateTimeOffset To) PartOf(long minute) =>
        (Later(StartOf(minute), Start), End is { } end && end < StartOf(minute + 1) ? end : StartOf(minute + 1));

    private static DateTimeOffset StartOf(long minute) => DateTimeOffset.FromUnixTimeSeconds(minute * Seconds);

    private static DateTimeOffset Later(DateTimeOffset time, DateTimeOffset? other) => other > time ? other.Value : time;
}
