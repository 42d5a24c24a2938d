using Broadcast.Media.ControlToChat;

namespace Broadcast.Control.Webhooks;

/// <summary>Webhook event types.</summary>
public static class WebhookEventTypes
{
    /// <summary>An encoder started publishing.</summary>
    public const string PublishStarted = "publish.started";

    /// <summary>An encoder stopped publishing.</summary>
    public const string PublishStopped = "publish.stopped";

    /// <summary>Viewers of a session no longer get media of an encoder.</summary>
    public const string InputLost = "input.lost";

    /// <summary>Viewers of a session get media of an encoder again.</summary>
    public const string InputRestored = "input.back";

    /// <summary>A scheduled event is about to start.</summary>
    public const string EventReminder = "event.reminder";

    /// <summary>The start of a scheduled event has passed without an encoder.</summary>
    public const string EventLate = "event.late";

    /// <summary>A scheduled event is in preview: its encoder may publish, hidden from viewers.</summary>
    public const string EventPreview = "event.preview";

    /// <summary>A scheduled event is live.</summary>
    public const string EventLive = "event.live";

    /// <summary>A scheduled event ended.</summary>
    public const string EventEnded = "event.ended";

    /// <summary>A session ended, and its recording can be played.</summary>
    public const string RecordingReady = "recording.ready";

    /// <summary>An encoder has a health issue.</summary>
    public const string HealthIssue = "health.issue";

    /// <summary>A target became live: the other platform acknowledges media.</summary>
    public const string TargetLive = "target.live";

    /// <summary>A target that was live has not been for 10 s.</summary>
    public const string TargetLost = "target.lost";

    /// <summary>Another platform rejects a target, or this server does; a user has to change something.</summary>
    public const string TargetRejected = "target.rejected";

    /// <summary>Viewers see new messages of the chat. The event stream does not get it.</summary>
    public const string ChatMessage = ChatEvents.Message;

    /// <summary>Messages of the chat wait for a moderator.</summary>
    public const string ChatHeld = ChatEvents.Held;

    /// <summary>A moderator of the chat has acted, or has undone an action.</summary>
    public const string ChatModerated = ChatEvents.Moderated;

    /// <summary>Test event, sent on request to any webhook.</summary>
    public const string Test = "webhook.test";

    /// <summary>All types that a webhook can subscribe to.</summary>
    public static IReadOnlyList<string> All { get; } =
        [PublishStarted, PublishStopped, InputLost, InputRestored, EventReminder, EventPreview, EventLate, EventLive, EventEnded,
            RecordingReady, HealthIssue, TargetLive, TargetLost, TargetRejected, ChatMessage, ChatHeld, ChatModerated];
}
