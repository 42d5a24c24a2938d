using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Events;
using Broadcast.Control.Publishing;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Broadcast.Media.ControlToTranscoder;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.PackagerToControl;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Sessions;

/// <summary>
/// Manages the channels in use: publishers, open sessions and reconnect windows. A channel has one encoder per input, primary and backup;
/// takeovers follow <see cref="TakeoverRules"/>. All decisions are made here, in memory, under one lock. The session writer stores them,
/// and the packager is notified of ends.
/// </summary>
/// <param name="sessionWriter">Stores session changes.</param>
/// <param name="lifecycle">Receives session ends.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Logger.</param>
/// <param name="visibility">Visibility of sessions; without it, all sessions are visible.</param>
/// <param name="activeEvents">Active events of channels; without it, none. Queried when a session starts, so that the session either
/// belongs to a live event or is hidden until its event goes live.</param>
/// <param name="resumedSessions">Shows the slate of sessions that continue without an encoder; without it, viewers wait.</param>
internal sealed partial class SessionManager(
    SessionWriter sessionWriter, ISessionLifecycle? lifecycle, TimeProvider time, ILogger logger, SessionVisibilityStore? visibility = null,
    IActiveEvents? activeEvents = null, IResumedSessions? resumedSessions = null)
{
    private readonly ChannelSlots _channels = new();
    private readonly SessionEndNotifier _endNotifier = new(lifecycle, logger);
    private readonly SessionFactory _sessionFactory = new(time);
    private readonly Lock _lock = new();

    /// <summary>
    /// Raised when an encoder connects or disconnects, or a session starts or ends. Called under the manager's lock: handlers must only
    /// wake other threads.
    /// </summary>
    public event Action? Changed;

    /// <summary>
    /// Resumes sessions of an earlier process. Their reconnect windows start now, because no encoder could reconnect while no server ran.
    /// </summary>
    /// <param name="sessions">Sessions open in the database.</param>
    /// <param name="hasEnded">Whether a session's media have ended; it is then stored as ended, and the next encoder starts a new
    /// session.</param>
    public void Resume(IEnumerable<OpenSession> sessions, Func<BroadcastSession, bool> hasEnded)
    {
        lock (_lock)
        {
            foreach (var open in sessions)
            {
                if (hasEnded(open.Session))
                {
                    ControlLog.SessionAlreadyEnded(logger, open.Session.Channel.Value, open.Session.Id.Value);
                    var now = time.GetUtcNow();
                    sessionWriter.Record(SessionRecord.Of(open.Session, open.ChannelId, open.LastPublicationEndedAt ?? now)
                        with { EndedAt = now, EndReason = "already ended at startup" });
                    continue;
                }

                var channel = _channels.GetOrAdd(open.ChannelId, open.Window);
                channel.Session = open.Session;
                (channel.Ladder, channel.AudioLanguages) = (open.Ladder, open.AudioLanguages);
                channel.LastPublicationEndedAt = open.LastPublicationEndedAt ?? time.GetUtcNow();
                ControlLog.SessionResumed(logger, open.Session.Channel.Value, open.Session.Id.Value, open.Session.Epoch);
                StartReconnectTimer(channel);
                ShowSlate(channel);
            }
        }
    }

    /// <summary>Makes ids of new sessions higher than this one, whatever the clock says.</summary>
    public void StartAfter(SessionId id)
    {
        lock (_lock)
        {
            _sessionFactory.StartAfter(id);
        }
    }

    /// <summary>Admits an encoder to the open session or a new one, unless another encoder keeps the input.</summary>
    /// <param name="key">Stream key of the encoder.</param>
    /// <param name="rules">Takeover rules.</param>
    /// <param name="maxWait">Time that the encoder may wait.</param>
    /// <param name="upstream">Sessions from which its media come; none by default.</param>
    public AdmissionResult Admit(StreamKeyRecord key, TakeoverRules rules, TimeSpan maxWait, IReadOnlyList<SessionId>? upstream = null)
    {
        lock (_lock)
        {
            var channel = _channels.GetOrAdd(key.ChannelId, key.ReconnectWindow);
            if (channel.Move is { } move)
            {
                return new AdmissionResult.Moving(move.WhenOver);
            }

            if (channel[key.Input] is { } current && TryTakeOver(channel, current, key, rules, maxWait) is { } result)
            {
                return result;
            }

            channel.StopReconnectTimer();
            (channel.Ladder, channel.AudioLanguages) = (key.Ladder, key.AudioLanguages);
            var now = time.GetUtcNow();
            var continued = channel.Session is not null;
            if (channel.Session is null)
            {
                channel.Session = _sessionFactory.Create(key, activeEvents?.Find(key.ChannelId), canHide: visibility is not null);
                if (channel.Session.BeginsHidden)
                {
                    visibility!.StartHidden(channel.Session.Id);   // before viewers can get any of it
                }

                channel.LastPublicationEndedAt = null;
                sessionWriter.Record(channel.ToRecord());
            }
            else if (channel.LastPublicationEndedAt is not null)
            {
                // Store that the session has a publisher again. Otherwise, after a crash, it would appear to have ended with the previous
                // publisher.
                channel.LastPublicationEndedAt = null;
                sessionWriter.Record(channel.ToRecord());
            }

            var publisher = new ActivePublisher(Guid.NewGuid(), key.KeyId, now, key.Input) { Upstream = upstream ?? [] };
            publisher.Lease.ReportActivity(time.GetTimestamp());
            channel.Add(publisher);
            if (key.KeyId[0] != AuthCallbackChannels.IdPrefix)
            {
                sessionWriter.RecordKeyUse(key.KeyId);
            }

            Changed?.Invoke();
            return new AdmissionResult.Admitted(
                new(publisher.Publication, channel.Session, key.Ladder, publisher.Revoke.Token) {
                    Role = publisher.Role, State = publisher.Lease, SessionEnded = channel.SessionEnded, Moved = publisher.Moved.Token,
                    AudioLanguages = TrackLanguages.Parse(key.AudioLanguages),
                },
                continued);
        }
    }

    /// <summary>Decides between the current encoder and a new one.</summary>
    /// <returns>Result for the new encoder; <see langword="null"/> when it takes over.</returns>
    private AdmissionResult? TryTakeOver(ChannelSlot channel, ActivePublisher current, StreamKeyRecord key, TakeoverRules rules,
        TimeSpan maxWait)
    {
        var silence = time.GetElapsedTime(current.Lease.LastFrame);
        var recentTakeovers = channel.RecentTakeovers(time);
        var decision = rules.Evaluate(silence, recentTakeovers, maxWait);
        if (decision == TakeoverDecision.TakeOver)
        {
            if (silence < rules.Silence)
            {
                channel.RecordTakeover(time);
                channel.IsTakeoverLimitLogged = false;
            }

            ControlLog.TakenOver(logger, key.Channel.Value, current.KeyId, silence.TotalSeconds, key.KeyId);
            channel.LastPublicationEndedAt = time.GetUtcNow();
            current.Lease.Supersede();
            channel.Remove(current);
            _ = current.Revoke.CancelAsync();   // callbacks run on another thread, not under this lock
            return null;
        }

        if (rules.Policy == TakeoverPolicy.Newest && !channel.IsTakeoverLimitLogged)
        {
            channel.IsTakeoverLimitLogged = true;
            ControlLog.TakeoverLimitReached(logger, key.Channel.Value, recentTakeovers);
        }

        return decision == TakeoverDecision.Wait ? new AdmissionResult.RetryLater(rules.Silence - silence, current.Freed)
            : new AdmissionResult.Busy(current.Since, silence);
    }

    /// <summary>Removes a disconnected encoder: its input is free at once, its session waits for the reconnect window.</summary>
    public void RemovePublisher(PublishGrant grant, string reason)
    {
        lock (_lock)
        {
            if (_channels.Find(grant) is not { } channel)
            {
                return;
            }

            channel.Remove(channel[grant.Role]!);
            Changed?.Invoke();
            if (channel.Session is not { } session)
            {
                _channels.RemoveUnused(channel);
                return;
            }

            channel.LastPublicationEndedAt = channel.IsEmpty ? time.GetUtcNow() : null;
            sessionWriter.Record(channel.ToRecord());
            if (channel.Move is { } move)
            {
                if (channel.IsEmpty)
                {
                    move.SetEmpty();
                }

                return;
            }

            if (!channel.IsEmpty)
            {
                ControlLog.InputDisconnected(logger, grant.Role, session.Channel.Value, reason);
                return;
            }

            ControlLog.PublisherDisconnected(logger, session.Channel.Value, session.Id.Value, reason, channel.Window.TotalSeconds);
            StartReconnectTimer(channel);
        }
    }

    /// <summary>Ends a channel's session now and disconnects its encoder; returns the ended session.</summary>
    /// <param name="channelId">Database id of the channel.</param>
    /// <param name="reason">Human-readable reason.</param>
    /// <param name="startedBefore">Only a session that started before this time; <see langword="null"/> for any.</param>
    public SessionId? End(long channelId, string reason, DateTimeOffset? startedBefore = null)
    {
        lock (_lock)
        {
            return _channels.Find(channelId) is { Session: { } session } channel
                && session.StartedAt < (startedBefore ?? DateTimeOffset.MaxValue)
                ? End(channel, session, reason).Id
                : null;
        }
    }

    /// <summary>Ends a session now and disconnects its encoder, if it is open here.</summary>
    /// <returns>The session; <see langword="null"/> when it is not open here.</returns>
    public BroadcastSession? End(SessionId id, string reason)
    {
        lock (_lock)
        {
            return _channels.Find(id) is { Session: { } session } channel ? End(channel, session, reason) : null;
        }
    }

    /// <summary>Disconnects a channel's encoders; the session waits for them to reconnect.</summary>
    /// <param name="channelId">Database id of the channel.</param>
    /// <param name="reason">Human-readable reason.</param>
    /// <returns>Number of encoders.</returns>
    public int DisconnectEncoders(long channelId, string reason)
    {
        lock (_lock)
        {
            if (_channels.Find(channelId) is not { } channel)
            {
                return 0;
            }

            var disconnected = channel.Publishers.Where(o => !o.Revoke.IsCancellationRequested).ToList();
            foreach (var publisher in disconnected)
            {
                Revoke(publisher, channel.Session?.Channel ?? default, reason);
            }

            return disconnected.Count;
        }
    }

    /// <summary>Disconnects encoders whose key is not among the valid ones.</summary>
    public void DisconnectInvalidKeys(IReadOnlySet<string> validKeys, IReadOnlyList<string> checkedKeys)
    {
        lock (_lock)
        {
            foreach (var channel in _channels.All)
            {
                foreach (var publisher in channel.Publishers.Where(o => checkedKeys.Contains(o.KeyId, StringComparer.Ordinal)
                    && !validKeys.Contains(o.KeyId)))
                {
                    Revoke(publisher, channel.Session?.Channel ?? default, "key revoked");
                }
            }
        }
    }

    /// <summary>Applies a changed reconnect window; a running wait is not affected.</summary>
    public void SetWindow(long channelId, TimeSpan window)
    {
        lock (_lock)
        {
            _channels.Find(channelId)?.Window = window;
        }
    }

    /// <summary>Reports the current number of viewers of a session and stores its peak.</summary>
    public void RecordViewers(SessionId session, long viewers)
    {
        lock (_lock)
        {
            if (_channels.Find(session) is { Move: null } channel && viewers > channel.Totals.PeakViewers)
            {
                channel.Totals.PeakViewers = viewers;
                sessionWriter.Record(channel.ToRecord());
            }
        }
    }

    /// <summary>Queues the webhook event for an encoder that started publishing.</summary>
    public void NotifyStarted(PublishGrant grant, string keyId, bool continued) =>
        sessionWriter.Enqueue(WebhookMessage.Started(time.GetUtcNow(), grant, keyId, continued));

    /// <summary>Queues the webhook event for an encoder that stopped publishing.</summary>
    public void NotifyStopped(PublishGrant grant, string reason) =>
        sessionWriter.Enqueue(WebhookMessage.Stopped(time.GetUtcNow(), grant, reason, HasOpen(grant.Session.Id)));

    /// <summary>Completes when the packager has been notified of all ends so far.</summary>
    public Task WhenEndsNotifiedAsync() => _endNotifier.WhenNotifiedAsync();

    /// <summary>Stops all timers at shutdown; sessions stay open for the next process.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            foreach (var channel in _channels.All)
            {
                channel.StopReconnectTimer();
            }
        }
    }

    private void StartReconnectTimer(ChannelSlot channel)
    {
        channel.StopReconnectTimer();
        if (channel.Window == TimeSpan.Zero)
        {
            EndSession(channel, "the encoder disconnected");
            return;
        }

        var reconnectTimer = new ReconnectTimer();
        channel.ReconnectTimer = reconnectTimer;
        reconnectTimer.Timer = time.CreateTimer(_ => OnReconnectExpired(channel, reconnectTimer), null, channel.Window,
            Timeout.InfiniteTimeSpan);
    }

    private void OnReconnectExpired(ChannelSlot channel, ReconnectTimer reconnectTimer)
    {
        lock (_lock)
        {
            if (ReferenceEquals(channel.ReconnectTimer, reconnectTimer) && channel.IsEmpty)
            {
                EndSession(channel, "no encoder reconnected within the reconnect window");
            }
        }
    }

    private BroadcastSession End(ChannelSlot channel, BroadcastSession session, string reason)
    {
        foreach (var publisher in channel.Publishers)
        {
            Revoke(publisher, session.Channel, reason);
        }

        EndSession(channel, reason);
        return session;
    }

    private void EndSession(ChannelSlot channel, string reason)
    {
        channel.StopReconnectTimer();
        channel.EndMove();
        var session = channel.Session!;

        // A remaining encoder ends with the session.
        channel.LastPublicationEndedAt = channel.IsEmpty ? channel.LastPublicationEndedAt : time.GetUtcNow();
        var now = time.GetUtcNow();
        sessionWriter.Record(channel.ToRecord() with { EndedAt = now, EndReason = reason });
        var summary = new SessionSummary(session, reason, now - session.StartedAt, channel.Totals.Connections, channel.Totals.Sum,
            channel.Totals.PeakViewers);
        channel.Session = null;
        _channels.RemoveUnused(channel);
        Changed?.Invoke();
        _endNotifier.Notify(summary);
    }

    private void Revoke(ActivePublisher publisher, ChannelName channel, string reason)
    {
        if (!publisher.Revoke.IsCancellationRequested)
        {
            ControlLog.PermissionRevoked(logger, channel.Value, reason);
            _ = publisher.Revoke.CancelAsync();   // callbacks run on another thread, not under this lock
        }
    }
}
