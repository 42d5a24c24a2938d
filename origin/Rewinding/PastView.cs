using Broadcast.Media;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Recordings;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Rewinding;

/// <summary>A rendition as a session had it at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it carries.</param>
/// <param name="Inits">Init segments that something needs.</param>
/// <param name="IsIndependent">Whether every segment begins with a sync sample.</param>
/// <param name="Peak">Peak bits a second.</param>
/// <param name="Segments">Whole segments, by rising number without a hole.</param>
internal sealed record PastRendition(
    string Name, TrackKind Kind, IReadOnlyList<TimelineInit> Inits, bool IsIndependent, long Peak, IReadOnlyList<ChapterSegment> Segments)
{
    /// <summary>Its language, or <see langword="null"/>.</summary>
    public string? Language { get; init; }

    /// <summary>What the encoder calls it, or <see langword="null"/>.</summary>
    public string? Label { get; init; }

    /// <summary>Captions in its pictures.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];
}

/// <summary>A session's past at one moment: what is in chapters, and the live window.</summary>
/// <param name="Session">The session.</param>
/// <param name="IsEnded">Whether it is over.</param>
/// <param name="Chapters">What has left the live window.</param>
/// <param name="DiscontinuitySequence">Discontinuities before the first chapter, or before the live window when there is none.</param>
/// <param name="Discontinuities">Numbers that a discontinuity stands before, as far as they are known: first those of the live window alone.</param>
/// <param name="Renditions">The renditions; first with the segments of the live window alone.</param>
internal sealed record PastView(
    BroadcastSession Session, bool IsEnded, IReadOnlyList<TimelineChapter> Chapters, long DiscontinuitySequence, IReadOnlyList<long> Discontinuities,
    IReadOnlyList<PastRendition> Renditions)
{
    /// <summary>When a list last changed; never the same for two views that differ.</summary>
    public required DateTimeOffset ListedAt { get; init; }

    /// <summary>The session's thumbnails, or <see langword="null"/>.</summary>
    public ThumbnailTrack? Thumbnails { get; init; }

    /// <summary>What wall clock it has.</summary>
    public PastClock Clock { get; init; }

    /// <summary>Whether it is all that is kept, to be replayed, and not only what can be gone back to.</summary>
    public bool IsReplay { get; init; }

    /// <summary>For a replay, the sheets of thumbnails: first those of the live window alone.</summary>
    public IReadOnlyList<TimelineSheet> Sheets { get; init; } = [];

    /// <summary>The run that the live window begins in, or <see langword="null"/> when that is not known.</summary>
    public TimelineRun? Run { get; init; }

    /// <summary>First number of the live window.</summary>
    public long FirstSegment { get; init; }

    /// <summary>Where it begins for who asks, who gets nothing before that; <see langword="null"/> for all of it.</summary>
    public AudienceBegin? Own { get; init; }

    /// <summary>For a replay, the slate at the session's end, which is not in it: where the last encoder ended, it ends, or waits for another. <see langword="null"/> where there is none.</summary>
    public TimelineSlate? Slate { get; init; }

    /// <summary>The runs of what is listed, with their true begins though that may be in what is not; empty before anything was loaded.</summary>
    public IReadOnlyList<TimelineRun> Runs { get; init; } = [];

    /// <summary>What viewers take the cuts of a range from: the first rendition of pictures, else of sound.</summary>
    public PastRendition? Leader => Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Video && rendition.Segments.Count > 0)
        ?? Renditions.FirstOrDefault(rendition => rendition.Segments.Count > 0);

    /// <summary>Where it begins by wall clock, or <see langword="null"/> when there is nothing.</summary>
    public DateTimeOffset? Begin => Chapters is [var first, ..] ? (Own is { } own && own.From > Clock.Begin(first) ? own.From : Clock.Begin(first)) : Leader?.Segments is [var oldest, ..] ? Clock.Begin(oldest) : null;

    /// <summary>Where it ends by wall clock, or <see langword="null"/> when there is nothing.</summary>
    public DateTimeOffset? End => Leader?.Segments is [.., var last] ? Clock.End(last) : null;

    /// <summary>A session as it is now.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isCounted">Whether its clock is counted, as an MPD has it.</param>
    /// <param name="isReplay">Whether it is all that is kept, to be replayed.</param>
    public static PastView Of(LiveSession session, bool isCounted = false, bool isReplay = false) => session.Read((timeline, records) => new PastView(
        timeline.Session, timeline.IsEnded, isReplay ? timeline.KeptChapters : timeline.Chapters,
        isReplay ? timeline.KeptDiscontinuitySequence : timeline.ListedDiscontinuitySequence, [.. timeline.Discontinuities],
        [
            .. timeline.Renditions.Where(rendition => rendition.Init is not null).Select(rendition => new PastRendition(
                rendition.Name, rendition.Kind, [.. rendition.Inits], records[rendition.Name].IsIndependent, records[rendition.Name].Bitrate.Peak,
                [.. rendition.Closed.ToArray().Select(ChapterSegment.Of)])
            {
                Language = Playlists.LanguageOf(rendition),
                Label = Playlists.LabelOf(rendition),
                Captions = [.. Playlists.CaptionsOf(rendition)],
            }),
        ])
    {
        ListedAt = session.ListedAt,
        Thumbnails = ThumbnailTrack.Of(timeline),
        Run = timeline.Run,
        FirstSegment = timeline.FirstSegment,
        Own = session.Begin,
        Clock = PastClock.Of(timeline.Session, isCounted),
        IsReplay = isReplay,
        Sheets = isReplay ? [.. timeline.Sheets] : [],
        Slate = isReplay ? timeline.Slate : null,
    });

    /// <summary>The same without the segments that a range does not touch, those of chapters in it.</summary>
    /// <param name="range">The range.</param>
    /// <param name="shelf">Where chapters are.</param>
    /// <param name="rendition">The one that is wanted: of the others no more is read than the cuts are taken from. <see langword="null"/> for all.</param>
    /// <param name="reach">How much longer chapters are looked into for sheets, which are in the chapter that they end in.</param>
    /// <returns><see langword="null"/> when nothing is left.</returns>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async Task<PastView?> CutAsync(TimeRange range, ChapterShelf shelf, string? rendition = null, TimeSpan reach = default)
    {
        var touched = Touched(range with { End = range.End + reach });
        PastView view;
        if (rendition is not null && LeaderIn(touched) is { } leader)
        {
            var some = this with { Renditions = [.. Renditions.Where(other => other.Name == leader || other.Name == rendition)] };
            view = await some.LoadAsync(touched, shelf);
            if (view.Leader?.Name != leader)
            {
                // What it had was lost with a machine: the cuts are another's then.
                view = await LoadAsync(touched, shelf);
            }
        }
        else
        {
            view = await LoadAsync(touched, shelf);
        }

        if (Own is { } own)
        {
            view = view.Since(own);
        }

        if (Slate is { } slate)
        {
            view = view.Until(slate);
        }

        if (IsReplay && IsEnded)
        {
            view = view.WithoutItsTail();
        }

        if (range == TimeRange.Everything)
        {
            return view.Leader is null ? null : view with { Renditions = [.. view.Renditions.Where(other => other.Segments.Count > 0)] };
        }

        var inside = view.Leader?.Segments.Where(segment => Clock.End(segment) > range.Start && !(Clock.Begin(segment) >= range.End)).ToList();
        if (inside is not [var first, ..])
        {
            return null;
        }

        // Numbers are common to all renditions, so that all begin and end together.
        var last = inside[^1].Number;
        return view with
        {
            Renditions =
            [
                .. view.Renditions
                    .Select(rendition => rendition with { Segments = [.. rendition.Segments.Where(segment => segment.Number >= first.Number && segment.Number <= last)] })
                    .Where(rendition => rendition.Segments.Count > 0),
            ],
        };
    }

    /// <summary>Without what is not for who asks, though the chapter that it is in is.</summary>
    private PastView Since(AudienceBegin own) => this with
    {
        Renditions = [.. Renditions.Select(rendition => rendition with { Segments = [.. rendition.Segments.Where(segment => segment.Number >= own.Segment)] })],
        Sheets = [.. Sheets.Where(sheet => sheet.Start.ToTimeSpan() >= own.Start)],
    };

    /// <summary>Without the slate that it ends with.</summary>
    private PastView Until(TimelineSlate slate) => this with
    {
        Renditions = [.. Renditions.Select(rendition => rendition with { Segments = [.. rendition.Segments.TakeWhile(segment => segment.Number < slate.First)] })],
        Sheets = [.. Sheets.Where(sheet => sheet.Start < slate.Start)],
    };

    /// <summary>Without the gaps that it ends with in all renditions: what was lost with a machine before the session ended, nobody waits for.</summary>
    private PastView WithoutItsTail()
    {
        var last = 0L;
        foreach (var rendition in Renditions)
        {
            for (var i = rendition.Segments.Count - 1; i >= 0 && rendition.Segments[i].Number > last; i--)
            {
                last = rendition.Segments[i].HasMedia ? rendition.Segments[i].Number : last;
            }
        }

        return this with { Renditions = [.. Renditions.Select(rendition => rendition with { Segments = [.. rendition.Segments.TakeWhile(segment => segment.Number <= last)] })] };
    }

    /// <summary>Discontinuities before a number: <c>EXT-X-DISCONTINUITY-SEQUENCE</c>.</summary>
    public long DiscontinuitiesBefore(long number) => DiscontinuitySequence + Discontinuities.Count(discontinuity => discontinuity < number);

    /// <summary>Which chapters a range touches, and whether it may reach into the live window.</summary>
    /// <param name="chapters">A session's chapters.</param>
    /// <param name="clock">The wall clock that is meant.</param>
    /// <param name="range">The range.</param>
    /// <returns>Index of the first and of the last; the first is higher when there are none.</returns>
    public static (int First, int Last) Touched(IReadOnlyList<TimelineChapter> chapters, PastClock clock, TimeRange range)
    {
        var (first, last) = (chapters.Count, -1);
        for (var i = 0; i < chapters.Count; i++)
        {
            var end = i + 1 < chapters.Count ? clock.Begin(chapters[i + 1]) : DateTimeOffset.MaxValue;
            if (end >= range.Start && !(clock.Begin(chapters[i]) >= range.End))
            {
                (first, last) = (Math.Min(first, i), i);
            }
        }

        return (first, last);
    }

    private (int First, int Last) Touched(TimeRange range) => Touched(Chapters, Clock, range);

    /// <summary>Who leads once chapters are read, by what was announced of them.</summary>
    private string? LeaderIn((int First, int Last) touched)
    {
        var some = Renditions.Where(rendition => (touched.Last == Chapters.Count - 1 && rendition.Segments.Count > 0)
            || Enumerable.Range(touched.First, Math.Max(0, touched.Last - touched.First + 1)).Any(i => Chapters[i].Find(rendition.Name) is not null)).ToList();
        return (some.Find(rendition => rendition.Kind == TrackKind.Video) ?? some.FirstOrDefault())?.Name;
    }

    private async Task<PastView> LoadAsync((int First, int Last) touched, ChapterShelf shelf)
    {
        var (first, last) = touched;
        var names = Renditions.Select(rendition => rendition.Name).ToHashSet(StringComparer.Ordinal);
        var loaded = new List<Chapter>();
        var run = Run;
        var sequence = DiscontinuitySequence + Chapters.Take(first).Sum(chapter => (long)chapter.Discontinuities);
        var at = first;
        foreach (var some in Chapters.Skip(first).Take(last - first + 1).Chunk(ChapterShelf.AtOnce))
        {
            foreach (var read in await Task.WhenAll(some.Select(chapter => shelf.ReadAsync(chapter, names.Contains, CancellationToken.None).AsTask())))
            {
                at++;
                if (read is not null)
                {
                    run = loaded.Count == 0 ? Chapters[at - 1].Run : run;
                    loaded.Add(read);
                    continue;
                }

                // Lost with a machine: what was before it cannot be listed without a hole.
                loaded.Clear();
                run = Run;
                sequence = DiscontinuitySequence + Chapters.Take(at).Sum(known => (long)known.Discontinuities);
            }
        }

        var reachesWindow = last == Chapters.Count - 1;
        IReadOnlyList<long> discontinuities = [.. loaded.SelectMany(chapter => chapter.Discontinuities), .. reachesWindow ? Discontinuities : []];
        var renditions = Renditions.Select(rendition => rendition with { Segments = Together(rendition, loaded, reachesWindow) }).ToList();
        var begin = loaded is [var oldest, ..] ? oldest.First
            : FirstSegment;
        return this with
        {
            Sheets = IsReplay ? [.. loaded.SelectMany(chapter => chapter.Sheets).Select(sheet => RecordedObjects.SheetOf(Session, sheet)), .. reachesWindow ? Sheets : []] : [],
            DiscontinuitySequence = loaded.Count == 0 && reachesWindow ? DiscontinuitySequence + Chapters.Sum(chapter => (long)chapter.Discontinuities) : sequence,
            Discontinuities = discontinuities,
            Renditions = renditions,
            Runs = Clock.CountedFrom is not null ? TimelineRun.Of(begin, run, discontinuities, [.. renditions.Select(rendition => rendition.Segments)]) : [],
        };
    }

    /// <summary>A rendition's segments of chapters and live window, from the last hole in their numbers on.</summary>
    private static List<ChapterSegment> Together(PastRendition rendition, List<Chapter> chapters, bool withWindow)
    {
        var segments = new List<ChapterSegment>();
        IEnumerable<IReadOnlyList<ChapterSegment>> pieces =
        [
            .. chapters.Select(chapter => chapter.Renditions.FirstOrDefault(other => other.Name == rendition.Name)?.Segments ?? []), .. withWindow ? [rendition.Segments] : Array.Empty<IReadOnlyList<ChapterSegment>>(),
        ];
        foreach (var piece in pieces.Where(piece => piece.Count > 0))
        {
            if (segments is [.., var before] && before.Number + 1 != piece[0].Number)
            {
                segments.Clear();
            }

            segments.AddRange(piece);
        }

        return segments;
    }
}
