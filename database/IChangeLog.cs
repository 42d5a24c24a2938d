using System.Text.Json.Nodes;
using Npgsql;

namespace Broadcast.Database;

/// <summary>
/// Records of a change in other modules than control: an entry of the audit log, and an event for webhooks. Both are written in the
/// transaction of the change, so neither exists without the other.
/// </summary>
public interface IChangeLog
{
    /// <summary>Adds an entry for a change by the current actor to the audit log.</summary>
    /// <param name="connection">Connection of the change.</param>
    /// <param name="transaction">Transaction of the change.</param>
    /// <param name="at">Time of the change.</param>
    /// <param name="action">Action as <c>noun.verb</c>.</param>
    /// <param name="subject">Changed object as <c>noun/id</c>.</param>
    /// <param name="detail">Further details. Never a secret.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    Task RecordAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset at, string action, string subject,
        IReadOnlyDictionary<string, string> detail, CancellationToken cancellationToken);

    /// <summary>Adds an event to the outbox of each webhook that subscribes to it.</summary>
    /// <param name="connection">Connection of the change.</param>
    /// <param name="transaction">Transaction of the change.</param>
    /// <param name="at">Time of the event.</param>
    /// <param name="type">Type of the event.</param>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="data">Payload. Never a secret.</param>
    /// <param name="isStreamed">Whether clients of the event stream get the event, too.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    Task PublishAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset at, string type, string channel,
        object data, bool isStreamed, CancellationToken cancellationToken);

    /// <summary>
    /// Removes items from the payloads of earlier events, so that the log of deliveries no longer has them. A receiver that has not
    /// received such an event yet gets it without them.
    /// </summary>
    /// <param name="connection">Connection of the change.</param>
    /// <param name="transaction">Transaction of the change.</param>
    /// <param name="type">Type of the events.</param>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="since">Time of the oldest event.</param>
    /// <param name="containing">Texts that the payloads of these events contain; others are not read.</param>
    /// <param name="list">Name of the member of the payload that is a list of items, each of them an object.</param>
    /// <param name="isRemoved">Decides about an item, given the payload and the item.</param>
    /// <param name="cancellationToken">Cancels the removal.</param>
    Task RemoveFromEventsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string type, string channel,
        DateTimeOffset since, IReadOnlyList<string> containing, string list, Func<JsonObject, JsonObject, bool> isRemoved,
        CancellationToken cancellationToken);
}
