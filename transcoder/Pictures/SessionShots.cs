using Broadcast.Media;

namespace Broadcast.Transcoder.Pictures;

/// <summary>
/// What is known of one session's decodable pictures, and what should be made of them next. Pure, and bounded: the shots of one sheet that is full, of the one that fills, and the newest. Time is cut
/// into sheets of one length from the session's beginning on, so that a sheet's place follows from its time alone. Not thread-safe.
/// </summary>
internal sealed class SessionShots(PictureOptions options)
{
    private readonly Dictionary<string, TimelineInit?> _video = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, Shot> _filling = [];
    private string? _chosen;
    private long _cell = -1;
    private (long Cell, IReadOnlyList<(int Tile, Shot Shot)> Shots)? _full;
    private Shot? _newest;

    // The newest of an encoder: the slate shows nothing of the session.
    private Shot? _portrait;
    private long? _slate;
    private MediaTime? _poster;
    private MediaTime? _sheetsTo;
    private SheetLayout? _layout;
    private bool _ended;

    /// <summary>Takes in what the timeline says.</summary>
    public void Observe(IReadOnlyList<TimelineEvent> events)
    {
        // Of a session that is told as a whole, what is made already is told last.
        foreach (var @event in events)
        {
            if (@event is TimelineEvent.SheetReady sheet)
            {
                _sheetsTo = sheet.Start + sheet.Duration;
                _layout = sheet.Layout;
            }
            else if (@event is TimelineEvent.PosterReady poster)
            {
                _poster = poster.Time;
            }
        }

        foreach (var @event in events)
        {
            switch (@event)
            {
                case TimelineEvent.RenditionAdded { Kind: TrackKind.Video } added:
                    _video.TryAdd(added.Rendition, null);
                    break;
                case TimelineEvent.InitReady init when _video.ContainsKey(init.Rendition):
                    _video[init.Rendition] = new TimelineInit(init.Init, init.Format, init.Object, init.Length);
                    Choose();
                    break;
                case TimelineEvent.WindowMoved { Slate: { } slate }:
                    _slate = slate.First;
                    break;
                case TimelineEvent.Discontinuity run:
                    _slate = run.IsSlate ? _slate ?? run.Segment : null;
                    break;
                case TimelineEvent.PartReady { Independent: true } part when part.Rendition == _chosen && _video[part.Rendition] is { } init && init.Number == part.Init:
                    Take(new Shot(part.Start, init, part.Object, part.Offset, part.Length), isSlate: part.Segment >= _slate);
                    break;
                case TimelineEvent.Ended:
                    _ended = true;
                    Fill();
                    break;
            }
        }
    }

    /// <summary>What is to be made now, or <see langword="null"/>. It is taken to be made: should that fail, the next time brings the next.</summary>
    public PictureJob? Next()
    {
        var poster = IsPosterDue ? _portrait : null;
        SheetJob? sheet = null;
        if (_full is { } full && (poster is null || poster.Init.Object == full.Shots[0].Shot.Init.Object))
        {
            sheet = Draw(full.Cell, full.Shots);
            _full = null;
        }

        if (poster is not null)
        {
            _poster = poster.Time;
        }

        return poster is null && sheet is null ? null : new PictureJob(sheet, poster);
    }

    /// <summary>Whether <see cref="Next"/> would bring something.</summary>
    public bool HasNext => _full is not null || IsPosterDue;

    private bool IsPosterDue =>
        _portrait is { } newest && (_poster is not { } last || (newest.Time - last).ToTimeSpan() >= options.PosterInterval || (_ended && newest.Time > last));

    /// <summary>The lowest rendition that is high enough for a poster, or else the highest: what is decoded is the smallest that shows enough.</summary>
    private void Choose() => _chosen = _video
        .Where(video => video.Value is not null)
        .Select(video => (video.Key, video.Value!.Format.Height))
        .OrderBy(video => video.Height >= PictureSize.GoodHeight ? video.Height : int.MaxValue - video.Height)
        .ThenBy(video => video.Key, StringComparer.Ordinal)
        .First().Key;

    private void Take(Shot shot, bool isSlate)
    {
        if (shot.Time.Ticks < 0 || (_newest is { } newest && shot.Time <= newest.Time))
        {
            return;
        }

        _newest = shot;
        _portrait = isSlate ? _portrait : shot;
        if (options.TilesPerSheet == 0)
        {
            return;
        }

        var tile = shot.Time.ToTimeSpan().Ticks / options.TileInterval.Ticks;
        if (tile / options.TilesPerSheet != _cell)
        {
            Fill();
            _cell = tile / options.TilesPerSheet;
        }

        _filling.TryAdd((int)(tile % options.TilesPerSheet), shot);
    }

    /// <summary>The sheet that was filling gets no more.</summary>
    private void Fill()
    {
        if (_filling.Count > 0 && !(_sheetsTo is { } made && StartOf(_cell) < made))
        {
            // A process decodes what needs one init segment; where that changed, most of the tiles count.
            var shots = _filling.GroupBy(item => item.Value.Init.Object).OrderByDescending(group => group.Count()).First();
            _full = (_cell, [.. shots.Select(item => (item.Key, item.Value))]);
        }

        _filling.Clear();
    }

    private SheetJob Draw(long cell, IReadOnlyList<(int Tile, Shot Shot)> shots)
    {
        var format = shots[0].Shot.Init.Format;
        var (width, height) = PictureSize.OfTile(format.Width, format.Height);

        // All sheets of a session are divided alike, so that they are one track: pictures of another shape get bars.
        var layout = new SheetLayout(options.Columns, options.Rows, _layout?.TileWidth ?? width, _layout?.TileHeight ?? height);
        _layout = layout;
        return new SheetJob(StartOf(cell), MediaTime.From(options.SheetInterval, 1000), layout, shots);
    }

    private MediaTime StartOf(long cell) => MediaTime.From(options.SheetInterval * cell, 1000);
}
