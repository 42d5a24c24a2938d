using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>
/// Tracks the decodable keyframes of one session and decides which images to make next. Pure and bounded: holds the keyframes of one full
/// sprite sheet, of the current one, and the newest. Time is divided into sheets of equal duration from the session's start, so a sheet's
/// index follows from its time. Not thread-safe.
/// </summary>
internal sealed class SessionKeyframes(ThumbnailOptions options)
{
    /// <summary>Maximum number of init segments of a rendition; above it, the least recently used is dropped.</summary>
    private const int MaxInits = 64;

    // Init segments of the video renditions, the most recently used last.
    private readonly Dictionary<string, List<TimelineInit>> _video = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, KeyframeReference> _currentTiles = [];
    private string? _rendition;
    private long _sheetIndex = -1;
    private (long SheetIndex, IReadOnlyList<(int Tile, KeyframeReference Shot)> Keyframes)? _full;
    private KeyframeReference? _newest;

    // The newest keyframe from an encoder: the slate shows nothing of the session.
    private KeyframeReference? _newestFromEncoder;
    private long? _slate;
    private MediaTime? _posterTime;
    private MediaTime? _sheetsEnd;
    private SpriteSheetLayout? _layout;
    private bool _ended;

    /// <summary>Processes timeline events.</summary>
    public void Observe(IReadOnlyList<TimelineEvent> events)
    {
        // In a complete timeline, image events come last.
        foreach (var @event in events)
        {
            if (@event is TimelineEvent.SpriteSheetReady spriteSheet)
            {
                _sheetsEnd = spriteSheet.Start + spriteSheet.Duration;
                _layout = spriteSheet.Layout;
            }
            else if (@event is TimelineEvent.PosterReady poster)
            {
                _posterTime = poster.Time;
            }
        }

        foreach (var @event in events)
        {
            switch (@event)
            {
                case TimelineEvent.RenditionAdded { Kind: TrackKind.Video } added:
                    _video.TryAdd(added.Rendition, []);
                    break;
                case TimelineEvent.InitReady init when _video.TryGetValue(init.Rendition, out var inits):
                    Use(inits, new TimelineInit(init.Init, init.Format, init.Object, init.Length));
                    break;
                case TimelineEvent.WindowMoved { Slate: { } slate }:
                    _slate = slate.First;
                    break;
                case TimelineEvent.Discontinuity discontinuity:
                    _slate = discontinuity.IsSlate ? _slate ?? discontinuity.Segment : null;
                    break;
                case TimelineEvent.PartReady { Independent: true } part when _video.TryGetValue(part.Rendition, out var known)
                    && known.Find(init => init.Number == part.Init) is { } init:
                    if (init != known[^1])
                    {
                        // An earlier configuration returned.
                        Use(known, init);
                    }

                    if (part.Rendition == _rendition)
                    {
                        Add(new KeyframeReference(part.Start, init, part.Object, part.Offset, part.Length),
                            isSlate: part.Segment >= _slate);
                    }

                    break;
                case TimelineEvent.Ended:
                    _ended = true;
                    CompleteSheet();
                    break;
            }
        }
    }

    /// <summary>
    /// Gets the next job, or <see langword="null"/>. It counts as done: after a failure, the next call returns the next job.
    /// </summary>
    public ThumbnailJob? Next()
    {
        var poster = IsPosterDue ? _newestFromEncoder : null;
        SpriteSheetJob? spriteSheet = null;
        if (_full is { } full && (poster is null || poster.Init.Object == full.Keyframes[0].Shot.Init.Object))
        {
            spriteSheet = CreateJob(full.SheetIndex, full.Keyframes);
            _full = null;
        }

        if (poster is not null)
        {
            _posterTime = poster.Time;
        }

        return poster is null && spriteSheet is null ? null : new ThumbnailJob(spriteSheet, poster);
    }

    /// <summary>Indicates whether <see cref="Next"/> would return a job.</summary>
    public bool HasNext => _full is not null || IsPosterDue;

    private bool IsPosterDue =>
        _newestFromEncoder is { } newest
        && (_posterTime is not { } last || (newest.Time - last).ToTimeSpan() >= options.PosterInterval || (_ended && newest.Time > last));

    private void Use(List<TimelineInit> inits, TimelineInit init)
    {
        inits.RemoveAll(other => other.Number == init.Number);
        inits.Add(init);
        if (inits.Count > MaxInits)
        {
            inits.RemoveAt(0);
        }

        SelectRendition();
    }

    /// <summary>Selects the lowest rendition that is high enough for a poster, else the highest, to minimize decoding.</summary>
    private void SelectRendition() => _rendition = _video
        .Where(video => video.Value.Count > 0)
        .Select(video => (video.Key, video.Value[^1].Format.Height))
        .OrderBy(video => video.Height >= ImageSize.MinPosterSourceHeight ? video.Height : int.MaxValue - video.Height)
        .ThenBy(video => video.Key, StringComparer.Ordinal)
        .First().Key;

    private void Add(KeyframeReference keyframe, bool isSlate)
    {
        if (keyframe.Time.Ticks < 0 || (_newest is { } newest && keyframe.Time <= newest.Time))
        {
            return;
        }

        _newest = keyframe;
        _newestFromEncoder = isSlate ? _newestFromEncoder : keyframe;
        if (options.TilesPerSheet == 0)
        {
            return;
        }

        var tile = keyframe.Time.ToTimeSpan().Ticks / options.TileInterval.Ticks;
        if (tile / options.TilesPerSheet != _sheetIndex)
        {
            CompleteSheet();
            _sheetIndex = tile / options.TilesPerSheet;
        }

        _currentTiles.TryAdd((int)(tile % options.TilesPerSheet), keyframe);
    }

    /// <summary>Completes the current sheet.</summary>
    private void CompleteSheet()
    {
        if (_currentTiles.Count > 0 && !(_sheetsEnd is { } sheetsEnd && StartOf(_sheetIndex) < sheetsEnd))
        {
            // A process decodes with one init segment; if it changed, the one with most tiles is used.
            var keyframes = _currentTiles.GroupBy(item => item.Value.Init.Object).OrderByDescending(group => group.Count()).First();
            _full = (_sheetIndex, [.. keyframes.Select(item => (item.Key, item.Value))]);
        }

        _currentTiles.Clear();
    }

    private SpriteSheetJob CreateJob(long sheetIndex, IReadOnlyList<(int Tile, KeyframeReference Shot)> keyframes)
    {
        var format = keyframes[0].Shot.Init.Format;
        var (width, height) = ImageSize.OfTile(format.Width, format.Height);

        // All sheets of a session share one layout, so that they form one track; other aspect ratios are padded.
        var layout = new SpriteSheetLayout(options.Columns, options.Rows, _layout?.TileWidth ?? width, _layout?.TileHeight ?? height);
        _layout = layout;
        return new SpriteSheetJob(StartOf(sheetIndex), MediaTime.From(options.SheetInterval, 1000), layout, keyframes);
    }

    private MediaTime StartOf(long sheetIndex) => MediaTime.From(options.SheetInterval * sheetIndex, 1000);
}
