namespace Broadcast.Database;

/// <summary>Notification on the channel <c>broadcast_control</c> that a row has changed, sent by a trigger of its table.</summary>
/// <param name="Table">Name of the table.</param>
/// <param name="RowId">Id of the row, as text. In notifications of session ownership it is the id of the channel.</param>
public readonly record struct DatabaseNotification(string Table, string RowId)
{
    /// <summary>PostgreSQL channel of the notifications.</summary>
    public const string Channel = "broadcast_control";

    /// <summary>Parses a payload of the form <c>table:id</c>.</summary>
    public static DatabaseNotification Parse(string payload) =>
        payload.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? new(payload[..colon], payload[(colon + 1)..])
            : new(payload, "");

    /// <summary>Ids of the changed rows of a table.</summary>
    public static IEnumerable<string> RowsOf(string table, IEnumerable<DatabaseNotification> notifications) =>
        notifications.Where(n => n.Table == table).Select(n => n.RowId);
}
