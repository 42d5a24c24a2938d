using System.Globalization;

namespace Broadcast.Control;

/// <summary>What the audit log and reasons say of changes to events.</summary>
internal static class EventDetail
{
    /// <summary>The schedule, as it moves events.</summary>
    public static Actor Schedule { get; } = new(ActorKind.Schedule, "", "", "");

    /// <summary>What was asked for, as far as it was.</summary>
    public static IReadOnlyDictionary<string, string> Of(EventSettings s) => AuditLog.Detail(
        ("title", s.Title), ("channel", s.Channel), ("start", s.Start?.ToString()), ("end", s.End?.ToString()), ("timeZone", s.TimeZone), ("recurrence", s.Recurrence), ("description", s.Description),
        ("poster", s.Poster), ("ladder", s.Ladder), ("latency", s.Latency), ("record", s.Record), ("startMode", s.StartMode), ("previewSeconds", Seconds(s.Preview)),
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

    private static string? Seconds(TimeSpan? length) => length?.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
