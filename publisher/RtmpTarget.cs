namespace Broadcast.Publisher;

/// <summary>Target of a publication.</summary>
/// <param name="Host">Host name or address.</param>
/// <param name="Port">Usually 1935.</param>
/// <param name="Application">Path, as in <c>rtmp://HOST/live</c>.</param>
/// <param name="StreamKey">The stream key; never part of <see cref="ToString"/>.</param>
/// <param name="UseTls">Whether to use RTMPS.</param>
public sealed record RtmpTarget(string Host, int Port, string Application, string StreamKey, bool UseTls = false)
{
    /// <summary>
    /// Indicates whether <c>connect</c> declares Enhanced RTMP capabilities, including reconnect. Off by default, because some servers
    /// reject unknown properties.
    /// </summary>
    public bool IsEnhanced { get; init; }

    /// <summary>Parses <c>rtmp://HOST[:PORT]/APP/KEY</c> or <c>rtmps://…</c>; the last part of the path is the key.</summary>
    /// <exception cref="FormatException">The text is not such a URL.</exception>
    public static RtmpTarget Parse(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("rtmp" or "rtmps"))
        {
            throw new FormatException("Not an RTMP URL; use rtmp://HOST:1935/live/KEY.");
        }

        var path = uri.AbsolutePath.Trim('/');
        var slash = path.LastIndexOf('/');
        if (slash <= 0)
        {
            throw new FormatException("An RTMP URL needs an application and a stream key, as in rtmp://HOST:1935/live/KEY.");
        }

        var secure = uri.Scheme == "rtmps";
        return new RtmpTarget(uri.Host, uri.Port > 0 ? uri.Port : secure ? 443 : 1935, path[..slash], path[(slash + 1)..] + uri.Query,
            secure);
    }

    /// <summary>The URL without the stream key.</summary>
    public override string ToString() => 
        $"{(UseTls ? "rtmps" : "rtmp")}://{(Host.Contains(':') && Host[0] != '[' ? $"[{Host}]" : Host)}:{Port}/{Application}";
}

/// <summary>The server rejected or disconnected the publisher.</summary>
/// <param name="code">Status code from the server, such as <c>NetStream.Publish.BadName</c>; empty when the server just closed the
/// connection.</param>
/// <param name="message">Description from the server.</param>
public sealed class RtmpPublishException(string code, string message) : Exception(message)
{
    /// <summary>Status code from the server; empty when the server just closed the connection.</summary>
    public string Code { get; } = code;

    /// <summary>
    /// Address to which the server redirects (<c>ex.redirect</c>); <see langword="null"/> for none. It can contain the stream key.
    /// </summary>
    public string? Redirect { get; init; }
}
