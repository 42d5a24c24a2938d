using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Questions;

namespace Broadcast.Chat.Messages;

/// <summary>
/// Messages and changes that a server has stored together. Pages read the batches of a session in order, so each tells them everything
/// that is new.
/// </summary>
/// <param name="Number">Number in the session, from 1.</param>
/// <param name="Messages">
/// Messages by position, without removed ones. Messages of earlier batches that are shown from now on follow, with their own ids.
/// </param>
/// <param name="Removed">Messages of earlier batches, or of this one, that are no longer shown.</param>
/// <param name="ChangesState">Whether the state of the chat has changed.</param>
/// <param name="Reactions">Number of reactions by emoji; <see langword="null"/> for none.</param>
internal sealed record ChatBatch(long Number, IReadOnlyList<ChatMessage> Messages, IReadOnlyList<MessageId> Removed,
    bool ChangesState = false, IReadOnlyDictionary<string, long>? Reactions = null)
{
    /// <summary>Messages of earlier batches that are shown from now on.</summary>
    public IEnumerable<MessageId> Earlier => Messages.Select(message => message.Id).Where(id => id.Batch != Number);

    /// <summary>Renders the batch as UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new Document([.. Messages.Select(Item.Of)], Removed.Count == 0 ? null : [.. Removed.Select(id => id.ToString())], Reactions),
        BatchJson.Relaxed.BatchDocument);

    /// <summary>Renders messages as UTF-8 JSON, in the form of a batch.</summary>
    public static byte[] ToJson(IEnumerable<ChatMessage> messages) =>
        JsonSerializer.SerializeToUtf8Bytes(new Document([.. messages.Select(Item.Of)], null, null), BatchJson.Relaxed.BatchDocument);

    internal sealed record Document(IReadOnlyList<Item> Messages, IReadOnlyList<string>? Removed,
        IReadOnlyDictionary<string, long>? Reactions);

    internal sealed record Item(string Id, string From, string Name, string? Role, string? Kind, string Text, string? ReplyTo,
        DateTime Time)
    {
        public static Item Of(ChatMessage message) => new(message.Id.ToString(), message.From, message.Name,
            ChatIdentity.NameOf(message.Role), message.IsAnnouncement ? "announcement" : null, message.Text, message.ReplyTo?.ToString(),
            message.MediaTime.UtcDateTime);
    }
}

// Pages parse the text as JSON and display it as text. The relaxed encoder leaves letters of all scripts readable and short.
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatBatch.Document), TypeInfoPropertyName = "BatchDocument")]
[JsonSerializable(typeof(ChatState.Document), TypeInfoPropertyName = "StateDocument")]
[JsonSerializable(typeof(QuestionRow.Document), TypeInfoPropertyName = "QuestionDocument")]
internal sealed partial class BatchJson : JsonSerializerContext
{
    public static BatchJson Relaxed { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    });
}
