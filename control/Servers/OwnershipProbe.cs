using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Asks the database, on a new connection, which sessions of this server others have taken over or ended. A server that was cut off asks
/// before it answers a viewer: its open connections may take seconds to notice that the network is back, and the viewer's request proves
/// that it is. Requests share attempts; one attempt runs at a time. Thread-safe.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="identity">This server.</param>
/// <param name="sessionManager">Sessions of this server. Created on first use: their packager reads media through the mirrors, which use
/// this class.</param>
/// <param name="time">Clock.</param>
internal sealed class OwnershipProbe(ServerDatabase database, ServerIdentity identity, Lazy<SessionManager> sessionManager,
    TimeProvider time)
{
    /// <summary>Maximum time of an attempt. A request waits for two at most: one that began before it, and its own.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    private const string Sql = """
        SELECT s.id FROM unnest(@ids, @epochs) AS mine (id, epoch) JOIN sessions s ON s.id = mine.id
        WHERE s.ended_at IS NOT NULL OR s.epoch > mine.epoch OR (s.epoch = mine.epoch AND s.owner <> @me)
        """;

    private readonly Lock _lock = new();
    private Task<HashSet<SessionId>> _running = Task.FromResult<HashSet<SessionId>>([]);
    private Task<HashSet<SessionId>>? _next;

    /// <summary>Returns whether another server has taken over or ended the session that this server has of a channel.</summary>
    /// <returns>
    /// <see langword="false"/> also if this server has no session of the channel, and if the database does not answer in time.
    /// </returns>
    public async ValueTask<bool> IsTakenOverAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        if (Find(channel) is not { } session)
        {
            return false;
        }

        try
        {
            return (await JoinAsync().WaitAsync(2 * Limit, time, cancellationToken)).Contains(session.Id);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private BroadcastSession? Find(ChannelName channel) =>
        sessionManager.Value.Sessions().FirstOrDefault(session => session.Channel == channel && !sessionManager.Value.IsMoving(session.Id));

    /// <summary>Joins an attempt that begins now or later: the result of one that runs already may be from before the request.</summary>
    private Task<HashSet<SessionId>> JoinAsync()
    {
        lock (_lock)
        {
            return _next ?? (_running.IsCompleted ? _running = ReadAsync() : _next = FollowAsync(_running));
        }
    }

    private async Task<HashSet<SessionId>> FollowAsync(Task<HashSet<SessionId>> earlier)
    {
        await ((Task)earlier).ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            (_running, _next) = (_next!, null);
        }

        return await ReadAsync();
    }

    private async Task<HashSet<SessionId>> ReadAsync()
    {
        // Outside of the lock.
        await Task.Yield();
        var sessions = sessionManager.Value.Sessions();
        using var limit = new CancellationTokenSource(Limit, time);
        try
        {
            await using var connection = await database.ProbeSource.OpenConnectionAsync(limit.Token);
            var ids = await connection.QueryAsync<string>(new CommandDefinition(Sql, new
            {
                ids = sessions.Select(session => session.Id.Value).ToArray(),
                epochs = sessions.Select(session => session.Epoch).ToArray(),
                me = identity.Id,
            }, cancellationToken: limit.Token));
            return [.. ids.Select(SessionId.Parse)];
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error) || error is OperationCanceledException or PostgresException)
        {
            return [];
        }
    }
}
