using System.Text.Json;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Chat.Messages;

/// <summary>State of the chat of a session, which pages show beside the messages.</summary>
/// <param name="Settings">Settings of the channel.</param>
/// <param name="Pinned">Message that is pinned; <see langword="null"/> for none.</param>
internal sealed record ChatState(ChatSettings Settings, ChatMessage? Pinned)
{
    /// <summary>State of a session without messages, in a channel with default settings.</summary>
    public static ChatState Default { get; } = new(new ChatSettings(true), null);

    /// <summary>Renders the state as UTF-8 JSON. Members that do not apply are omitted.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new Document(
            Settings.SlowSeconds > 0 ? Settings.SlowSeconds : null,
            Settings.MembersOnly ? true : null,
            Settings.Frozen ? true : null,
            Settings.HoldAll ? true : null,
            Pinned is { } message ? ChatBatch.Item.Of(message) : null),
        BatchJson.Relaxed.StateDocument);

    internal sealed record Document(int? SlowSeconds, bool? MembersOnly, bool? Frozen, bool? Reviewed, ChatBatch.Item? Pinned);
}
