using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>Body of an auth callback request in one of the four formats. Secrets appear only in bodies, never in URLs.</summary>
/// <param name="ContentType">Media type.</param>
/// <param name="Body">Bytes of the body.</param>
internal sealed record AuthCallbackRequest(string ContentType, byte[] Body)
{
    private const int MaxArguments = 32;
    private const string Json = "application/json";
    private static readonly HashSet<string> NginxFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "app", "flashver", "swfurl", "tcurl", "pageurl", "addr", "clientid", "call", "name", "type",
    };

    /// <summary>Formats an event.</summary>
    public static AuthCallbackRequest Of(string format, AuthCallbackEvent e) => format switch
    {
        AuthorizationOptions.NginxFormat => Nginx(e),
        AuthorizationOptions.SrsFormat => Srs(e),
        AuthorizationOptions.MediaMtxFormat => MediaMtx(e),
        _ => Native(e),
    };

    private static AuthCallbackRequest Native(AuthCallbackEvent e) => Write(json =>
    {
        json.WriteString("type", e.End is null ? "publish" : "publish_done");
        json.WriteString("id", e.Id);
        json.WriteString("at", e.At);
        json.WriteString("name", e.KeyId is null ? e.Name : null);
        json.WriteString("channel", e.Channel);
        json.WriteString("keyId", e.KeyId);
        json.WriteString("application", e.Target.Application);
        json.WriteString("query", e.Target.Query);
        json.WriteString("address", e.AddressText);
        json.WriteNumber("port", e.Port);
        json.WriteBoolean("encrypted", e.Target.IsEncrypted);
        json.WriteString("encoder", e.Encoder);
        if (e.End is { } end)
        {
            json.WriteString("session", end.Session);
            json.WriteString("reason", end.Reason);
        }
    });

    /// <summary>
    /// Writes nginx-rtmp-module's <c>on_publish</c> and <c>on_publish_done</c>: a form whose last fields are the arguments of the stream
    /// name.
    /// </summary>
    private static AuthCallbackRequest Nginx(AuthCallbackEvent e)
    {
        List<(string Name, string Value)> fields =
        [
            ("app", e.Target.Application), ("flashver", e.Encoder), ("swfurl", e.Target.SwfUrl), ("tcurl", e.Target.TcUrl),
            ("pageurl", e.Target.PageUrl),
            ("addr", e.AddressText), ("clientid", e.NumericId.ToString(CultureInfo.InvariantCulture)),
            ("call", e.End is null ? "publish" : "publish_done"), ("name", e.Name),
        ];
        if (e.End is null)
        {
            fields.Add(("type", "live"));
        }

        // An argument with the name of a standard field would override it in parsers that use the last value.
        fields.AddRange(Arguments(e.Target.Query).Where(a => !NginxFields.Contains(a.Name)));
        return new("application/x-www-form-urlencoded", Encoding.ASCII
            .GetBytes(string.Join('&', fields.Select(f => $"{WebUtility.UrlEncode(f.Name)}={WebUtility.UrlEncode(f.Value)}"))));
    }

    /// <summary>
    /// Writes SRS' <c>on_publish</c> and <c>on_unpublish</c>. Virtual hosts are not supported, so the default one is always sent.
    /// </summary>
    private static AuthCallbackRequest Srs(AuthCallbackEvent e) => Write(json =>
    {
        const string Host = "__defaultVhost__";
        json.WriteString("server_id", "broadcast");
        json.WriteString("action", e.End is null ? "on_publish" : "on_unpublish");
        json.WriteString("client_id", e.Id.ToString("N"));
        json.WriteString("ip", e.AddressText);
        json.WriteString("vhost", Host);
        json.WriteString("app", e.Target.Application);
        json.WriteString("tcUrl", e.Target.TcUrl);
        json.WriteString("stream", e.Name);
        json.WriteString("param", e.Target.Query.Length == 0 ? "" : "?" + e.Target.Query);
        json.WriteString("stream_url", $"{Host}/{e.Target.Application}/{e.Name}");
        json.WriteString("stream_id", e.Id.ToString("N"));
    });

    /// <summary>Writes MediaMTX' <c>authHTTPAddress</c> request. RTMP has no user and password; encoders send them in the query.</summary>
    private static AuthCallbackRequest MediaMtx(AuthCallbackEvent e) => Write(json =>
    {
        var arguments = Arguments(e.Target.Query);
        json.WriteString("user", arguments.Find(a => a.Name == "user").Value ?? "");
        json.WriteString("password", arguments.Find(a => a.Name == "pass").Value ?? "");
        json.WriteString("token", arguments.Find(a => a.Name == "token").Value ?? "");
        json.WriteString("ip", e.AddressText);
        json.WriteString("action", "publish");
        json.WriteString("path", $"{e.Target.Application}/{e.Name}");
        json.WriteString("protocol", "rtmp");
        json.WriteString("id", e.Id);
        json.WriteString("query", e.Target.Query);
    });

    private static AuthCallbackRequest Write(Action<Utf8JsonWriter> writeMembers)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        return new(Json, buffer.ToArray());
    }

    private static List<(string Name, string Value)> Arguments(string query) =>
    [
        .. query.Split('&', StringSplitOptions.RemoveEmptyEntries).Take(MaxArguments).Select(pair =>
        {
            var parts = pair.Split('=', 2);
            return (WebUtility.UrlDecode(parts[0]), parts.Length == 2 ? WebUtility.UrlDecode(parts[1]) : "");
        }),
    ];
}
