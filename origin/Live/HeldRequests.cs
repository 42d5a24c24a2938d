using System.Diagnostics.Metrics;
using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin;

/// <summary>
/// The requests that wait for what a session will bring: counts them under a limit, and one for each client, and looks now and then after those that wait in vain, with one clock for all.
/// Safe to use from any thread.
/// </summary>
internal sealed class HeldRequests : IDisposable
{
    /// <summary>How often the clock looks while anybody waits: what a request may be held too long.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly UpDownCounter<long> Waiting =
        Telemetry.Meter.CreateUpDownCounter<long>("broadcast_origin_held", "{request}", "Requests that are held until what they ask for exists.");

    private readonly Lock _gate = new();
    private readonly HashSet<LiveSession> _sessions = [];
    private readonly ITimer _clock;
    private readonly int _limit;
    private readonly ClientCount _clients;
    private int _held;
    private bool _runs;
    private bool _released;

    public HeldRequests(TimeProvider time, IOptions<OriginOptions> options)
    {
        (_limit, _clients) = (options.Value.MaxHeldRequests, new ClientCount(options.Value.MaxHeldPerClient));
        _clock = time.CreateTimer(static self => ((HeldRequests)self!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _held);

    /// <summary>One more waits; <see langword="false"/> when too many do already, which is counted. Whoever got in leaves.</summary>
    /// <param name="client">Whom it counts for, from <see cref="ClientCount.Of"/>.</param>
    /// <param name="reason">Why not; means nothing where it is in.</param>
    public bool TryEnter(IPAddress? client, out OverloadReason reason)
    {
        reason = OverloadReason.Held;
        if (Interlocked.Increment(ref _held) <= _limit)
        {
            if (_clients.TryEnter(client))
            {
                Waiting.Add(1);
                return true;
            }

            reason = OverloadReason.ClientHeld;
        }

        Interlocked.Decrement(ref _held);
        Overload.Count(reason);
        return false;
    }

    /// <summary>One has its answer.</summary>
    public void Leave(IPAddress? client)
    {
        Interlocked.Decrement(ref _held);
        _clients.Leave(client);
        Waiting.Add(-1);
    }

    /// <summary>Somebody waits for a session: it is looked after until nobody does.</summary>
    /// <returns><see langword="false"/> when nobody is to wait any longer.</returns>
    public bool Watch(LiveSession session)
    {
        lock (_gate)
        {
            if (!_released && _sessions.Add(session) && !_runs)
            {
                _runs = true;
                _clock.Change(Interval, Interval);
            }

            return !_released;
        }
    }

    /// <summary>Wakes all who wait for playlists, now and from now on: the server stops, and nobody who waits for it should hold it up.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _released = true;
            foreach (var session in _sessions)
            {
                session.WakeWhoeverWaitsInVain(everybody: true);
            }
        }
    }

    /// <summary>Looks after all who wait, as the clock does.</summary>
    public void Look()
    {
        lock (_gate)
        {
            _sessions.RemoveWhere(static session => !session.WakeWhoeverWaitsInVain());
            if (_sessions.Count == 0 && _runs)
            {
                _runs = false;
                _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _clock.Dispose();
}
