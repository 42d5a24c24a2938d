using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Tells whoever listens at this process what is written down in <c>stream_events</c>, whichever process wrote it, in the order of its numbers. The database says when there is something; without a word it is looked at
/// every few seconds. While the database is away nothing is told, and what was missed follows.
/// </summary>
internal sealed class EventStream(EventStreamLog log, IOptions<ControlOptions> options, TimeProvider time, ILogger<EventStream> logger) : BackgroundService
{
    private const int MaxRead = 500;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HeldBack = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Tidying = TimeSpan.FromMinutes(10);
    private readonly WorkLoop _loop = new(time);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly RowOrder _order = new(time);
    private readonly HashSet<EventStreamClient> _clients = [];
    private readonly Lock _lock = new();
    private long _at = -1;
    private long? _tidied;

    /// <summary>Whether a notice on <c>broadcast_control</c> says that something is to be told.</summary>
    public static bool IsAbout(string notice) => notice.StartsWith("stream_events:", StringComparison.Ordinal);

    /// <summary>Something is to be told: look now.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>One more who listens, from now on.</summary>
    /// <param name="caller">Whose token or login it is: a quarter of all is the most for one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There are <see cref="ControlOptions.StreamClients"/> already, or too many of this caller's, or the database is not reachable yet.</exception>
    public async Task<EventStreamClient> AttachAsync(string caller, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _at) < 0)
        {
            await ReadAsync(cancellationToken);
        }

        lock (_lock)
        {
            if (_clients.Count >= options.Value.StreamClients)
            {
                throw new ControlException(ControlCode.TooMany, $"{_clients.Count} listen already, which is the most (Control:StreamClients). Try again later.");
            }

            if (_clients.Count(c => c.Caller == caller) is var own && own >= Math.Max(1, options.Value.StreamClients / 4))
            {
                throw new ControlException(ControlCode.TooMany, $"{own} listen already with this token or login, which is the most: a quarter of Control:StreamClients.");
            }

            var client = new EventStreamClient(_at) { Caller = caller };
            _clients.Add(client);
            return client;
        }
    }

    /// <summary>Somebody listens no more.</summary>
    public void Detach(EventStreamClient client)
    {
        lock (_lock)
        {
            _clients.Remove(client);
        }
    }

    /// <summary>Tells all that is there and was not told.</summary>
    /// <returns>Whether something waits for what may come before it.</returns>
    internal async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_at < 0)
            {
                Volatile.Write(ref _at, await log.NewestAsync(cancellationToken));
            }

            while (true)
            {
                var rows = await log.ReadAsync(_at, long.MaxValue, MaxRead, cancellationToken);
                var ready = _order.Ready(_at, [.. rows.Select(r => r.Id)]);
                Tell(rows.Take(ready));
                if (ready < rows.Count || rows.Count < MaxRead)
                {
                    return ready < rows.Count;
                }
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _loop.Dispose();
        _reading.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _loop.RunAsync(RoundAsync, Retry, e => ControlLog.StreamFailed(logger, e), stoppingToken);

    private async Task<TimeSpan> RoundAsync(CancellationToken stoppingToken)
    {
        var pause = await ReadAsync(stoppingToken) ? HeldBack : Longest;
        if (_tidied is null || time.GetElapsedTime(_tidied.Value) >= Tidying)
        {
            // Noted before: what fails is not tried at every wake. Where there is more, it goes on after what is new.
            _tidied = time.GetTimestamp();
            if (await log.TidyAsync(stoppingToken))
            {
                (_tidied, pause) = (null, TimeSpan.Zero);
            }
        }

        return pause;
    }

    private void Tell(IEnumerable<EventStreamMessage> messages)
    {
        lock (_lock)
        {
            foreach (var message in messages)
            {
                Volatile.Write(ref _at, message.Id);
                foreach (var client in _clients)
                {
                    client.Offer(message);
                }
            }
        }
    }
}
