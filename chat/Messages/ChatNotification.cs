using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Chat.Messages;

/// <summary>Notification to the other servers that a session has a new batch.</summary>
/// <param name="Session">The session.</param>
/// <param name="Batch">Number of the batch.</param>
internal readonly record struct ChatNotification(SessionId Session, long Batch)
{
    /// <summary>Formats a notification as <c>session:number</c>.</summary>
    public static string Format(SessionId session, long batch) => string.Create(CultureInfo.InvariantCulture, $"{session.Value}:{batch}");

    /// <summary>Parses a notification; <see langword="null"/> when it is invalid.</summary>
    public static ChatNotification? Parse(string payload) =>
        payload.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && SessionId.TryParse(payload[..colon], out var session)
        && long.TryParse(payload.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var batch)
            ? new(session, batch) : null;
}
