using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>
/// Sends the rows of <c>stream_events</c>, written by any process, to the event stream clients of this process, in the order of their ids.
/// Database notifications trigger it while there are clients; without one it reads every 10 s. During a database outage nothing is sent;
/// the missed messages follow.
/// </summary>
internal sealed class EventStream(EventStreamLog log, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<EventStream> logger)
    : BackgroundService, INotificationHandler
{
    private const int MaxRead = 500;
    private const int ReservedShare = 4;
    private const int CallerShare = 10;
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HoldBackDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan CleanupInterval = TimeSpan.FromMinutes(10);
    private readonly WorkLoop _loop = new(time);
    private readonly SemaphoreSlim _readLock = new(1, 1);
    private readonly CommitOrder _order = new(time);
    private readonly HashSet<EventStreamClient> _clients = [];
    private readonly Lock _lock = new();
    private long _lastSentId = -1;
    private long? _lastCleanup;

    private bool HasClients
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count > 0;
            }
        }
    }

    /// <summary>Requests a pass.</summary>
    public void Wake() => _loop.Wake();

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table == "stream_events";

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        if (HasClients)
        {
            Wake();
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Adds a client from the current message on. A quarter of all places is reserved for admins, and one caller gets at most a tenth, so
    /// that neither one program nor many with a role below admin can take all places.
    /// </summary>
    /// <param name="caller">Token or login of the client.</param>
    /// <param name="isAdmin">Whether the caller has the role admin.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The limit <see cref="ControlOptions.MaxEventStreamClients"/> or the caller's limit is reached,
    /// or the database is unavailable.</exception>
    public async Task<EventStreamClient> AttachAsync(string caller, bool isAdmin, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _lastSentId) < 0 || !HasClients)
        {
            await ReadAsync(cancellationToken);   // up to the current message
        }

        try
        {
            return Attach(caller, isAdmin);
        }
        finally
        {
            Wake();   // a notification before the client was added did not
        }
    }

    /// <summary>Removes a client.</summary>
    public void Detach(EventStreamClient client)
    {
        lock (_lock)
        {
            _clients.Remove(client);
        }
    }

    private EventStreamClient Attach(string caller, bool isAdmin)
    {
        lock (_lock)
        {
            var limit = options.Value.MaxEventStreamClients;
            if (_clients.Count >= limit || (!isAdmin && _clients.Count(c => !c.IsAdmin) >= limit - (limit / ReservedShare)))
            {
                throw new OperationException(OperationErrorCode.TooManyAttempts,
                    $"The limit of event stream clients is reached ({_clients.Count} of Control:MaxEventStreamClients {limit}, of which "
                    + $"{limit / ReservedShare} are reserved for admins). Try again later.");
            }

            if (_clients.Count(c => c.Caller == caller) is var callerCount && callerCount >= Math.Max(1, limit / CallerShare))
            {
                throw new OperationException(OperationErrorCode.TooManyAttempts,
                    $"This token or login already has {callerCount} event stream clients, the limit: a tenth of "
                    + "Control:MaxEventStreamClients.");
            }

            var client = new EventStreamClient(_lastSentId) { Caller = caller, IsAdmin = isAdmin };
            _clients.Add(client);
            return client;
        }
    }

    /// <summary>Sends all new messages.</summary>
    /// <returns>Whether a message is held back for possible earlier ones.</returns>
    internal async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        await _readLock.WaitAsync(cancellationToken);
        try
        {
            if (_lastSentId < 0)
            {
                Volatile.Write(ref _lastSentId, await log.LatestIdAsync(cancellationToken));
            }

            while (true)
            {
                var rows = await log.ReadAsync(_lastSentId, long.MaxValue, MaxRead, cancellationToken);
                var ready = _order.CountReady(_lastSentId, [.. rows.Select(r => r.Id)]);
                Send(rows.Take(ready));
                if (ready < rows.Count || rows.Count < MaxRead)
                {
                    return ready < rows.Count;
                }
            }
        }
        finally
        {
            _readLock.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _loop.Dispose();
        _readLock.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        _loop.RunAsync(PassAsync, Retry, e => ControlLog.StreamFailed(logger, e), stoppingToken);

    private async Task<TimeSpan> PassAsync(CancellationToken stoppingToken)
    {
        var pause = await ReadAsync(stoppingToken) ? HoldBackDelay : MaxDelay;
        if (_lastCleanup is null || time.GetElapsedTime(_lastCleanup.Value) >= CleanupInterval)
        {
            // Set before the cleanup, so that a failing one is not repeated at every pass. If there is more to remove, the next pass
            // follows after new messages.
            _lastCleanup = time.GetTimestamp();
            if (await log.CleanUpAsync(stoppingToken))
            {
                (_lastCleanup, pause) = (null, TimeSpan.Zero);
            }
        }

        return pause;
    }

    private void Send(IEnumerable<EventStreamMessage> messages)
    {
        lock (_lock)
        {
            foreach (var message in messages)
            {
                Volatile.Write(ref _lastSentId, message.Id);
                foreach (var client in _clients)
                {
                    client.Enqueue(message);
                }
            }
        }
    }
}
