using Broadcast.Control.Channels;
using Broadcast.Control.Servers;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Sessions;

/// <summary>
/// Resumes open sessions at start: those of this server and of servers whose lease expired. Sessions on air at other servers stay there.
/// After a crash or a database outage, database and media can disagree. A session that the media report as ended is ended in the database.
/// A session that is open in the media but unknown to the database is ended, because no encoder can continue it, unless another server
/// may own it.
/// </summary>
internal sealed class SessionResumption(
    ServerDatabase database, ChannelRepository channels, SessionManager sessionManager, ServerLeaseService servers, OwnershipCheck check,
    SessionClaims claims, RemoteSessions remoteSessions, TimeProvider time, ILogger<SessionResumption> logger,
    IChannelRuntimeStates? states = null, ISessionLifecycle? lifecycle = null, ISessionOwnership? ownership = null) : IDisposable
{
    /// <summary>Delay between attempts to end orphans while the database is unavailable.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    /// <summary>Maximum number of channels that are recovered at once.</summary>
    private const int MaxConcurrent = 16;

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Takes the server's lease and resumes its sessions.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (SessionId.TryParse(await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "SELECT max(id COLLATE \"C\") FROM sessions", cancellationToken: cancellationToken)), out var newest))
        {
            sessionManager.StartAfter(newest);
        }

        await servers.StartAsync(connection, cancellationToken);
        var (taken, others) = await claims.TakeOverAsync(connection, cancellationToken);
        remoteSessions.Set(others);
        if (others.Count > 0)
        {
            ControlLog.SessionsOnAirElsewhere(logger, others.Count);
        }

        // Do this before viewers are admitted. Otherwise they would get the store's state as of process start.
        foreach (var other in lifecycle is null ? [] : others)
        {
            await lifecycle!.ReleaseAsync(ChannelName.Parse(other.Channel), other.Id, cancellationToken);
        }

        if (lifecycle is not null)
        {
            // The packager must know whether a session's media have ended before an encoder continues it.
            await Parallel.ForEachAsync(taken.Select(open => open.Session),
                new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent, CancellationToken = cancellationToken },
                (session, token) => lifecycle.ResumeAsync(session.Channel, session.Id, token));
        }

        sessionManager.Resume(taken, session => states?.Find(session.Channel) is { State: ChannelRunState.Ended } state
            && state.Session == session.Id);
        check.HasResumed = true;
        HashSet<SessionId> known = [.. taken.Select(s => s.Session.Id), .. others.Select(s => s.Id)];
        if (!claims.CanOwn)
        {
            return;   // the servers that own sessions end what no server owns
        }

        if (lifecycle is null || lifecycle.WhenRecoveredAsync(CancellationToken.None).IsCompleted)
        {
            await EndOrphansAsync(known, cancellationToken);
        }
        else
        {
            _ = EndOrphansLaterAsync(lifecycle, known);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    /// <summary>Ends orphans once the packager knows the sessions of all channels. Never throws.</summary>
    private async Task EndOrphansLaterAsync(ISessionLifecycle packager, HashSet<SessionId> known)
    {
        var stopping = _stopping.Token;
        try
        {
            await packager.WhenRecoveredAsync(stopping);
            while (true)
            {
                try
                {
                    await EndOrphansAsync(known, stopping);
                    return;
                }
                catch (Exception e) when (ServerDatabase.IsUnavailable(e))
                {
                    await Task.Delay(RetryInterval, time, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The next start ends the remaining sessions.
        }
        catch (Exception e)
        {
            ControlLog.OrphansNotEnded(logger, e);
        }
    }

    private async Task EndOrphansAsync(HashSet<SessionId> known, CancellationToken cancellationToken)
    {
        if (states is null || lifecycle is null)
        {
            return;
        }

        foreach (var channel in await channels.ListAsync(cancellationToken))
        {
            if (ChannelName.TryParse(channel.Name, out var name)
                && states.Find(name) is { State: not (ChannelRunState.Ended or ChannelRunState.Offline), Session: { } orphan }
                && !known.Contains(orphan) && !sessionManager.HasOpen(orphan)
                && (ownership is null || await ownership.FindAsync(orphan, cancellationToken) == SessionOwnership.Closed))
            {
                ControlLog.OrphanSessionEnded(logger, channel.Name, orphan.Value);
                await lifecycle.EndAsync(name, orphan, "the server was restarted", cancellationToken);
            }
        }
    }
}
