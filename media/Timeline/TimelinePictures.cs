namespace Broadcast.Media;

/// <summary>A poster as announced; see <see cref="TimelineEvent.PosterReady"/>.</summary>
public sealed record TimelinePoster(MediaTime Time, int Width, int Height, ObjectName Object, int Length);

/// <summary>A sheet of thumbnails as announced; see <see cref="TimelineEvent.SheetReady"/>.</summary>
public sealed record TimelineSheet(MediaTime Start, MediaTime Duration, SheetLayout Layout, ObjectName Object, int Length)
{
    /// <summary>Where its last tile ends.</summary>
    public MediaTime End => Start + Duration;
}

/// <summary>The pictures of a session: its newest poster, and the sheets of thumbnails that its live window reaches. Pure; guarded by whoever owns the timeline.</summary>
internal sealed class PictureFold
{
    private readonly List<TimelineSheet> _sheets = [];

    /// <summary>The newest poster, or <see langword="null"/> before the first.</summary>
    public TimelinePoster? Poster { get; private set; }

    /// <summary>By rising start.</summary>
    public IReadOnlyList<TimelineSheet> Sheets => _sheets;

    /// <summary>Folds a poster in.</summary>
    /// <returns>Whether it is newer than the one before.</returns>
    public bool Show(TimelineEvent.PosterReady poster)
    {
        if (Poster is { } before && poster.Time <= before.Time)
        {
            return false;
        }

        Poster = new TimelinePoster(poster.Time, poster.Width, poster.Height, poster.Object, poster.Length);
        return true;
    }

    /// <summary>Folds a sheet in.</summary>
    /// <returns>Whether it begins where the one before ends, or later.</returns>
    public bool Add(TimelineEvent.SheetReady sheet)
    {
        if (_sheets is [.., var last] && sheet.Start < last.End)
        {
            return false;
        }

        _sheets.Add(new TimelineSheet(sheet.Start, sheet.Duration, sheet.Layout, sheet.Object, sheet.Length));
        return true;
    }

    /// <summary>Sheets that nothing is left of in a window that begins there: those that end before, but not the newest.</summary>
    /// <param name="begin">Where the window begins; <see langword="null"/> where it has no segment, and all stay.</param>
    public IReadOnlyList<TimelineSheet> Before(MediaTime? begin) =>
        begin is { } start && _sheets is [.., var newest] ? [.. _sheets.Where(sheet => sheet.End <= start && sheet != newest)] : [];

    /// <summary>Forgets sheets.</summary>
    public void Drop(IReadOnlyList<TimelineSheet> sheets) => _sheets.RemoveAll(sheets.Contains);
}
