using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Writes a session's images to the spool. Sprite sheets are uploaded like segments. A poster is uploaded only when no newer one is
/// expected, because each is valid for seconds. Owned by one session; not thread-safe.
/// </summary>
/// <param name="spool">Spool for the files.</param>
/// <param name="folder">The session's folder, ending in <c>/</c>.</param>
internal sealed class ImageWriter(ISpool spool, string folder)
{
    private ISpoolFile? _poster;

    /// <summary>Writes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="complete">Receives the file if it can be uploaded once it is announced.</param>
    /// <exception cref="IOException">The disk failed, or the name exists.</exception>
    public TimelineEvent Write(SessionImage image, ICollection<ISpoolFile> complete)
    {
        var name = ImageNames.Create(folder, image);
        var file = spool.Open(name);
        if (file.Length > 0)
        {
            // Data of an earlier process that was never announced.
            file.Truncate(0);
        }

        file.Append([image.Jpeg]);
        if (image is SessionImage.SpriteSheet sheet)
        {
            complete.Add(file);
            return new TimelineEvent.SpriteSheetReady(sheet.Start, sheet.Duration, sheet.Layout, name, sheet.Jpeg.Length);
        }

        var poster = (SessionImage.Poster)image;
        _poster = file;
        return new TimelineEvent.PosterReady(poster.Time, poster.Width, poster.Height, name, poster.Jpeg.Length);
    }

    /// <summary>Uploads the last poster, because no newer one is expected.</summary>
    public void SealPoster()
    {
        _poster?.Seal();
        _poster = null;
    }
}

/// <summary>
/// Names of images: <c>thumbnails/MILLISECONDS.jpg</c> and <c>posters/MILLISECONDS.jpg</c> in the session's folder, by session time.
/// Session time never goes back, so every name is unique.
/// </summary>
internal static class ImageNames
{
    private const string SpriteSheets = "thumbnails/";
    private const string Posters = "posters/";
    private const string Extension = ".jpg";

    /// <summary>Gets the object name of an image.</summary>
    public static ObjectName Create(string folder, SessionImage image) => image switch
    {
        SessionImage.SpriteSheet sheet => Create(folder + SpriteSheets, sheet.Start),
        SessionImage.Poster poster => Create(folder + Posters, poster.Time),
        _ => throw new ArgumentOutOfRangeException(nameof(image), image, "Only posters and sprite sheets are supported."),
    };

    /// <summary>Whether an object in the session's folder is an image.</summary>
    public static bool IsImage(string folder, ObjectName name) => Parse(folder, name).Kind is not null;

    /// <summary>
    /// Whether an image is older than the newest of its kind that was announced when the process started, and is not announced itself.
    /// Later images have later names.
    /// </summary>
    public static bool IsReplaced(string folder, ObjectName name, IReadOnlySet<ObjectName> announced)
    {
        var (kind, time) = Parse(folder, name);
        return !announced.Contains(name)
            && announced.Select(other => Parse(folder, other)).Any(other => other.Kind == kind && other.Time > time);
    }

    /// <summary>Whether an object is a sprite sheet that starts before a time, in milliseconds.</summary>
    public static bool IsSpriteSheetBefore(string folder, ObjectName name, long time) => Parse(folder, name) is (SpriteSheets, var start) && start < time;

    /// <summary>Whether an object in the session's folder is a poster.</summary>
    public static bool IsPoster(string folder, ObjectName name) => Parse(folder, name).Kind == Posters;

    private static (string? Kind, long Time) Parse(string folder, ObjectName name)
    {
        var text = name.Value.AsSpan();
        if (!text.StartsWith(folder, StringComparison.Ordinal) || !text.EndsWith(Extension, StringComparison.Ordinal))
        {
            return default;
        }

        var rest = text[folder.Length..^Extension.Length];
        var kind = rest.StartsWith(SpriteSheets, StringComparison.Ordinal) ? SpriteSheets
            : rest.StartsWith(Posters, StringComparison.Ordinal) ? Posters
            : null;
        return kind is not null && long.TryParse(rest[kind.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? (kind, time)
            : default;
    }

    private static ObjectName Create(string folder, MediaTime time) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{Math.Max(0, time.Rescale(1000).Ticks)}{Extension}"));
}
