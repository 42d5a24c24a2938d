using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// Writes a session's pictures into the spool. Sheets go to the store as segments do; a poster only when no newer one is to be expected, because each lasts seconds. Owned by
/// one session; not thread-safe.
/// </summary>
/// <param name="spool">Where files are written.</param>
/// <param name="folder">The session's folder, ending in <c>/</c>.</param>
internal sealed class PictureOutput(ISpool spool, string folder)
{
    private ISpoolFile? _poster;

    /// <summary>Writes a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="whole">Takes its file where that can go to the store once it is announced.</param>
    /// <exception cref="IOException">The disk refused, or the name is taken.</exception>
    public TimelineEvent Write(SessionPicture picture, ICollection<ISpoolFile> whole)
    {
        var name = PictureName.Of(folder, picture);
        var file = spool.Open(name);
        if (file.Length > 0)
        {
            // Of an earlier process, and never announced.
            file.Truncate(0);
        }

        file.Append([picture.Jpeg]);
        if (picture is SessionPicture.Sheet sheet)
        {
            whole.Add(file);
            return new TimelineEvent.SheetReady(sheet.Start, sheet.Duration, sheet.Layout, name, sheet.Jpeg.Length);
        }

        var poster = (SessionPicture.Poster)picture;
        _poster = file;
        return new TimelineEvent.PosterReady(poster.Time, poster.Width, poster.Height, name, poster.Jpeg.Length);
    }

    /// <summary>No newer poster is to be expected: the last one goes to the store.</summary>
    public void Rest()
    {
        _poster?.Seal();
        _poster = null;
    }
}

/// <summary>
/// Names of pictures: <c>thumbnails/MILLISECONDS.jpg</c> and <c>posters/MILLISECONDS.jpg</c> in the session's folder, by the session's time. That never goes back, so no name is used twice.
/// </summary>
internal static class PictureName
{
    private const string Sheets = "thumbnails/";
    private const string Posters = "posters/";
    private const string Ending = ".jpg";

    /// <summary>The name of a picture's object.</summary>
    public static ObjectName Of(string folder, SessionPicture picture) => picture switch
    {
        SessionPicture.Sheet sheet => Of(folder + Sheets, sheet.Start),
        SessionPicture.Poster poster => Of(folder + Posters, poster.Time),
        _ => throw new ArgumentOutOfRangeException(nameof(picture), picture, "There are posters and sheets."),
    };

    /// <summary>Whether an object in the session's folder is a picture.</summary>
    public static bool IsPicture(string folder, ObjectName name) => Parse(folder, name).Kind is not null;

    /// <summary>Whether a picture is older than the newest of its kind that was announced when a process began, and none of those: pictures made since have later names.</summary>
    public static bool IsReplaced(string folder, ObjectName name, IReadOnlySet<ObjectName> announced)
    {
        var (kind, time) = Parse(folder, name);
        return !announced.Contains(name) && announced.Select(other => Parse(folder, other)).Any(other => other.Kind == kind && other.Time > time);
    }

    /// <summary>Whether an object is a sheet that begins before a time, in milliseconds.</summary>
    public static bool IsSheetBefore(string folder, ObjectName name, long time) => Parse(folder, name) is (Sheets, var own) && own < time;

    /// <summary>Whether an object in the session's folder is a poster.</summary>
    public static bool IsPoster(string folder, ObjectName name) => Parse(folder, name).Kind == Posters;

    private static (string? Kind, long Time) Parse(string folder, ObjectName name)
    {
        var text = name.Value.AsSpan();
        if (!text.StartsWith(folder, StringComparison.Ordinal) || !text.EndsWith(Ending, StringComparison.Ordinal))
        {
            return default;
        }

        var rest = text[folder.Length..^Ending.Length];
        var kind = rest.StartsWith(Sheets, StringComparison.Ordinal) ? Sheets : rest.StartsWith(Posters, StringComparison.Ordinal) ? Posters : null;
        return kind is not null && long.TryParse(rest[kind.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var time) ? (kind, time) : default;
    }

    private static ObjectName Of(string folder, MediaTime time) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{Math.Max(0, time.Rescale(1000).Ticks)}{Ending}"));
}
