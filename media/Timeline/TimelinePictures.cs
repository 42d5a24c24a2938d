using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Media.Timeline;

/// <summary>An announced poster; see <see cref="TimelineEvent.PosterReady"/>.</summary>
public sealed record TimelinePoster(MediaTime Time, int Width, int Height, ObjectName Object, int Length);

/// <summary>An announced sprite sheet; see <see cref="TimelineEvent.SpriteSheetReady"/>.</summary>
public sealed record TimelineSpriteSheet(MediaTime Start, MediaTime Duration, SpriteSheetLayout Layout, ObjectName Object, int Length)
{
    /// <summary>End of the last tile.</summary>
    public MediaTime End => Start + Duration;
}

/// <summary>Images of a session: the newest poster, and the sprite sheets that overlap the live window. Not thread-safe.</summary>
internal sealed class ImageProjection
{
    private readonly List<TimelineSpriteSheet> _spriteSheets = [];

    /// <summary>The newest poster; <see langword="null"/> before the first.</summary>
    public TimelinePoster? Poster { get; private set; }

    /// <summary>Sprite sheets by ascending start.</summary>
    public IReadOnlyList<TimelineSpriteSheet> SpriteSheets => _spriteSheets;

    /// <summary>Adds a poster.</summary>
    /// <returns>Whether the poster is newer than the previous one.</returns>
    public bool SetPoster(TimelineEvent.PosterReady poster)
    {
        if (Poster is { } before && poster.Time <= before.Time)
        {
            return false;
        }

        Poster = new TimelinePoster(poster.Time, poster.Width, poster.Height, poster.Object, poster.Length);
        return true;
    }

    /// <summary>Adds a sprite sheet.</summary>
    /// <returns>Whether the sheet starts at or after the end of the previous one.</returns>
    public bool Add(TimelineEvent.SpriteSheetReady sheet)
    {
        if (_spriteSheets is [.., var last] && sheet.Start < last.End)
        {
            return false;
        }

        _spriteSheets.Add(new TimelineSpriteSheet(sheet.Start, sheet.Duration, sheet.Layout, sheet.Object, sheet.Length));
        return true;
    }

    /// <summary>Sprite sheets that end before a window, except the newest sheet.</summary>
    /// <param name="windowStart">Start of the window; <see langword="null"/> for a window without segments, in which all sheets
    /// stay.</param>
    public IReadOnlyList<TimelineSpriteSheet> EndingBefore(MediaTime? windowStart) =>
        windowStart is { } start && _spriteSheets is [.., var newest]
        ? [.. _spriteSheets.Where(sheet => sheet.End <= start && sheet != newest)] : [];

    /// <summary>Removes sprite sheets.</summary>
    public void Drop(IReadOnlyList<TimelineSpriteSheet> sheets) => _spriteSheets.RemoveAll(sheets.Contains);
}
