namespace Broadcast.Media.Storage;

/// <summary>
/// HTTP headers stored with an object, for servers that deliver it directly (a bucket behind a CDN). They follow from the name.
/// </summary>
/// <param name="ContentType">Media type.</param>
/// <param name="CacheControl">Value of <c>Cache-Control</c>; <see langword="null"/> for none.</param>
public readonly record struct ObjectHeaders(string ContentType, string? CacheControl)
{
    /// <summary>Generic media type, for all other objects.</summary>
    public const string Unknown = "application/octet-stream";

    /// <summary>Media never changes; one year is the longest lifetime that caches commonly honor (RFC 9111).</summary>
    private const string Immutable = "public, max-age=31536000, immutable";

    private const string Media = "live/";
    private const string AudioPrefix = "audio";

    /// <summary>Headers of an immutable object. Only media is public; journals and index blocks are internal.</summary>
    public static ObjectHeaders Of(ObjectName name)
    {
        var type = TypeOf(name.Value);
        return new(type, type != Unknown && name.Value.StartsWith(Media, StringComparison.Ordinal) ? Immutable : null);
    }

    /// <summary>Headers of a manifest, which is replaced over time.</summary>
    /// <param name="name">Object name.</param>
    /// <param name="maxAge">Cache lifetime in whole seconds, at least 1.</param>
    /// <param name="stale">Time after <paramref name="maxAge"/> in which caches may serve the stale manifest while the store fails (RFC
    /// 5861, 4).</param>
    public static ObjectHeaders OfManifest(ObjectName name, TimeSpan maxAge, TimeSpan stale) => new(
        TypeOf(name.Value),
        FormattableString.Invariant($"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}, stale-if-error={Math.Max(1, (long)stale.TotalSeconds)}"));

    /// <summary>Audio renditions have names that start with <c>audio</c>; all others are video (RFC 4337).</summary>
    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".m4s" or ".mp4" => FolderOf(name).StartsWith(AudioPrefix, StringComparison.Ordinal) ? "audio/mp4" : "video/mp4",
        ".m3u8" => "application/vnd.apple.mpegurl",
        ".mpd" => "application/dash+xml",
        ".jpg" => "image/jpeg",
        _ => Unknown,
    };

    private static string FolderOf(string name) => name.Split('/') is [.., var folder, _] ? folder : "";
}
