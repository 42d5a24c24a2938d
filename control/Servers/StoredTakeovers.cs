using System.Collections.Concurrent;
using Broadcast.Control.Channels;
using Broadcast.Control.Publishing;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Servers;

/// <summary>
/// Takes over sessions of lost servers of which no server has a copy, from their journals in the object store: for an encoder that returns,
/// which continues the session, and to end a session whose server did not return. The database decides between servers that try at the
/// same time.
/// </summary>
internal sealed class StoredTakeovers(ServerDatabase database, SessionClaims claims, SessionManager sessionManager,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<StoredTakeovers> logger, ISessionLifecycle? lifecycle = null)
{
    /// <summary>Maximum number of sessions that are taken over at once.</summary>
    private const int MaxConcurrent = 8;

    /// <summary>Timeout for the search for a journal; an encoder waits for it.</summary>
    private static readonly TimeSpan FindTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Timeout for reading the session; then it continues, or ends, without its earlier media.</summary>
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Time for which a check of all sessions, and with it the next lease renewal, waits for the object store.</summary>
    private static readonly TimeSpan CheckWait = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<SessionId, Task<Result>> _running = new();

    private enum Result
    {
        /// <summary>Without a journal in the object store.</summary>
        NotStored,

        /// <summary>The object store or the database failed.</summary>
        Failed,

        /// <summary>Another server was faster, or the owner is back.</summary>
        Refused,

        /// <summary>Taken over.</summary>
        Taken,
    }

    /// <summary>Returns whether a session is being taken over: this server may own it, and not know it yet.</summary>
    public bool IsRunning(SessionId session) => _running.ContainsKey(session);

    /// <summary>Ends sessions of lost servers with their media.</summary>
    /// <param name="sessions">The sessions.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Sessions without stored media, which only the database has.</returns>
    public async Task<IReadOnlySet<SessionId>> EndAsync(IReadOnlyList<ClaimedSession> sessions, CancellationToken cancellationToken)
    {
        if (lifecycle is null)
        {
            return sessions.Select(session => session.Id).ToHashSet();
        }

        var started = new List<(SessionId Id, Task<Result> Task)>();
        foreach (var session in sessions)
        {
            if (_running.TryGetValue(session.Id, out var running) || (_running.Count < MaxConcurrent
                && (running = Start(session.Id, () => RunAsync(session, isForEnd: true))) is not null))
            {
                started.Add((session.Id, running));
            }
        }

        Task all = Task.WhenAll(started.Select(one => one.Task));
        await all.WaitAsync(CheckWait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var withoutMedia = new HashSet<SessionId>();
        foreach (var (id, task) in started)
        {
            if (task.IsCompletedSuccessfully && await task == Result.NotStored)
            {
                withoutMedia.Add(id);
            }
        }

        return withoutMedia;
    }

    /// <summary>Continues the session of a channel whose server is lost, for an encoder. Does nothing when that is not possible.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task ContinueAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (lifecycle is not null && !sessionManager.HasOpen(session))
        {
            Task running = Start(session, () => FindAndRunAsync(session));
            await running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task<Result> Start(SessionId session, Func<Task<Result>> run)
    {
        var completion = new TaskCompletionSource<Result>(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = _running.GetOrAdd(session, completion.Task);
        if (running == completion.Task)
        {
            _ = Task.Run(async () =>
            {
                var result = Result.Failed;
                try
                {
                    result = await run();
                }
                catch (Exception error) when (error is IOException or OperationCanceledException || ServerDatabase.IsUnavailable(error))
                {
                    // Tried again with the next check.
                }
                catch (Exception error)
                {
                    ControlLog.StoredTakeoverFailed(logger, error, session.Value);
                }
                finally
                {
                    _running.TryRemove(session, out _);
                    completion.SetResult(result);
                }
            });
        }

        return running;
    }

    private async Task<Result> FindAndRunAsync(SessionId id)
    {
        await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
        return (await claims.ReadAsync(connection, CancellationToken.None)).Find(session => session.Id == id) is
            { Remote: null, Standing: OwnershipStatus.LeaseExpired, EndRequest: null, IsReleased: false } session
            ? await RunAsync(session, isForEnd: false) : Result.Refused;
    }

    private async Task<Result> RunAsync(ClaimedSession session, bool isForEnd)
    {
        using (var find = new CancellationTokenSource(FindTimeout, time))
        {
            if (!await lifecycle!.IsStoredAsync(ChannelName.Parse(session.Channel), session.Id, find.Token))
            {
                return Result.NotStored;
            }
        }

        // From here on nothing is canceled: the session would have an owner that does not know it.
        OpenSession? taken;
        await using (var connection = await database.Source.OpenConnectionAsync(CancellationToken.None))
        {
            taken = await claims.TakeOverAsync(connection, session, CancellationToken.None, isForEnd);
        }

        if (taken is null)
        {
            return Result.Refused;
        }

        ControlLog.StoredSessionTakenOver(logger, session.Id.Value, session.Channel, taken.Session.Epoch);
        try
        {
            using var read = new CancellationTokenSource(ReadTimeout, time);
            await lifecycle.TakeOverStoredAsync(taken.Session, read.Token);
        }
        catch (Exception error)
        {
            ControlLog.StoredTakeoverFailed(logger, error, session.Id.Value);
        }

        if (isForEnd || !sessionManager.TryResume(taken))
        {
            sessionManager.EndTaken(taken, session.EndRequest ?? SessionClaims.ServerLostReason);
            await ReportEndAsync(session.Channel);
        }

        return Result.Taken;
    }

    /// <summary>Reports the end on the event stream: the server that reported the channel as on air cannot.</summary>
    private async Task ReportEndAsync(string channel)
    {
        await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
        await EventStreamLog.AddAsync(connection, time.GetUtcNow(), EventStreamTypes.ChannelState, channel,
            new ChannelStateData(ChannelRunStates.Name(ChannelRunState.Offline), null, null, []), CancellationToken.None);
    }
}
