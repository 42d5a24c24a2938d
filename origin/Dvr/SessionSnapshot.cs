using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Dvr;

/// <summary>Snapshot of a rendition.</summary>
/// <param name="Description">Its properties.</param>
/// <param name="Inits">Init segments in use.</param>
/// <param name="Segments">Closed segments with consecutive sequence numbers.</param>
internal sealed record RenditionSnapshot(
    RenditionDescription Description, IReadOnlyList<TimelineInit> Inits, IReadOnlyList<IndexedSegment> Segments)
{
    /// <summary>Name of the rendition.</summary>
    public string Name => Description.Name;

    /// <summary>Its media type.</summary>
    public TrackKind Kind => Description.Kind;
}

/// <summary>Snapshot of a session: its index blocks and its live window.</summary>
/// <param name="Session">The session.</param>
/// <param name="IsEnded">Whether the session has ended.</param>
/// <param name="IndexBlocks">Index blocks before the live window.</param>
/// <param name="DiscontinuitySequence">
/// Number of discontinuities before the first index block, or before the live window when there is none.
/// </param>
/// <param name="Discontinuities">Known sequence numbers of segments after a discontinuity: initially those of the live window.</param>
/// <param name="Renditions">The renditions, initially with the segments of the live window.</param>
internal sealed record SessionSnapshot(
    BroadcastSession Session, bool IsEnded, IReadOnlyList<TimelineIndexBlock> IndexBlocks, long DiscontinuitySequence,
    IReadOnlyList<long> Discontinuities,
    IReadOnlyList<RenditionSnapshot> Renditions)
{
    /// <summary>Time of the last change of the manifests' content; unique for different snapshots.</summary>
    public required DateTimeOffset ManifestsChangedAt { get; init; }

    /// <summary>The thumbnail track, or <see langword="null"/>.</summary>
    public ThumbnailTrack? Thumbnails { get; init; }

    /// <summary>The clock for wall-clock times.</summary>
    public SnapshotClock Clock { get; init; }

    /// <summary>Indicates whether it includes everything retained, for VOD, and not only the DVR window.</summary>
    public bool IsVod { get; init; }

    /// <summary>The sprite sheets, for VOD: initially those of the live window.</summary>
    public IReadOnlyList<TimelineSpriteSheet> Sheets { get; init; } = [];

    /// <summary>The period in which the live window starts, or <see langword="null"/> when unknown.</summary>
    public TimelinePeriod? Period { get; init; }

    /// <summary>First sequence number of the live window.</summary>
    public long FirstSegment { get; init; }

    /// <summary>Start for the viewer, before which nothing is visible; <see langword="null"/> for the whole session.</summary>
    public VisibilityStart? VisibilityStart { get; init; }

    /// <summary>
    /// The slate at the session's end, for VOD, where it is omitted: the recording ends with the last encoder, or waits for another.
    /// <see langword="null"/> where there is none.
    /// </summary>
    public TimelineSlate? Slate { get; init; }

    /// <summary>The periods of the listed segments, with their true starts even if those are not listed; empty before loading.</summary>
    public IReadOnlyList<TimelinePeriod> Periods { get; init; } = [];

    /// <summary>
    /// The rendition that determines the bounds of a range: the first video rendition, otherwise the first audio rendition.
    /// </summary>
    public RenditionSnapshot? Leader => Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Video
        && rendition.Segments.Count > 0)
        ?? Renditions.FirstOrDefault(rendition => rendition.Segments.Count > 0);

    /// <summary>Wall-clock time of its start, or <see langword="null"/> when it is empty.</summary>
    public DateTimeOffset? Start => IndexBlocks is [var first, ..]
        ? (VisibilityStart is { } visibility && visibility.From > Clock.StartOf(first) ? visibility.From : Clock.StartOf(first))
        : Leader?.Segments is [var oldest, ..] ? Clock.StartOf(oldest) : null;

    /// <summary>Wall-clock time of its end, or <see langword="null"/> when it is empty.</summary>
    public DateTimeOffset? End => Leader?.Segments is [.., var last] ? Clock.EndOf(last) : null;

    /// <summary>Snapshot of a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="usesSessionTime">Whether times are derived from the session's start, as in an MPD.</param>
    /// <param name="isVod">Whether to include everything retained, for VOD.</param>
    public static SessionSnapshot Of(LiveSession session, bool usesSessionTime = false, bool isVod = false) =>
        session.Read((timeline, records) => new SessionSnapshot(
        timeline.Session, timeline.IsEnded, isVod ? timeline.RetainedIndexBlocks : timeline.DvrIndexBlocks,
        isVod ? timeline.RetainedDiscontinuitySequence : timeline.DvrDiscontinuitySequence, [.. timeline.Discontinuities],
        [
            .. timeline.Renditions.Where(rendition => rendition.Init is not null).Select(rendition => new RenditionSnapshot(
                RenditionDescription.Of(rendition, records[rendition.Name]), [.. rendition.Inits],
                [.. rendition.Closed.ToArray().Select(IndexedSegment.Of)])),
        ])
    {
        ManifestsChangedAt = session.ManifestsChangedAt,
        Thumbnails = ThumbnailTrack.Of(timeline),
        Period = timeline.Period,
        FirstSegment = timeline.FirstSegment,
        VisibilityStart = session.VisibilityStart,
        Clock = SnapshotClock.Of(timeline.Session, usesSessionTime),
        IsVod = isVod,
        Sheets = isVod ? [.. timeline.SpriteSheets] : [],
        Slate = isVod ? timeline.Slate : null,
    });

    /// <summary>The snapshot reduced to the segments that overlap a range, including those of index blocks.</summary>
    /// <param name="range">The range.</param>
    /// <param name="indexBlockCache">The index blocks.</param>
    /// <param name="rendition">The required rendition: of the others, only the leader is read. <see langword="null"/> for all.</param>
    /// <param name="reach">
    /// Extra time after the range in which index blocks are read for sprite sheets, which are in the block in which they end.
    /// </param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <returns><see langword="null"/> when nothing remains.</returns>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async Task<SessionSnapshot?> CutAsync(TimeRange range, IndexBlockCache indexBlockCache, string? rendition = null,
        TimeSpan reach = default, CancellationToken cancellationToken = default)
    {
        var overlap = OverlappingBlocks(range with { End = range.End + reach });
        SessionSnapshot view;
        if (rendition is not null && LeaderIn(overlap) is { } leader)
        {
            var some = this with { Renditions = [.. Renditions.Where(other => other.Name == leader || other.Name == rendition)] };
            view = await some.LoadAsync(overlap, indexBlockCache, cancellationToken);
            if (view.Leader?.Name != leader)
            {
                // Its segments were lost in a server failure: another rendition determines the bounds.
                view = await LoadAsync(overlap, indexBlockCache, cancellationToken);
            }
        }
        else
        {
            view = await LoadAsync(overlap, indexBlockCache, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (VisibilityStart is { } visibility)
        {
            view = view.Since(visibility);
        }

        if (Slate is { } slate)
        {
            view = view.Until(slate);
        }

        if (IsVod && IsEnded)
        {
            view = view.WithoutTrailingGaps();
        }

        if (range == TimeRange.Everything)
        {
            return view.Leader is null ? null : view with { Renditions = [.. view.Renditions.Where(other => other.Segments.Count > 0)] };
        }

        var inside = view.Leader?.Segments.Where(segment => Clock.EndOf(segment) > range.Start && !(Clock.StartOf(segment) >= range.End))
            .ToList();
        if (inside is not [var first, ..])
        {
            return null;
        }

        // Sequence numbers are the same in all renditions, so that all start and end together.
        var last = inside[^1].Number;
        return view with
        {
            Renditions =
            [
                .. view.Renditions
                    .Select(rendition => rendition with { Segments =
                        [.. rendition.Segments.Where(segment => segment.Number >= first.Number && segment.Number <= last)] })
                    .Where(rendition => rendition.Segments.Count > 0),
            ],
        };
    }

    /// <summary>Without segments that the viewer may not see, although their index block is listed.</summary>
    private SessionSnapshot Since(VisibilityStart visibility) => this with
    {
        Renditions = [.. Renditions.Select(rendition => rendition
            with { Segments = [.. rendition.Segments.Where(segment => segment.Number >= visibility.Segment)] })],
        Sheets = [.. Sheets.Where(sheet => sheet.Start.ToTimeSpan() >= visibility.Start)],
    };

    /// <summary>Without the slate at its end.</summary>
    private SessionSnapshot Until(TimelineSlate slate) => this with
    {
        Renditions = [.. Renditions.Select(rendition => rendition
            with { Segments = [.. rendition.Segments.TakeWhile(segment => segment.Number < slate.First)] })],
        Sheets = [.. Sheets.Where(sheet => sheet.Start < slate.Start)],
    };

    /// <summary>
    /// Without trailing gaps in all renditions: players should not wait for media that was lost in a server failure before the session's
    /// end.
    /// </summary>
    private SessionSnapshot WithoutTrailingGaps()
    {
        var last = 0L;
        foreach (var rendition in Renditions)
        {
            for (var i = rendition.Segments.Count - 1; i >= 0 && rendition.Segments[i].Number > last; i--)
            {
                last = rendition.Segments[i].HasMedia ? rendition.Segments[i].Number : last;
            }
        }

        return this
            with { Renditions = [.. Renditions.Select(rendition => rendition
                with { Segments = [.. rendition.Segments.TakeWhile(segment => segment.Number <= last)] })] };
    }

    /// <summary>Number of discontinuities before a sequence number: <c>EXT-X-DISCONTINUITY-SEQUENCE</c>.</summary>
    public long DiscontinuitiesBefore(long number) =>
        DiscontinuitySequence + Discontinuities.Count(discontinuity => discontinuity < number);

    /// <summary>The index blocks that a range overlaps, and whether it may reach into the live window.</summary>
    /// <param name="indexBlocks">A session's index blocks.</param>
    /// <param name="clock">The clock for wall-clock times.</param>
    /// <param name="range">The range.</param>
    /// <returns>Index of the first and of the last block; the first is higher when there are none.</returns>
    public static (int First, int Last) OverlappingBlocks(IReadOnlyList<TimelineIndexBlock> indexBlocks, SnapshotClock clock,
        TimeRange range)
    {
        var (first, last) = (indexBlocks.Count, -1);
        for (var i = 0; i < indexBlocks.Count; i++)
        {
            var end = i + 1 < indexBlocks.Count ? clock.StartOf(indexBlocks[i + 1]) : DateTimeOffset.MaxValue;
            if (end >= range.Start && !(clock.StartOf(indexBlocks[i]) >= range.End))
            {
                (first, last) = (Math.Min(first, i), i);
            }
        }

        return (first, last);
    }

    private (int First, int Last) OverlappingBlocks(TimeRange range) => OverlappingBlocks(IndexBlocks, Clock, range);

    /// <summary>The leader after index blocks are read, predicted from their announcements.</summary>
    private string? LeaderIn((int First, int Last) overlap)
    {
        var some = Renditions.Where(rendition => (overlap.Last == IndexBlocks.Count - 1 && rendition.Segments.Count > 0)
            || Enumerable.Range(overlap.First, Math.Max(0, overlap.Last - overlap.First + 1))
            .Any(i => IndexBlocks[i].Find(rendition.Name) is not null)).ToList();
        return (some.Find(rendition => rendition.Kind == TrackKind.Video) ?? some.FirstOrDefault())?.Name;
    }

    private async Task<SessionSnapshot> LoadAsync((int First, int Last) overlap, IndexBlockCache indexBlockCache,
        CancellationToken cancellationToken)
    {
        var (first, last) = overlap;
        var names = Renditions.Select(rendition => rendition.Name).ToHashSet(StringComparer.Ordinal);
        var loaded = new List<IndexBlock>();
        var period = Period;
        var sequence = DiscontinuitySequence + IndexBlocks.Take(first).Sum(indexBlock => (long)indexBlock.Discontinuities);
        var at = first;
        foreach (var some in IndexBlocks.Skip(first).Take(last - first + 1).Chunk(IndexBlockCache.MaxConcurrentReads))
        {
            foreach (var read in await Task.WhenAll(some.Select(indexBlock =>
                indexBlockCache.ReadAsync(indexBlock, names.Contains, cancellationToken).AsTask())))
            {
                at++;
                if (read is not null)
                {
                    period = loaded.Count == 0 ? IndexBlocks[at - 1].Period : period;
                    loaded.Add(read);
                    continue;
                }

                // Lost in a server failure: earlier blocks cannot be listed without a gap.
                loaded.Clear();
                period = Period;
                sequence = DiscontinuitySequence + IndexBlocks.Take(at).Sum(known => (long)known.Discontinuities);
            }
        }

        var reachesWindow = last == IndexBlocks.Count - 1;
        IReadOnlyList<long> discontinuities = [.. loaded.SelectMany(indexBlock => indexBlock.Discontinuities),
            .. reachesWindow ? Discontinuities : []];
        var renditions = Renditions.Select(rendition => rendition with { Segments = Concatenate(rendition, loaded, reachesWindow) })
            .ToList();
        var firstNumber = loaded is [var oldest, ..] ? oldest.First
            : FirstSegment;
        return this with
        {
            Sheets = IsVod ? [.. loaded.SelectMany(indexBlock => indexBlock.SpriteSheets)
                .Select(sheet => RecordedObjects.SheetOf(Session, sheet)), .. reachesWindow ? Sheets : []] : [],
            DiscontinuitySequence = loaded.Count == 0 && reachesWindow
                ? DiscontinuitySequence + IndexBlocks.Sum(indexBlock => (long)indexBlock.Discontinuities) : sequence,
            Discontinuities = discontinuities,
            Renditions = renditions,
            Periods = Clock.SessionStart is not null ? TimelinePeriod.Of(firstNumber, period, discontinuities,
                [.. renditions.Select(rendition => rendition.Segments)]) : [],
        };
    }

    /// <summary>A rendition's segments in index blocks and live window, after the last gap in their sequence numbers.</summary>
    private static List<IndexedSegment> Concatenate(RenditionSnapshot rendition, List<IndexBlock> indexBlocks, bool withWindow)
    {
        var segments = new List<IndexedSegment>();
        IEnumerable<IReadOnlyList<IndexedSegment>> pieces =
        [
            .. indexBlocks.Select(indexBlock => indexBlock.Renditions.FirstOrDefault(other => other.Name == rendition.Name)?.Segments
                ?? []), .. withWindow ? [rendition.Segments] : Array.Empty<IReadOnlyList<IndexedSegment>>(),
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
