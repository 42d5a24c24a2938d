using Broadcast.Media;

namespace Broadcast.Origin.Rewinding;

/// <summary>
/// What wall clock a session's past has. Players of an MPD count it from the session's begin; a playlist's date-times are those at which media arrived. The two are hardly ever half a second apart.
/// </summary>
/// <param name="CountedFrom">Where it is counted from; <see langword="null"/> for arrival.</param>
internal readonly record struct PastClock(DateTimeOffset? CountedFrom)
{
    /// <summary>The clock of a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isCounted">Whether it is counted.</param>
    public static PastClock Of(BroadcastSession session, bool isCounted) => new(isCounted ? session.StartedAt : null);

    /// <summary>When a segment begins.</summary>
    public DateTimeOffset Begin(in ChapterSegment segment) => CountedFrom + segment.Start.ToTimeSpan() ?? segment.WallClock;

    /// <summary>When a segment ends.</summary>
    public DateTimeOffset End(in ChapterSegment segment) => Begin(segment) + segment.Duration.ToTimeSpan();

    /// <summary>When the slate begins.</summary>
    public DateTimeOffset Begin(TimelineSlate slate) => CountedFrom + slate.Start.ToTimeSpan() ?? slate.WallClock;

    /// <summary>When a chapter begins.</summary>
    public DateTimeOffset Begin(TimelineChapter chapter) => CountedFrom + chapter.Start.ToTimeSpan() ?? chapter.WallClock;
}
