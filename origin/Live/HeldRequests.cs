using System.Diagnostics.Metrics;
using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Live;

/// <summary>
/// Requests held until a session has the requested media. Limits their number, in total and per client, and periodically releases those
/// that wait in vain, with one timer for all. Thread-safe.
/// </summary>
internal sealed class HeldRequests : IDisposable
{
    /// <summary>Timer interval while requests are held; a request may be held that much too long.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly UpDownCounter<long> Waiting =
        Telemetry.Meter.CreateUpDownCounter<long>("broadcast_origin_held_requests", "{request}",
            "Requests held until the requested media exists.");

    private readonly Lock _gate = new();
    private readonly HashSet<LiveSession> _sessions = [];
    private readonly ITimer _clock;
    private readonly int _limit;
    private readonly ClientCount _clients;
    private int _held;
    private bool _isRunning;
    private bool _released;

    public HeldRequests(TimeProvider time, IOptions<OriginOptions> options)
    {
        (_limit, _clients) = (options.Value.MaxHeldRequests, new ClientCount(options.Value.MaxHeldPerClient));
        _clock = time.CreateTimer(static self => ((HeldRequests)self!).CheckSessions(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Number of held requests.</summary>
    public int Count => Volatile.Read(ref _held);

    /// <summary>
    /// Counts a held request; <see langword="false"/> when a limit is reached, which is counted. After success, <see cref="Exit"/> must be
    /// called.
    /// </summary>
    /// <param name="client">The client, from <see cref="ClientCount.ViewerOf"/>.</param>
    /// <param name="reason">The exceeded limit; meaningless on success.</param>
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

    /// <summary>Ends a held request.</summary>
    public void Exit(IPAddress? client)
    {
        Interlocked.Decrement(ref _held);
        _clients.Exit(client);
        Waiting.Add(-1);
    }

    /// <summary>Watches a session until no request waits for it.</summary>
    /// <returns><see langword="false"/> when the server stops and requests may not wait any longer.</returns>
    public bool Watch(LiveSession session)
    {
        lock (_gate)
        {
            if (!_released && _sessions.Add(session) && !_isRunning)
            {
                _isRunning = true;
                _clock.Change(Interval, Interval);
            }

            return !_released;
        }
    }

    /// <summary>
    /// Releases all requests that wait for playlists, now and in future, so that they do not delay the server's shutdown.
    /// </summary>
    public void Release()
    {
        lock (_gate)
        {
            _released = true;
            foreach (var session in _sessions)
            {
                session.WakeExpiredRequests(all: true);
            }
        }
    }

    /// <summary>Checks all watched sessions, as the timer does.</summary>
    public void CheckSessions()
    {
        lock (_gate)
        {
            _sessions.RemoveWhere(static session => !session.WakeExpiredRequests());
            if (_sessions.Count == 0 && _isRunning)
            {
                _isRunning = false;
                _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _clock.Dispose();
}
