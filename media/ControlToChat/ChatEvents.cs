namespace Broadcast.Media.ControlToChat;

/// <summary>Types of the events that the chat publishes to webhooks.</summary>
public static class ChatEvents
{
    /// <summary>Viewers see new messages.</summary>
    public const string Message = "chat.message";

    /// <summary>Messages wait for a moderator.</summary>
    public const string Held = "chat.held";

    /// <summary>A moderator has acted, or has undone an action.</summary>
    public const string Moderated = "chat.moderated";
}
