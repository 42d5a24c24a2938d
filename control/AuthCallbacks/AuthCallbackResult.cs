using System.Text.Json;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>Result of an auth callback for a publisher.</summary>
internal abstract record AuthCallbackResult
{
    private AuthCallbackResult() { }

    /// <summary>The publisher is allowed.</summary>
    /// <param name="Channel">Channel named in the response, not validated; <see langword="null"/> when it names none.</param>
    /// <param name="Create">Whether the response permits creating the channel.</param>
    public sealed record Allowed(string? Channel, bool Create) : AuthCallbackResult;

    /// <summary>The publisher is denied.</summary>
    /// <param name="Message">Message for the person at the encoder; <see langword="null"/> for the default message.</param>
    public sealed record Denied(string? Message) : AuthCallbackResult;

    /// <summary>The response was missing or unusable.</summary>
    /// <param name="Reason">Value for the metric: <c>timeout</c>, <c>unreachable</c>, <c>status</c>, <c>redirect</c>, <c>too_large</c> or
    /// <c>malformed</c>.</param>
    public sealed record Failed(string Reason) : AuthCallbackResult;

    /// <summary>Returns whether the result is in the body; otherwise the body is not read.</summary>
    public static bool NeedsBody(string format, int status) => status == 200
        && format is AuthorizationOptions.BroadcastFormat or AuthorizationOptions.SrsFormat;

    /// <summary>Parses a response.</summary>
    /// <param name="format">Response format.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="location">Raw <c>Location</c> header, if any. It is read as a name and never followed.</param>
    /// <param name="body">Body, if needed.</param>
    public static AuthCallbackResult Read(string format, int status, string? location, ReadOnlyMemory<byte> body) => (format, status) switch
    {
        (_, >= 500 or 408 or 429) => new Failed("status"),
        (AuthorizationOptions.NginxFormat, >= 200 and < 300) => new Allowed(null, Create: true),
        (AuthorizationOptions.NginxFormat, >= 300 and < 400) => location is null ? new Allowed(null, Create: true) : ReadName(location),
        (_, >= 300 and < 400) => new Failed("redirect"),
        (AuthorizationOptions.MediaMtxFormat, >= 200 and < 300) => new Allowed(null, Create: true),
        (AuthorizationOptions.SrsFormat, 200) => ReadSrs(body),
        (AuthorizationOptions.BroadcastFormat, 200) => ReadBroadcast(body),
        (AuthorizationOptions.BroadcastFormat, not (401 or 403)) => new Failed("status"),
        _ => new Denied(null),
    };

    /// <summary>
    /// Reads a name from <c>Location</c>. In nginx-rtmp, a URL beginning with <c>rtmp://</c> requests a push elsewhere and anything else is
    /// the new name. Only names are supported here.
    /// </summary>
    private static AuthCallbackResult ReadName(string location) => location.Contains('/', StringComparison.Ordinal) ? new Failed("redirect")
        : new Allowed(location, Create: true);

    /// <summary>Reads an integer, or an object whose <c>code</c> is one; 0 means allowed.</summary>
    private static AuthCallbackResult ReadSrs(ReadOnlyMemory<byte> body)
    {
        using var document = CallbackJson.Parse(body);
        var code = document?.RootElement switch
        {
            { ValueKind: JsonValueKind.Number } number => number,
            { ValueKind: JsonValueKind.Object } answer when answer.TryGetProperty("code", out var member) => member,
            _ => default(JsonElement),
        };
        if (code.ValueKind != JsonValueKind.Number)
        {
            return new Failed("malformed");
        }

        return code.TryGetInt64(out var value) && value == 0 ? new Allowed(null, Create: true) : new Denied(null);
    }

    private static AuthCallbackResult ReadBroadcast(ReadOnlyMemory<byte> body)
    {
        using var document = CallbackJson.Parse(body);
        if (document is not { RootElement: { ValueKind: JsonValueKind.Object } answer } || !answer.TryGetProperty("allow", out var allow)
            || allow.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return new Failed("malformed");
        }

        if (allow.ValueKind == JsonValueKind.False)
        {
            return new Denied(CallbackJson.Text(answer, "message") is { } message ? CallbackJson.Sanitize(message) : null);
        }

        return new Allowed(CallbackJson.Text(answer, "channel"), answer.TryGetProperty("create", out var create)
            && create.ValueKind == JsonValueKind.True);
    }
}
