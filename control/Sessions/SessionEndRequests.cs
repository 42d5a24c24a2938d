using Broadcast.Media;
using Dapper;

namespace Broadcast.Control;

/// <summary>
/// Ends a channel's session from another process, as <c>POST /api/v1/channels/{name}/end</c> does in the one that has it: whoever has the session hears of the wish from the database. What is asked for is in the audit log,
/// whether somebody was there to hear it or not.
/// </summary>
public sealed class SessionEndRequests(Database database, TimeProvider time)
{
    /// <summary>Why a session ended that somebody ended.</summary>
    internal const string Reason = "ended by an operator";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks for the end of a channel's open session.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The session; <see langword="null"/> when the database knows of none that is open.</returns>
    /// <exception cref="ControlException">No such channel.</exception>
    public async Task<SessionId?> AskAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var asked = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "UPDATE sessions SET end_request = coalesce(end_request, @Reason) WHERE channel_id = @channelId AND ended_at IS NULL RETURNING id", new { channelId, Reason }, transaction, cancellationToken: cancellationToken));
        if (!SessionId.TryParse(asked, out var session))
        {
            return null;
        }

        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "session.end", $"session/{session.Value}", AuditLog.Detail(("channel", channel)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return session;
    }

    /// <summary>Waits until a session is written down as ended.</summary>
    /// <param name="session">The session.</param>
    /// <param name="atMost">How long.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is.</returns>
    public async Task<bool> WaitAsync(SessionId session, TimeSpan atMost, CancellationToken cancellationToken = default)
    {
        var began = time.GetTimestamp();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        while (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT NOT EXISTS (SELECT 1 FROM sessions WHERE id = @id AND ended_at IS NULL)", new { id = session.Value }, cancellationToken: cancellationToken)))
        {
            if (time.GetElapsedTime(began) >= atMost)
            {
                return false;
            }

            await Task.Delay(Look, time, cancellationToken);
        }

        return true;
    }
}
