using System.Text.Json;

namespace Broadcast.Control;

/// <summary>What a webhook made of a publisher.</summary>
internal abstract record WebhookAnswer
{
    private const int MaxMessage = 200;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    private WebhookAnswer() { }

    /// <summary>It may publish.</summary>
    /// <param name="Channel">The channel that the answer names, unread; <see langword="null"/> when it names none.</param>
    /// <param name="Create">Whether the answer wants the channel made when there is none.</param>
    public sealed record Allowed(string? Channel, bool Create) : WebhookAnswer;

    /// <summary>It may not.</summary>
    /// <param name="Message">What to tell the person at the encoder; <see langword="null"/> for the usual words.</param>
    public sealed record Denied(string? Message) : WebhookAnswer;

    /// <summary>There was no answer that means anything.</summary>
    /// <param name="Why">One word for the metric: <c>timeout</c>, <c>unreachable</c>, <c>status</c>, <c>redirect</c>, <c>too_large</c> or <c>malformed</c>.</param>
    public sealed record Fault(string Why) : WebhookAnswer;

    /// <summary>Whether a form's answer stands in the body; where it does not, nothing of the body is read.</summary>
    public static bool NeedsBody(string form, int status) => status == 200 && form is AuthorizationOptions.BroadcastForm or AuthorizationOptions.SrsForm;

    /// <summary>Reads an answer.</summary>
    /// <param name="form">The form.</param>
    /// <param name="status">The status.</param>
    /// <param name="location">The header <c>Location</c> as it stands, if any. It is read as a name and never gone to.</param>
    /// <param name="body">The body, where it is needed.</param>
    public static WebhookAnswer Read(string form, int status, string? location, ReadOnlyMemory<byte> body) => (form, status) switch
    {
        (_, >= 500 or 408 or 429) => new Fault("status"),
        (AuthorizationOptions.NginxForm, >= 200 and < 300) => new Allowed(null, Create: true),
        (AuthorizationOptions.NginxForm, >= 300 and < 400) => location is null ? new Allowed(null, Create: true) : ReadName(location),
        (_, >= 300 and < 400) => new Fault("redirect"),
        (AuthorizationOptions.MediaMtxForm, >= 200 and < 300) => new Allowed(null, Create: true),
        (AuthorizationOptions.SrsForm, 200) => ReadSrs(body),
        (AuthorizationOptions.BroadcastForm, 200) => ReadOwn(body),
        (AuthorizationOptions.BroadcastForm, not (401 or 403)) => new Fault("status"),
        _ => new Denied(null),
    };

    /// <summary>In nginx-rtmp an address beginning with <c>rtmp://</c> asks for a push elsewhere and anything else is the new name. Here only a name is taken.</summary>
    private static WebhookAnswer ReadName(string location) => location.Contains('/', StringComparison.Ordinal) ? new Fault("redirect") : new Allowed(location, Create: true);

    /// <summary>An integer, or an object whose <c>code</c> is one; 0 is yes.</summary>
    private static WebhookAnswer ReadSrs(ReadOnlyMemory<byte> body)
    {
        using var document = Parse(body);
        var code = document?.RootElement switch
        {
            { ValueKind: JsonValueKind.Number } number => number,
            { ValueKind: JsonValueKind.Object } answer when answer.TryGetProperty("code", out var member) => member,
            _ => default(JsonElement),
        };
        if (code.ValueKind != JsonValueKind.Number)
        {
            return new Fault("malformed");
        }

        return code.TryGetInt64(out var value) && value == 0 ? new Allowed(null, Create: true) : new Denied(null);
    }

    private static WebhookAnswer ReadOwn(ReadOnlyMemory<byte> body)
    {
        using var document = Parse(body);
        if (document is not { RootElement: { ValueKind: JsonValueKind.Object } answer } || !answer.TryGetProperty("allow", out var allow)
            || allow.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return new Fault("malformed");
        }

        if (allow.ValueKind == JsonValueKind.False)
        {
            return new Denied(Text(answer, "message") is { } message ? Clean(message) : null);
        }

        return new Allowed(Text(answer, "channel"), answer.TryGetProperty("create", out var create) && create.ValueKind == JsonValueKind.True);
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, Strict);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement answer, string name)
    {
        try
        {
            return answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;   // lone surrogates
        }
    }

    private static string Clean(string message) => new([.. message.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxMessage)]);
}
