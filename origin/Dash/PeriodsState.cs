namespace Broadcast.Origin.Dash;

/// <summary>State of a <see cref="PeriodProjection"/>.</summary>
internal sealed record PeriodsState(IReadOnlyList<PeriodState> Periods, IReadOnlyDictionary<string, int> Sets, long Settled,
    long FirstSegment, bool IsEnded, CadenceState? Cadence);

/// <summary>An <see cref="MpdPeriod"/>; <paramref name="Start"/> in milliseconds.</summary>
internal sealed record PeriodState(string Id, long First, long Start, Cadence? Cadence, DateTimeOffset ReferenceClock,
    string ReferenceTime, IReadOnlyList<RangeState> Ranges);

/// <summary>A <see cref="PeriodSegmentRange"/>.</summary>
internal readonly record struct RangeState(string Rendition, int Init, long First, long Last);

/// <summary>State of a <see cref="SegmentCadence"/>.</summary>
internal sealed record CadenceState(IReadOnlyList<TimeSpan> Lengths, Cadence? Current, TimeSpan? Known, CadenceSegment First,
    int FollowingSegments, int Strikes);
