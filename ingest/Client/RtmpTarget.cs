namespace Broadcast.Ingest.Client;

/// <summary>Where to publish to.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">1935 as a rule.</param>
/// <param name="Application">Path, as in <c>rtmp://HOST/live</c>.</param>
/// <param name="StreamKey">The secret; never part of <see cref="ToString"/>.</param>
/// <param name="UseTls">Whether to speak RTMPS.</param>
public sealed record RtmpTarget(string Host, int Port, string Application, string StreamKey, bool UseTls = false)
{
    /// <summary>
    /// Whether to say in <c>connect</c> what Enhanced RTMP the client speaks, reconnecting included. Not said by default, because some servers refuse what they do not know.
    /// </summary>
    public bool IsEnhanced { get; init; }

    /// <summary>Reads <c>rtmp://HOST[:PORT]/APP/KEY</c> or <c>rtmps://…</c>; the last part of the path is the key.</summary>
    /// <exception cref="FormatException">It is no such address.</exception>
    public static RtmpTarget Parse(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("rtmp" or "rtmps"))
        {
            throw new FormatException("Not an RTMP address; it looks like rtmp://HOST:1935/live/KEY.");
        }

        var path = uri.AbsolutePath.Trim('/');
        var slash = path.LastIndexOf('/');
        if (slash <= 0)
        {
            throw new FormatException("An RTMP address needs an application and a stream key, as in rtmp://HOST:1935/live/KEY.");
        }

        var secure = uri.Scheme == "rtmps";
        return new RtmpTarget(uri.Host, uri.Port > 0 ? uri.Port : secure ? 443 : 1935, path[..slash], path[(slash + 1)..] + uri.Query, secure);
    }

    /// <summary>The address without the key.</summary>
    public override string ToString() => $"{(UseTls ? "rtmps" : "rtmp")}://{Host}:{Port}/{Application}";
}

/// <summary>The server did not let the publisher in, or sent it away.</summary>
/// <param name="code">The server's status code, such as <c>NetStream.Publish.BadName</c>; empty when it just closed.</param>
/// <param name="message">What it said.</param>
public sealed class RtmpPublishException(string code, string message) : Exception(message)
{
    /// <summary>The server's status code; empty when it just closed.</summary>
    public string Code { get; } = code;
}
