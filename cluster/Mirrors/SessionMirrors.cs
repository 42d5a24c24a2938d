using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Cluster.Handovers;
using Broadcast.Cluster.Relays;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.OriginToCluster;
using Microsoft.Extensions.Hosting;

namespace Broadcast.Cluster.Mirrors;

/// <summary>
/// Mirrors of sessions that are on air at other servers: started by the first request for a channel, removed after a time without
/// requests. Bounded by the number of channels that are on air.
/// </summary>
internal sealed class SessionMirrors : BackgroundService, ISessionMirrors
{
    /// <summary>Time for which a request waits for a new mirror; then the response is 503, and edges and players try again.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<SessionId, SessionMirror> _mirrors = new();
    private readonly ConcurrentDictionary<ChannelName, SessionMirror> _current = new();
    private readonly Lock _lock = new();
    private readonly MirrorServices _services;
    private readonly RelayedSessions _relays;
    private readonly SessionFollowers _followers;
    private volatile bool _isCutOff;
    private readonly bool _canOwn;
    private bool _isStopping;

    /// <summary>Creates the collection, without mirrors.</summary>
    public SessionMirrors(MirrorServices services, RelayedSessions relays, SessionFollowers followers, ServerRoles? roles = null)
    {
        (_services, _relays, _followers, _canOwn) = (services, relays, followers, roles?.Media ?? true);
        Telemetry.Meter.CreateObservableGauge("broadcast_cluster_mirrors", () => _mirrors.Count, "{session}",
            "Sessions of other servers that this server mirrors.");
        Telemetry.Meter.CreateObservableGauge("broadcast_cluster_mirrors_lost", () => _mirrors.Values.Count(mirror => mirror.IsLost),
            "{session}", "Mirrored sessions whose owner does not respond.");
        Telemetry.Meter.CreateObservableGauge("broadcast_cluster_feed_silence_seconds",
            () => _mirrors.Values.Where(mirror => !mirror.IsEnded).Select(mirror => mirror.Silence.TotalSeconds).DefaultIfEmpty().Max(),
            "s",
            "Longest time since the last message of an owner whose session this server mirrors.");
        Telemetry.Meter.CreateObservableGauge("broadcast_cluster_mirror_bytes", () => _services.Media.Bytes, "By",
            "Media of mirrored sessions in memory.");
    }

    /// <summary>Indicates whether there are no mirrors.</summary>
    public bool IsEmpty => _mirrors.IsEmpty;

    /// <inheritdoc/>
    public ValueTask<ChannelAvailability> PrepareAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        var remote = _services.Directory.FindRemote(channel);
        if (remote is null && IsLost(channel))
        {
            return new(ChannelAvailability.Unavailable);
        }

        if (IsCutOff())
        {
            if (remote is null)
            {
                return PrepareDoubtfulAsync(channel, cancellationToken);
            }

            if (_services.Sessions.Owns(channel, remote.Session))
            {
                // Another server has taken the session over, and this one has not released it yet.
                return new(ChannelAvailability.Doubtful);
            }
        }

        return PrepareAsync(channel, remote, cancellationToken);
    }

    private ValueTask<ChannelAvailability> PrepareAsync(ChannelName channel, RemoteChannel? remote, CancellationToken cancellationToken)
    {
        if (!_current.TryGetValue(channel, out var mirror) || (remote is not null && remote.Session != mirror.Session))
        {
            if (remote is null || _services.Sessions.Owns(channel, remote.Session))
            {
                // The owner of a released session is known in a moment.
                return new(remote is null && _services.Sessions.HasReleased(channel) ? ChannelAvailability.Unavailable
                    : ChannelAvailability.Available);
            }

            mirror = Start(channel, remote);
            if (mirror is null)
            {
                return new(ChannelAvailability.Unavailable);
            }
        }

        if (remote is null && mirror.IsMissing)
        {
            // The last session of a channel that is not on air, which its owner no longer serves.
            return new(ChannelAvailability.Available);
        }

        mirror.Touch();
        return mirror.IsLost ? new(_services.Sessions.HasNewer(channel, mirror.Session) ? ChannelAvailability.Available
                : ChannelAvailability.Unavailable)
            : mirror.Ready.IsCompleted ? new(ChannelAvailability.Available)
            : WaitAsync(mirror, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> PrepareLastAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        if (await _services.Directory.FindLastAsync(channel, cancellationToken) is not { } last
            || _services.Sessions.Owns(channel, last.Session) || Start(channel, last) is not { } mirror)
        {
            return false;
        }

        mirror.Touch();
        Task answer = Task.WhenAny(mirror.Ready, mirror.WhenMissing);
        await answer.WaitAsync(StartTimeout, _services.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return mirror.Ready.IsCompleted;
    }

    /// <summary>Finds the mirror of a session.</summary>
    public SessionMirror? Find(ChannelName channel, SessionId session) =>
        _mirrors.TryGetValue(session, out var mirror) && mirror.Channel == channel ? mirror : null;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _isStopping = true;
        }

        await base.StopAsync(cancellationToken);
        foreach (var mirror in _mirrors.Values)
        {
            await RemoveAsync(mirror, "the server stops");
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckInterval, _services.Time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            // Also without requests.
            IsCutOff();

            // A server with the encoder of a session, or a spare, must be able to take the session over.
            foreach (var channel in _canOwn ? _relays.Channels.Concat(_services.Directory.Spared) : [])
            {
                Keep(channel);
            }

            foreach (var mirror in _mirrors.Values)
            {
                if (mirror.Idle >= _services.Options.MirrorIdle)
                {
                    await RemoveAsync(mirror, "no requests");
                }
                else if (_services.Sessions.Owns(mirror.Channel, mirror.Session))
                {
                    await RemoveAsync(mirror, "this server owns it now");
                }
                else if (mirror.IsLost && _services.Sessions.HasNewer(mirror.Channel, mirror.Session))
                {
                    await RemoveAsync(mirror, "this server has a newer session");
                }
            }
        }
    }

    /// <summary>
    /// Returns whether the open session of a channel has no owner now, and this server has neither the session nor a newer one. Another
    /// server may have a copy.
    /// </summary>
    private bool IsLost(ChannelName channel) => _services.Directory.FindLost(channel) is { } session
        && Find(channel, session) is null && !_services.Sessions.Owns(channel, session)
        && !_services.Sessions.HasNewer(channel, session);

    /// <summary>
    /// Prepares a channel of which this server may have a session that another one has taken over, because this one was cut off. What this
    /// server adds without an encoder is not served. What an encoder sends here is, unless the database answers that the session was taken
    /// over. This server discards both when it learns of a takeover.
    /// </summary>
    private async ValueTask<ChannelAvailability> PrepareDoubtfulAsync(ChannelName channel, CancellationToken cancellationToken) =>
        _services.Sessions.LacksEncoder(channel) || await _services.Directory.IsTakenOverAsync(channel, cancellationToken)
            ? ChannelAvailability.Doubtful
            : await PrepareAsync(channel, remote: null, cancellationToken);

    /// <summary>
    /// Returns whether this server has lost the database for a lease, all servers whose sessions it mirrors, and all that follow its own.
    /// When they respond again, it remains cut off until it has renewed its lease: they may have taken its sessions over meanwhile.
    /// </summary>
    private bool IsCutOff() => _isCutOff = _services.Directory.HasLeaseExpired && (_isCutOff
        || (_mirrors.Values.All(mirror => mirror.IsLost || mirror.IsEnded) && !_followers.IsAnyResponding
            && (!_mirrors.IsEmpty || _followers.HadAny(within: _services.Directory.LeaseAge))));

    private void Keep(ChannelName channel)
    {
        var remote = _services.Directory.FindRemote(channel);
        var mirror = remote is null || _services.Sessions.Owns(channel, remote.Session) ? _current.GetValueOrDefault(channel)
            : Start(channel, remote);
        mirror?.Touch();
    }

    private async ValueTask<ChannelAvailability> WaitAsync(SessionMirror mirror, CancellationToken cancellationToken)
    {
        try
        {
            await mirror.Ready.WaitAsync(StartTimeout, _services.Time, cancellationToken);
            return ChannelAvailability.Available;
        }
        catch (TimeoutException)
        {
            return ChannelAvailability.Unavailable;
        }
    }

    /// <summary>
    /// Starts a mirror. That of an earlier session of the channel remains until it is idle, because viewers get the earlier session until
    /// the new one is playable.
    /// </summary>
    /// <returns><see langword="null"/> while the server stops.</returns>
    public SessionMirror? Start(ChannelName channel, RemoteChannel remote)
    {
        lock (_lock)
        {
            if (_isStopping)
            {
                return null;
            }

            if (!_mirrors.TryGetValue(remote.Session, out var mirror))
            {
                _mirrors[remote.Session] = mirror = new SessionMirror(channel, remote, _services);
            }

            return _current[channel] = mirror;
        }
    }

    private async Task RemoveAsync(SessionMirror mirror, string reason)
    {
        lock (_lock)
        {
            _mirrors.TryRemove(mirror.Session, out _);
            _current.TryRemove(KeyValuePair.Create(mirror.Channel, mirror));
        }

        await mirror.DisposeAsync();
        ClusterLog.MirrorStopped(_services.Logger, mirror.Channel, mirror.Session, reason);
    }
}
