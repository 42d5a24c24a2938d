using Broadcast.Control.Identity;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>Access rules of the event stream.</summary>
internal static class EventStreamRules
{
    /// <summary>Returns whether a caller may get a message.</summary>
    /// <param name="role">Role of the caller.</param>
    /// <param name="limits">Restrictions of the caller.</param>
    /// <param name="channelId">Requested channel; <see langword="null"/> for all.</param>
    /// <param name="message">Message to check.</param>
    public static bool IsVisible(TokenRole role, TokenLimits limits, long? channelId, EventStreamMessage message) =>
        (channelId is null || message.ChannelId == channelId)
        && (limits.Channels is not { } channels || (message.Channel is { } channel && channels.Contains(channel, StringComparer.Ordinal)))
        && (limits.Scopes is not { } scopes || scopes.Contains($"{AreaOf(message.Type)}:read", StringComparer.Ordinal)
            || scopes.Contains($"{AreaOf(message.Type)}:write", StringComparer.Ordinal))
        && (limits.Channels is null
            || !message.Type.StartsWith("event.", StringComparison.Ordinal))   // the API shows no events to tokens limited to channels
        && (role >= TokenRole.Producer || !IsForProducers(message.Type))
        && (role >= TokenRole.Moderator || !message.Type.StartsWith("chat.", StringComparison.Ordinal));

    // The messages contain the key id, or the name of a target, which require the producer role.
    private static bool IsForProducers(string type) =>
        type.StartsWith("publish.", StringComparison.Ordinal) || type.StartsWith("target.", StringComparison.Ordinal);

    private static string AreaOf(string type) =>
        type.StartsWith("event.", StringComparison.Ordinal) ? "events" : type.StartsWith("publish.", StringComparison.Ordinal) ? "keys"
        : type.StartsWith("recording.", StringComparison.Ordinal) ? "recordings"
        : type.StartsWith("target.", StringComparison.Ordinal) ? "targets"
        : type.StartsWith("chat.", StringComparison.Ordinal) ? "chat" : "channels";
}
