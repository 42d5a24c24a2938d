using System.Text.Json;
using Broadcast.Chat.Polls;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Chat.Messages;

/// <summary>State of the chat of a session, which pages show beside the messages.</summary>
/// <param name="Settings">Settings of the channel.</param>
/// <param name="Pinned">Message that is pinned; <see langword="null"/> for none.</param>
/// <param name="Poll">Poll that is shown; <see langword="null"/> for none.</param>
/// <param name="QuestionsVersion">Number that increases when questions change.</param>
internal sealed record ChatState(ChatSettings Settings, ChatMessage? Pinned, PollRow? Poll = null, long QuestionsVersion = 0)
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
            Settings.Reactions ? null : false,
            Settings.Questions ? QuestionsVersion : null,
            Pinned is { } message ? ChatBatch.Item.Of(message) : null,
            Poll is { } poll ? new(poll.Id, poll.Question, [.. poll.Options.Zip(poll.Votes, (text, votes) => new PollOption(text, votes))],
                poll.EndsAt?.UtcDateTime) : null),
        BatchJson.Relaxed.StateDocument);

    internal sealed record Document(int? SlowSeconds, bool? MembersOnly, bool? Frozen, bool? Reviewed, bool? Reactions, long? Questions,
        ChatBatch.Item? Pinned, PollItem? Poll);

    internal sealed record PollItem(string Id, string Question, IReadOnlyList<PollOption> Options, DateTime? EndsAt);

    internal sealed record PollOption(string Text, long Votes);
}
