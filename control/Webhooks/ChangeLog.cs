using System.Text.Json.Nodes;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Npgsql;

namespace Broadcast.Control.Webhooks;

/// <summary>Records changes of other modules in the audit log and the outbox.</summary>
public sealed class ChangeLog : IChangeLog
{
    /// <inheritdoc/>
    public Task RecordAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset at, string action, string subject,
        IReadOnlyDictionary<string, string> detail, CancellationToken cancellationToken) =>
        AuditLog.RecordAsync(connection, transaction, at, action, subject, detail, cancellationToken);

    /// <inheritdoc/>
    public Task PublishAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset at, string type, string channel,
        object data, bool isStreamed, CancellationToken cancellationToken) =>
        Outbox.AddAsync(connection, transaction, at, type, channel, data, cancellationToken, isStreamed);

    /// <inheritdoc/>
    public Task RemoveFromEventsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string type, string channel,
        DateTimeOffset since, IReadOnlyList<string> containing, string list, Func<JsonObject, JsonObject, bool> isRemoved,
        CancellationToken cancellationToken) =>
        Outbox.RemoveItemsAsync(connection, transaction, type, channel, since, containing, list, isRemoved, cancellationToken);
}
