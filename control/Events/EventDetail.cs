using System.Globalization;
using Npgsql;

namespace Broadcast.Control;

/// <summary>What the audit log and reasons say of changes to events.</summary>
internal static class EventDetail
{
    /// <summary>The schedule, as it moves events.</summary>
    public static Actor Schedule { get; } = new(ActorKind.Schedule, "", "", "");

    /// <summary>What was asked for, as far as it was.</summary>
    public static IReadOnlyDictionary<string, string> Of(EventSettings s) => AuditLog.Detail(
        ("reminderMinutes", s.Reminders is null ? null : string.Join(',', s.Reminders)),
        ("title", s.Title), ("channel", s.Channel), ("start", s.Start?.ToString()), ("end", s.End?.ToString()), ("timeZone", s.TimeZone), ("recurrence", s.Recurrence), ("description", s.Description),
        ("poster", s.Poster), ("ladder", s.Ladder), ("latency", s.Latency), ("record", s.Record), ("access", s.Access), ("announced", s.Announced), ("startMode", s.StartMode), ("previewSeconds", Seconds(s.Preview)),
        ("graceSeconds", Seconds(s.Grace)), ("overrun", s.Overrun), ("noShowSeconds", Seconds(s.NoShow)));

    /// <summary>Somebody, as reasons name them.</summary>
    public static string Who(Actor actor) => actor switch
    {
        { Kind: ActorKind.Server } => "the server",
        { Kind: ActorKind.Command, Id.Length: 0 } => "a command",
        { Kind: ActorKind.Command } => $"a command of {actor.Id}",
        { Name.Length: 0 } => $"{AuditLog.Name(actor.Kind)} {actor.Id}",
        _ => $"{AuditLog.Name(actor.Kind)} {actor.Id} ({actor.Name})",
    };

    /// <summary>Has webhooks told of a step; with it, in its transaction.</summary>
    public static Task TellAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset at, EventState to, string channel, EventData data, CancellationToken cancellationToken) => to switch
    {
        EventState.Preview => Outbox.AddAsync(connection, transaction, at, HookTypes.EventPreview, channel, data, cancellationToken),
        EventState.Live => Outbox.AddAsync(connection, transaction, at, HookTypes.EventLive, channel, data, cancellationToken),
        _ => Outbox.AddAsync(connection, transaction, at, HookTypes.EventEnded, channel, data, cancellationToken),
    };

    private static string? Seconds(TimeSpan? length) => length?.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
