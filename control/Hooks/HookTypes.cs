namespace Broadcast.Control;

/// <summary>What webhooks can be told of, by the names that stand in requests.</summary>
public static class HookTypes
{
    /// <summary>An encoder was let in.</summary>
    public const string PublishStarted = "publish.started";

    /// <summary>An encoder is gone.</summary>
    public const string PublishStopped = "publish.stopped";

    /// <summary>Viewers of a session get nothing of an encoder any more.</summary>
    public const string InputLost = "input.lost";

    /// <summary>They do again.</summary>
    public const string InputBack = "input.back";

    /// <summary>A scheduled event begins in so many minutes.</summary>
    public const string EventReminder = "event.reminder";

    /// <summary>A scheduled event should have begun, and no encoder is there.</summary>
    public const string EventLate = "event.late";

    /// <summary>A scheduled event lets its encoder in; its audience sees nothing yet.</summary>
    public const string EventPreview = "event.preview";

    /// <summary>A scheduled event is live.</summary>
    public const string EventLive = "event.live";

    /// <summary>A scheduled event is over.</summary>
    public const string EventEnded = "event.ended";

    /// <summary>A session is over, and its recording can be played.</summary>
    public const string RecordingReady = "recording.ready";

    /// <summary>Something is wrong with what an encoder sends.</summary>
    public const string HealthIssue = "health.issue";

    /// <summary>Somebody tries a webhook out. Every webhook gets it, when it is asked for.</summary>
    public const string Test = "webhook.test";

    /// <summary>All that a webhook can be made for.</summary>
    public static IReadOnlyList<string> All { get; } =
        [PublishStarted, PublishStopped, InputLost, InputBack, EventReminder, EventPreview, EventLate, EventLive, EventEnded, RecordingReady, HealthIssue];
}
