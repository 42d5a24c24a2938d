using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Control.Webhooks;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>Audit details and reasons of event changes.</summary>
internal static class EventDetail
{
    /// <summary>Actor of the event scheduler.</summary>
    public static Actor Schedule { get; } = new(ActorKind.Schedule, "", "", "");

    /// <summary>Audit log details of the settings that were given.</summary>
    public static IReadOnlyDictionary<string, string> Of(EventSettings s) => AuditLog.Detail(
        ("reminderMinutes", s.Reminders is null ? null : string.Join(',', s.Reminders)),
        ("title", s.Title), ("channel", s.Channel), ("start", s.Start?.ToString()), ("end", s.End?.ToString()), ("timeZone", s.TimeZone),
        ("recurrence", s.Recurrence), ("description", s.Description),
        ("poster", s.Poster), ("ladder", s.Ladder), ("latency", s.Latency), ("record", s.Record), ("access", s.Access), ("chat", s.Chat),
        ("announced", s.Announced), ("startMode", s.StartMode), ("previewSeconds", Seconds(s.Preview)),
        ("graceSeconds", Seconds(s.Grace)), ("overrun", s.Overrun), ("noShowSeconds", Seconds(s.NoShow)));

    /// <summary>Name of an actor in reasons.</summary>
    public static string ActorName(Actor actor) => actor switch
    {
        { Kind: ActorKind.Server } => "the server",
        { Kind: ActorKind.Command, Id.Length: 0 } => "a command",
        { Kind: ActorKind.Command } => $"a command by {actor.Id}",
        { Name.Length: 0 } => $"{AuditLog.Name(actor.Kind)} {actor.Id}",
        _ => $"{AuditLog.Name(actor.Kind)} {actor.Id} ({actor.Name})",
    };

    /// <summary>Adds the webhook event of a transition to the outbox, in the same transaction.</summary>
    public static Task NotifyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset at, EventState to, string channel, EventData data,
        CancellationToken cancellationToken) => to switch
    {
        EventState.Preview => Outbox.AddAsync(connection, transaction, at, WebhookEventTypes.EventPreview, channel, data,
            cancellationToken),
        EventState.Live => Outbox.AddAsync(connection, transaction, at, WebhookEventTypes.EventLive, channel, data, cancellationToken),
        _ => Outbox.AddAsync(connection, transaction, at, WebhookEventTypes.EventEnded, channel, data, cancellationToken),
    };

    /// <summary>Audit log action of a transition.</summary>
    public static string AuditActionOf(EventState to) => to switch
    {
        EventState.Preview => "event.preview",
        EventState.Live => "event.start",
        EventState.Ended => "event.end",
        EventState.Cancelled => "event.cancel",
        _ => throw new ArgumentOutOfRangeException(nameof(to), to, "No transition leads to the state."),
    };

    private static string? Seconds(TimeSpan? length) => length?.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
