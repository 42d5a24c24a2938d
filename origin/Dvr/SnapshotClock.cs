using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Dvr;

/// <summary>
/// Wall-clock time of a session's past media. MPD players derive it from the session's start; playlist date-times are arrival times. Both
/// seldom differ by half a second.
/// </summary>
/// <param name="SessionStart">Start from which it is derived; <see langword="null"/> for arrival times.</param>
internal readonly record struct SnapshotClock(DateTimeOffset? SessionStart)
{
    /// <summary>The clock of a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="usesSessionTime">Whether it is derived from the session's start.</param>
    public static SnapshotClock Of(BroadcastSession session, bool usesSessionTime) => new(usesSessionTime ? session.StartedAt : null);

    /// <summary>Start of a segment.</summary>
    public DateTimeOffset StartOf(in IndexedSegment segment) => SessionStart + segment.Start.ToTimeSpan() ?? segment.WallClock;

    /// <summary>End of a segment.</summary>
    public DateTimeOffset EndOf(in IndexedSegment segment) => StartOf(segment) + segment.Duration.ToTimeSpan();

    /// <summary>Start of the slate.</summary>
    public DateTimeOffset StartOf(TimelineSlate slate) => SessionStart + slate.Start.ToTimeSpan() ?? slate.WallClock;

    /// <summary>Start of an index block.</summary>
    public DateTimeOffset StartOf(TimelineIndexBlock indexBlock) => SessionStart + indexBlock.Start.ToTimeSpan() ?? indexBlock.WallClock;
}
