using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.PackagerToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Hands sessions of this server over to other servers, each at a keyframe of its encoder. The other server first copies the session. Then
/// the encoder's publication ends here, nothing changes any more, and the other server takes the session over in the database and
/// continues it with the messages that this server forwards. If anything fails, the session continues here.
/// </summary>
internal sealed class SessionHandovers(ServerDatabase database, ServerIdentity identity, MediaServers mediaServers,
    OwnershipCheck ownership, SessionManager sessionManager, SessionWriter sessionWriter,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<SessionHandovers> logger, ISessionHandover? cluster = null,
    ISessionLifecycle? lifecycle = null)
{
    private const string MovedReason = "the session moves to another server";

    /// <summary>Maximum number of concurrent handovers.</summary>
    private const int MaxConcurrent = 8;

    /// <summary>Maximum number of servers that are asked for one session.</summary>
    private const int MaxTargets = 3;

    /// <summary>Maximum time for the next keyframe; then the encoder is disconnected.</summary>
    private static readonly TimeSpan KeyframeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Maximum time for stages that complete what they have.</summary>
    private static readonly TimeSpan CompletionTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Indicates whether there can be other servers.</summary>
    public bool IsEnabled => cluster is not null && lifecycle is not null;

    /// <summary>Hands over all sessions that can be.</summary>
    /// <returns>Number of sessions that remain.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!IsEnabled)
        {
            return sessionManager.Sessions().Count;
        }

        var sessions = sessionManager.Sessions();
        if (sessions.Count > 0)
        {
            if ((await mediaServers.FindAsync(cancellationToken)).Count == 0)
            {
                ControlLog.NoServerForSessions(logger, sessions.Count);
                return sessions.Count;
            }

            await Parallel.ForEachAsync(sessions,
                new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent, CancellationToken = cancellationToken },
                async (session, token) => await TryHandOverAsync(session, token));
        }

        return sessionManager.Sessions().Count;
    }

    private async Task TryHandOverAsync(BroadcastSession session, CancellationToken cancellationToken)
    {
        try
        {
            // A server that has a copy first, best the one with the encoder, otherwise the least loaded one.
            List<Guid> followers = [.. cluster!.FindFollowers(session.Id)];
            var candidates = (await mediaServers.FindAsync(cancellationToken))
                .OrderBy(server => followers.IndexOf(server.Id) is >= 0 and var rank ? rank : followers.Count);
            foreach (var server in candidates.Take(MaxTargets))
            {
                if (await cluster.PrepareAsync(server, session.Channel, session.Id, cancellationToken))
                {
                    await MoveAsync(session, server, cancellationToken);
                    return;
                }
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever the error, it concerns only this session: those that are moving must not be canceled.
            ControlLog.HandoverFailed(logger, session.Id.Value, session.Channel.Value, error.Message);
        }
    }

    private async Task MoveAsync(BroadcastSession session, ClusterServer server, CancellationToken cancellationToken)
    {
        if (!sessionManager.TryBeginMove(session.Id, out var whenEmpty))
        {
            return;
        }

        var epoch = session.Epoch;
        var isMoved = false;
        try
        {
            await WaitForEncodersAsync(session, whenEmpty, cancellationToken);
            using var limit = new CancellationTokenSource(CompletionTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            using var hold = await lifecycle!.HoldAsync(session.Channel, session.Id, either.Token);
            if (hold is null || !sessionManager.IsMoving(session.Id))
            {
                return;
            }

            // Later writes of this server would find another owner.
            await sessionWriter.WriteAsync(session.Id, either.Token);
            (isMoved, epoch) = await OfferAsync(session, server, cancellationToken);
            if (isMoved)
            {
                ControlLog.SessionHandedOver(logger, session.Id.Value, session.Channel.Value, server.Name, epoch);
                await LeaveAsync(session, new RemoteChannel(session.Id, epoch, server), hold);
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("the session's media was not completed in time", error);
        }
        finally
        {
            if (isMoved)
            {
                sessionManager.CompleteMove(session.Id);
            }
            else
            {
                sessionManager.CancelMove(session.Id, epoch);
            }
        }
    }

    private async Task WaitForEncodersAsync(BroadcastSession session, Task whenEmpty, CancellationToken cancellationToken)
    {
        try
        {
            await whenEmpty.WaitAsync(KeyframeTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Without a keyframe there is no point at which another server could continue.
            sessionManager.DisconnectEncoders(session.Id, MovedReason);
            await whenEmpty.WaitAsync(CompletionTimeout, time, cancellationToken);
        }
    }

    /// <summary>Offers the session, and finds out whether the server has taken it.</summary>
    private async Task<(bool IsMoved, long Epoch)> OfferAsync(BroadcastSession session, ClusterServer server,
        CancellationToken cancellationToken)
    {
        try
        {
            if (await cluster!.OfferAsync(server, session.Channel, session.Id, session.Epoch, cancellationToken))
            {
                return (true, session.Epoch + 1);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            ControlLog.HandoverUnclear(logger, session.Id.Value, session.Channel.Value, server.Name, error.Message);
        }

        return await WithdrawAsync(session, cancellationToken);
    }

    /// <summary>
    /// Withdraws the offer by taking the next epoch, after which the other server cannot take the session. Not limited in time: until the
    /// database answers, the other server may own the session, and this one must not continue it. A server that stops leaves it, too; its
    /// next start finds the owner in the database.
    /// </summary>
    private async Task<(bool IsMoved, long Epoch)> WithdrawAsync(BroadcastSession session, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await using var connection = await database.LeaseSource.OpenConnectionAsync(CancellationToken.None);
                if (await connection.QuerySingleOrDefaultAsync<long?>(
                    "UPDATE sessions SET epoch = epoch + 1 WHERE id = @id AND owner = @me AND epoch = @epoch RETURNING epoch",
                    new { id = session.Id.Value, me = identity.Id, epoch = session.Epoch }) is { } own)
                {
                    return (false, own);
                }

                var row = await connection.QuerySingleOrDefaultAsync<(Guid? Owner, long Epoch)?>(
                    "SELECT owner, epoch FROM sessions WHERE id = @id", new { id = session.Id.Value });
                return row is { Owner: { } owner, Epoch: var epoch } && owner != identity.Id ? (true, epoch)
                    : (false, row?.Epoch ?? session.Epoch);
            }
            catch (Exception error) when (ServerDatabase.IsUnavailable(error) || error is PostgresException)
            {
                if (stopping.IsCancellationRequested)
                {
                    return (true, session.Epoch);
                }

                await Task.Delay(RetryInterval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Serves the session as a mirror from now on. Encoders that connect are forwarded.</summary>
    private async Task LeaveAsync(BroadcastSession session, RemoteChannel remote, ISessionHold hold)
    {
        if (sessionManager.FindChannelId(session.Id) is { } channelId)
        {
            await ownership.AddRemoteAsync(
                new RemoteSession(channelId, session.Channel.Value, session.Id, remote.Owner.Name, RetryInterval) { Target = remote });
        }

        cluster!.Follow(session.Channel, remote);
        hold.Release();
    }
}
