namespace Broadcast.Media;

/// <summary>
/// What a store notes with an object for whoever hands it out over HTTP without asking us (a bucket behind a CDN): its media type, and how long caches may keep it. Both follow from the name.
/// </summary>
/// <param name="ContentType">Media type.</param>
/// <param name="CacheControl"><c>Cache-Control</c>, or <see langword="null"/> where nothing is said.</param>
public readonly record struct ObjectHeaders(string ContentType, string? CacheControl)
{
    /// <summary>Bytes that nobody should take for something else.</summary>
    public const string Unknown = "application/octet-stream";

    /// <summary>Media never changes under its name; a year is the longest that caches commonly honor (RFC 9111).</summary>
    private const string Forever = "public, max-age=31536000, immutable";

    private const string Media = "live/";
    private const string Sound = "audio";

    /// <summary>The headers of an object that is created once and never changed. Only media are for everybody; journals and chapters are ours.</summary>
    public static ObjectHeaders Of(ObjectName name)
    {
        var type = TypeOf(name.Value);
        return new(type, type != Unknown && name.Value.StartsWith(Media, StringComparison.Ordinal) ? Forever : null);
    }

    /// <summary>The headers of a list, which is replaced.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="maxAge">How long caches may keep it; whole seconds, at least one.</param>
    /// <param name="stale">How long after that they may still give it while the store fails (RFC 5861, 4).</param>
    public static ObjectHeaders OfList(ObjectName name, TimeSpan maxAge, TimeSpan stale) => new(
        TypeOf(name.Value),
        FormattableString.Invariant($"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}, stale-if-error={Math.Max(1, (long)stale.TotalSeconds)}"));

    /// <summary>Renditions of sound are called <c>audio</c> and something; the rest are pictures (RFC 4337).</summary>
    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".m4s" or ".mp4" => FolderOf(name).StartsWith(Sound, StringComparison.Ordinal) ? "audio/mp4" : "video/mp4",
        ".m3u8" => "application/vnd.apple.mpegurl",
        ".mpd" => "application/dash+xml",
        ".jpg" => "image/jpeg",
        _ => Unknown,
    };

    private static string FolderOf(string name) => name.Split('/') is [.., var folder, _] ? folder : "";
}
