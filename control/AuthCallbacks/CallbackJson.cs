using System.Text.Json;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>JSON in responses of auth callbacks and the review webhook. Invalid values read as missing.</summary>
internal static class CallbackJson
{
    private const int MaxMessage = 200;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Parses a body; <see langword="null"/> when it is not valid JSON, or has a member twice.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> body)
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

    /// <summary>Reads a string member of an object; <see langword="null"/> when it is missing, or not a valid string.</summary>
    public static string? Text(JsonElement answer, string name)
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

    /// <summary>Shortens a message for people to 200 characters without control characters.</summary>
    public static string Sanitize(string message) =>
        new([.. message.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxMessage)]);
}
