using Broadcast.Media;

namespace Broadcast.Origin.Dash;

/// <summary>A run of segments of one rendition in a period: numbers without a hole, one init segment.</summary>
internal sealed class PeriodRun(RenditionTimeline rendition, int init, long first)
{
    /// <summary>Whose it is.</summary>
    public RenditionTimeline Rendition { get; } = rendition;

    /// <summary>The init segment all of it needs.</summary>
    public int Init { get; } = init;

    /// <summary>Its first number.</summary>
    public long First { get; } = first;

    /// <summary>Its last number so far.</summary>
    public long Last { get; set; } = first;
}

/// <summary>A period as it was begun. What players were told of it stays as it is; only its runs grow, and only in the last period.</summary>
/// <param name="Id"><c>Period@id</c></param>
/// <param name="First">The segment number it begins at.</param>
/// <param name="Start">Where it begins on the session's timeline, in milliseconds.</param>
/// <param name="Runs">What it holds.</param>
internal sealed record MpdPeriod(string Id, long First, MediaTime Start, IReadOnlyList<PeriodRun> Runs)
{
    /// <summary>How its segments follow each other; <see langword="null"/> when they are listed.</summary>
    public Cadence? Cadence { get; init; }

    /// <summary>Wall clock of <see cref="ReferenceTime"/>, from arrival.</summary>
    public DateTimeOffset ReferenceClock { get; init; }

    /// <summary>Where its first segment begins.</summary>
    public MediaTime ReferenceTime { get; init; }
}

/// <summary>
/// Decides which segments an MPD lists, and in which period: a second fold over the timeline, because what a period is must not change when the window has
/// moved past its beginning. A number is settled when every rendition has closed it or nothing there, or one is so far ahead that the others
/// must have lost it. A new period begins at each discontinuity, and also where a run has a hole or another init segment: numbers in a
/// <c>SegmentTimeline</c> have no holes that players agree on (<c>S@n</c> is not read by all of them).
/// <para>
/// For low latency a period does not list segments but says how they follow each other (<see cref="SegmentCadence"/>). It promises segments of all its renditions, so that the next begins where one of
/// them has none. Silence ends nothing: requests for what was promised are held meanwhile.
/// </para>
/// </summary>
/// <param name="rhythm">For low latency.</param>
/// <param name="first">Number of the first segment there is for those who are told.</param>
internal sealed class PeriodFold(SegmentCadence? rhythm = null, long first = 1)
{
    /// <summary>How many segments a rendition may be behind the foremost before the MPD goes on without it.</summary>
    private const int Patience = 2;

    private readonly List<MpdPeriod> _periods = [];
    private readonly Dictionary<string, int> _sets = new(StringComparer.Ordinal);
    private long _settled;
    private long _firstSegment;
    private bool _ended;
    private bool _isNews;

    /// <summary>Periods that the window still reaches, and the last.</summary>
    public IReadOnlyList<MpdPeriod> Periods => _periods;

    /// <summary>
    /// Number of the adaptation set that a rendition belongs to, stable for the session: one for each codec and range of video, between whose renditions players switch, and one
    /// for each rendition of audio, because two in one language are not the same (a commentary).
    /// </summary>
    public int SetOf(RenditionTimeline rendition, RenditionFormat format)
    {
        var key = KeyOf(rendition.Name, rendition.Kind, format);
        if (!_sets.TryGetValue(key, out var number))
        {
            _sets.Add(key, number = _sets.Count + 1);
        }

        return number;
    }

    /// <summary>What all renditions of an adaptation set have in common.</summary>
    public static string KeyOf(string rendition, TrackKind kind, RenditionFormat format)
    {
        var dot = format.Codecs.IndexOf('.', StringComparison.Ordinal);
        var range = Hls.VideoRange.Of(format.Color) is { } known and not Hls.VideoRange.Standard ? known : "";
        return $"{kind} {format.Language} {(dot < 0 ? format.Codecs : format.Codecs[..dot])} {(kind == TrackKind.Audio ? rendition : range)}";
    }

    /// <summary>Takes in what the timeline has now.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="lag">How late the latest rendition's parts come by the clock now; 0 when that is not known.</param>
    /// <returns>Whether the MPD changes.</returns>
    public bool Settle(SessionTimeline timeline, TimeSpan lag = default)
    {
        var limit = Limit(timeline);
        for (var number = Math.Max(_settled + 1, timeline.FirstSegment); number <= limit; number++)
        {
            Settle(timeline, number, lag);
            _isNews |= _periods is not [.., { Cadence: not null }];
            _settled = number;
        }

        while (_periods.Count > 1 && _periods[1].First <= timeline.FirstSegment)
        {
            _periods.RemoveAt(0);
            _isNews = true;
        }

        // What has left the window is gone from a list; of a cadence nothing is said anew.
        _isNews |= _ended != timeline.IsEnded || (_firstSegment != timeline.FirstSegment && _periods is [{ Cadence: null }, ..]);
        (_firstSegment, _ended) = (timeline.FirstSegment, timeline.IsEnded);
        var isNews = _isNews;
        _isNews = false;
        return isNews;
    }

    private static long Limit(SessionTimeline timeline)
    {
        if (timeline.IsEnded)
        {
            return timeline.LastSegment;
        }

        var foremost = 0L;
        var hindmost = long.MaxValue;
        foreach (var rendition in timeline.Renditions)
        {
            var last = rendition.Closed is [.., var closed] ? closed.Number : (rendition.Open?.Number ?? 1) - 1;
            foremost = Math.Max(foremost, last);
            hindmost = Math.Min(hindmost, last);
        }

        return Math.Max(hindmost == long.MaxValue ? 0 : hindmost, foremost - Patience);
    }

    private void Settle(SessionTimeline timeline, long number, TimeSpan lag)
    {
        var found = new List<(RenditionTimeline Rendition, TimelineSegment Segment)>();
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition.Find(number) is { IsClosed: true, IsGap: false, Parts.Count: > 0 } segment && rendition.FindInit(segment.Init) is not null)
            {
                found.Add((rendition, segment));
            }
        }

        if (found.Count == 0)
        {
            return;
        }

        var current = _periods is [.., var last] ? last : null;
        var begins = current is null || timeline.Discontinuities.Contains(number) || found.Exists(item => !Continues(current, item.Segment, item.Rendition))
            || (current.Cadence is not null && found.Count < current.Runs.Count);
        var verdict = Judge(timeline, number, found, begins, lag);
        if (begins || verdict.Begins)
        {
            Begin(timeline, number, found, verdict.Cadence);
            return;
        }

        foreach (var (rendition, _) in found)
        {
            RunOf(current!, rendition)!.Last = number;
        }
    }

    private CadenceVerdict Judge(SessionTimeline timeline, long number, List<(RenditionTimeline Rendition, TimelineSegment Segment)> found, bool begins, TimeSpan lag)
    {
        if (rhythm is null)
        {
            return default;
        }

        // All are cut where the picture is. What is left of a period whose begin was forgotten cannot be counted from there.
        var segment = LeaderOf(found);
        var isKnown = _settled > 0 || number == first || timeline.Discontinuities.Contains(number);
        return rhythm.Judge(new CadenceSegment(number, segment.Start.ToTimeSpan(), segment.End.ToTimeSpan()), begins, isKnown, lag);
    }

    private static TimelineSegment LeaderOf(List<(RenditionTimeline Rendition, TimelineSegment Segment)> found) =>
        found.Find(item => item.Rendition.Kind == TrackKind.Video).Segment ?? found[0].Segment;

    private static bool Continues(MpdPeriod period, TimelineSegment segment, RenditionTimeline rendition) =>
        RunOf(period, rendition) is { } run && run.Last == segment.Number - 1 && run.Init == segment.Init;

    private static PeriodRun? RunOf(MpdPeriod period, RenditionTimeline rendition)
    {
        foreach (var run in period.Runs)
        {
            if (run.Rendition == rendition)
            {
                return run;
            }
        }

        return null;
    }

    private void Begin(SessionTimeline timeline, long number, List<(RenditionTimeline Rendition, TimelineSegment Segment)> found, Cadence? cadence)
    {
        // Named by the discontinuities before it: that survives a restart, when the window's past is known as counts only.
        var discontinuities = timeline.DiscontinuitySequence + timeline.Discontinuities.Count(discontinuity => discontinuity <= number);
        var id = $"{discontinuities}";
        if (_periods.Exists(period => period.Id == id || period.Id.StartsWith(id + "-", StringComparison.Ordinal)))
        {
            id = $"{discontinuities}-{number}";
        }

        // The first begins where the session's timeline does, so that it, too, can be told again after a restart. Where segments are counted, the count begins with the first of them.
        var leader = LeaderOf(found);
        var isFirst = _periods.Count == 0 && discontinuities == 0;
        var start = cadence is not null ? leader.Start.Rescale(1000) : isFirst ? MediaTime.Zero(1000) : found.Min(item => item.Segment.Start).Rescale(1000);
        var floor = _periods is [.., var last] ? last.Start.Ticks + 1 : 0;
        start = new MediaTime(Math.Max(start.Ticks, floor), 1000);
        _periods.Add(new MpdPeriod(id, number, start, [.. found.Select(item => new PeriodRun(item.Rendition, item.Segment.Init, number))])
        {
            Cadence = cadence,
            ReferenceClock = leader.WallClock,
            ReferenceTime = leader.Start,
        });
        _isNews = true;
    }
}
