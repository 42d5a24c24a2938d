using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Sessions;

/// <summary>
/// Ends a channel's session from another process, like <c>POST /api/v1/channels/{name}/end</c> in the owning one. The database notifies the
/// owner of the request. The request is recorded in the audit log even if no server receives it.
/// </summary>
public sealed class SessionEndRequests(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>End reason of a session that an operator ended.</summary>
    internal const string Reason = "ended by an operator";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Requests the end of a channel's open session.</summary>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The session; <see langword="null"/> when none is open in the database.</returns>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task<SessionId?> RequestAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var requested = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "UPDATE sessions SET end_request = coalesce(end_request, @Reason) WHERE channel_id = @channelId AND ended_at IS NULL "
            + "RETURNING id", new { channelId, Reason }, transaction, cancellationToken: cancellationToken));
        if (!SessionId.TryParse(requested, out var session))
        {
            return null;
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "session.end", $"session/{session.Value}",
            AuditLog.Detail(("channel", channel)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return session;
    }

    /// <summary>Waits until a session is stored as ended.</summary>
    /// <param name="session">Session to wait for.</param>
    /// <param name="timeout">Timeout.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Whether it is stored as ended.</returns>
    public async Task<bool> WaitAsync(SessionId session, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var started = time.GetTimestamp();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        while (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT NOT EXISTS (SELECT 1 FROM sessions WHERE id = @id AND ended_at IS NULL)", new { id = session.Value },
            cancellationToken: cancellationToken)))
        {
            if (time.GetElapsedTime(started) >= timeout)
            {
                return false;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }

        return true;
    }
}
