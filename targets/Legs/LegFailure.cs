using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Broadcast.Media.Outbound;
using Broadcast.Publisher;

namespace Broadcast.Targets.Legs;

/// <summary>Failure of a connection to a target, explained for users. Never contains the stream key.</summary>
/// <param name="Reason">Reason, with a remedy where there is one.</param>
/// <param name="IsRejected">Whether a user has to change something; otherwise the failure may pass by itself.</param>
internal sealed record LegFailure(string Reason, bool IsRejected)
{
    /// <summary>Maximum characters of a text from the platform.</summary>
    private const int MaxText = 200;

    /// <summary>
    /// Time after the end of a live publication in which a platform that reports the key as in use has only not noticed that end.
    /// </summary>
    internal static readonly TimeSpan InUseAfterLive = TimeSpan.FromMinutes(3);

    /// <summary>Explains an error.</summary>
    /// <param name="error">Error of connecting or sending.</param>
    /// <param name="streamKey">Stream key, which is removed from texts of the platform.</param>
    /// <param name="sinceLive">Time since the target was live; <see langword="null"/> if it never was.</param>
    public static LegFailure Explain(Exception error, string streamKey, TimeSpan? sinceLive) => error switch
    {
        OutboundDeniedException denied => new(denied.Message, true),
        AuthenticationException tls when !tls.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) => new(
            "The TLS handshake failed. Check whether the server expects rtmps at this port.", false),
        AuthenticationException => new(
            "The certificate of the server is not valid for its name. Check the address, or use rtmp:// if the platform has no rtmps.",
            true),
        RtmpPublishException rejection => Explain(rejection, streamKey, sinceLive),
        TimeoutException late => new(late.Message, false),
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => new(
            "The host name does not exist. Check the address.", false),
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new(
            "The server accepts no connections at this port. Check the address.", false),
        SocketException socket => new($"The server cannot be reached: {socket.SocketErrorCode}.", false),
        _ => new(Clean(error.Message, streamKey), false),
    };

    private static LegFailure Explain(RtmpPublishException rejection, string streamKey, TimeSpan? sinceLive)
    {
        var text = Clean(rejection.Message, streamKey);
        return rejection.Code switch
        {
            "NetStream.Publish.BadName" when sinceLive < InUseAfterLive => new(
                "The platform still considers the previous connection open. It will accept a new one once it notices that it has ended.",
                false),
            "NetStream.Publish.BadName" => new(
                $"The platform rejects the stream key: it is wrong, has expired, or another encoder uses it ({text}).", true),
            "NetStream.Publish.Denied" or "NetStream.Publish.Unauthorized" or "NetStream.Authenticate.UsherFailed" => new(
                $"The platform rejects the stream key. Copy it again from the platform ({text}).", true),
            "NetConnection.Connect.InvalidApp" => new(
                $"The platform does not know the path of the address. Check its last part ({text}).", true),
            "NetConnection.Connect.Rejected" when rejection.Redirect is { } address => new(
                $"The platform redirects publishers to another address, which is not followed. Enter it: {Clean(address, streamKey)}.", true),
            "NetConnection.Connect.Rejected" => new($"The platform rejects the connection ({text}).", true),
            _ => new(text.Length > 0 ? $"The platform ended the publication: {text}." : "The platform ended the publication.", false),
        };
    }

    /// <summary>
    /// Makes a text of a platform safe to show: without the stream key and control characters, and not longer than a line.
    /// </summary>
    internal static string Clean(string text, string streamKey)
    {
        // Surrogates: half of a pair would be no valid text.
        var safe = new string([.. text.Where(character => !char.IsControl(character) && !char.IsSurrogate(character)
            && char.GetUnicodeCategory(character) is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator))]);
        foreach (var secret in SecretsOf(streamKey))
        {
            safe = safe.Replace(secret, "…", StringComparison.OrdinalIgnoreCase);
        }

        return (safe.Length > MaxText ? safe[..MaxText] : safe).Trim().TrimEnd('.');
    }

    /// <summary>The key, its part before a query, and their escaped forms; the longest first.</summary>
    private static IEnumerable<string> SecretsOf(string streamKey)
    {
        const int MinPart = 6;
        var part = streamKey.Split('?')[0];
        string[] parts = part.Length >= MinPart && part != streamKey ? [streamKey, part] : [streamKey];
        return parts.SelectMany(key => new[] { key, Uri.EscapeDataString(key) }).Where(key => key.Length > 0).Distinct()
            .OrderByDescending(key => key.Length);
    }
}
