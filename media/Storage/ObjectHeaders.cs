using Broadcast.Media.Objects;

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

    private const string AudioPrefix = "audio";

    /// <summary>Headers of an immutable object. Only media is public; journals and index blocks are internal.</summary>
    public static ObjectHeaders Of(ObjectName name)
    {
        var type = TypeOf(name);
        return new(type, type != Unknown && name.Value.StartsWith(ObjectNames.LiveRoot, StringComparison.Ordinal) ? Immutable : null);
    }

    /// <summary>Headers of a manifest, which is replaced over time.</summary>
    /// <param name="name">Object name.</param>
    /// <param name="maxAge">Cache lifetime in whole seconds, at least 1.</param>
    /// <param name="stale">Time after <paramref name="maxAge"/> in which caches may serve the stale manifest while the store fails (RFC
    /// 5861, 4).</param>
    public static ObjectHeaders OfManifest(ObjectName name, TimeSpan maxAge, TimeSpan stale) => new(
        TypeOf(name),
        FormattableString.Invariant(
            $"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}, stale-if-error={Math.Max(1, (long)stale.TotalSeconds)}"));

    /// <summary>Audio renditions have names that start with <c>audio</c>; all others are video (RFC 4337).</summary>
    private static string TypeOf(ObjectName name) => !ObjectNames.TryParse(name, out var parsed) ? Unknown : parsed.Kind switch
    {
        ObjectKind.Init or ObjectKind.Segment => parsed.Rendition.StartsWith(AudioPrefix, StringComparison.Ordinal) ? "audio/mp4"
            : "video/mp4",
        ObjectKind.MediaPlaylist or ObjectKind.ChannelMultivariantPlaylist or ObjectKind.VodMediaPlaylist
            or ObjectKind.VodMultivariantPlaylist => "application/vnd.apple.mpegurl",
        ObjectKind.SessionMpd or ObjectKind.ChannelMpd or ObjectKind.VodMpd => "application/dash+xml",
        ObjectKind.SpriteSheet or ObjectKind.Poster => "image/jpeg",
        _ => Unknown,
    };
}
