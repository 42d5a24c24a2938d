namespace Broadcast.Control;

/// <summary>What of the event stream somebody is told.</summary>
internal static class EventStreamRules
{
    /// <summary>Whether somebody may be told of something.</summary>
    /// <param name="role">Their role.</param>
    /// <param name="limits">What else limits them.</param>
    /// <param name="only">The only channel that they asked for; <see langword="null"/> for all.</param>
    /// <param name="message">What it is.</param>
    public static bool Shows(TokenRole role, TokenLimits limits, long? only, EventStreamMessage message) =>
        (only is null || message.ChannelId == only)
        && (limits.Channels is not { } channels || (message.Channel is { } channel && channels.Contains(channel, StringComparer.Ordinal)))
        && (limits.Scopes is not { } scopes || scopes.Contains($"{AreaOf(message.Type)}:read", StringComparer.Ordinal) || scopes.Contains($"{AreaOf(message.Type)}:write", StringComparer.Ordinal))
        && (limits.Channels is null || !message.Type.StartsWith("event.", StringComparison.Ordinal))   // the API shows events to nobody who is limited to channels
        && (role >= TokenRole.Producer || !message.Type.StartsWith("publish.", StringComparison.Ordinal));   // it names the key, and producers alone see keys

    private static string AreaOf(string type) =>
        type.StartsWith("event.", StringComparison.Ordinal) ? "events" : type.StartsWith("publish.", StringComparison.Ordinal) ? "keys" : type.StartsWith("recording.", StringComparison.Ordinal) ? "recordings" : "channels";
}
