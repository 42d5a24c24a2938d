using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broadcast.Chat.Messages;

/// <summary>
/// Messages and changes that a server has stored together. Pages read the batches of a session in order, so each tells them everything
/// that is new.
/// </summary>
/// <param name="Number">Number in the session, from 1.</param>
/// <param name="Messages">Messages by position, without removed ones.</param>
/// <param name="Removed">Messages of earlier batches, or of this one, that have been removed.</param>
internal sealed record ChatBatch(long Number, IReadOnlyList<ChatMessage> Messages, IReadOnlyList<MessageId> Removed)
{
    /// <summary>Renders the batch as UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new Document(
            [.. Messages.Select(message => new Item(message.Id.ToString(), message.From, message.Name, message.Text,
                message.ReplyTo?.ToString(), message.MediaTime.UtcDateTime))],
            Removed.Count == 0 ? null : [.. Removed.Select(id => id.ToString())]),
        BatchJson.Relaxed.Document);

    internal sealed record Document(IReadOnlyList<Item> Messages, IReadOnlyList<string>? Removed);

    internal sealed record Item(string Id, string From, string Name, string Text, string? ReplyTo, DateTime Time);
}

// Pages parse the text as JSON and display it as text. The relaxed encoder leaves letters of all scripts readable and short.
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatBatch.Document))]
internal sealed partial class BatchJson : JsonSerializerContext
{
    public static BatchJson Relaxed { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    });
}
