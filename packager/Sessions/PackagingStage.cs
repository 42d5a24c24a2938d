using System.Collections.Concurrent;
using System.Collections.Frozen;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Recovery;
using Broadcast.Media.TranscoderToPackager;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager.Sessions;

/// <summary>Current state of a packaged session.</summary>
/// <param name="Channel">Channel of the session.</param>
/// <param name="Session">ID of the session.</param>
/// <param name="IsReceiving">Whether media of an encoder is arriving.</param>
/// <param name="IsEnded">Whether the session has ended.</param>
/// <param name="LastSegment">Highest announced segment number; 0 without one.</param>
public sealed record PackagedSession(ChannelName Channel, SessionId Session, bool IsReceiving, bool IsEnded, long LastSegment);

/// <summary>Current sessions of the packager, for status pages.</summary>
public interface IPackagedSessions
{
    /// <summary>All sessions that are playable or will be.</summary>
    IReadOnlyList<PackagedSession> Current { get; }
}

/// <summary>Assigns publications to their sessions, and removes sessions that a newer one of the channel has superseded.</summary>
internal sealed partial class PackagingStage : IRenditionSink, ISessionLifecycle, IImageSink, IPackagedSessions
{
    /// <summary>Age in seconds of a session whose start is in the future, because a clock was wrong: 11 days.</summary>
    private const int UnknownAge = 1_000_000;

    private readonly SessionTable _sessions = new();
    private readonly ReleasedSessions _released = new();
    private readonly ConcurrentDictionary<ChannelName, SessionId> _elsewhere = new();
    private readonly TaskCompletionSource _recovered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _allRecovered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _addLock = new();
    private readonly PackagerContext _context;
    private readonly DateTimeOffset _startedAt;
    private readonly ISessionOwnership? _ownership;
    private volatile bool _isStoreKnown;
    private Func<ChannelName, Task> _recover = _ => Task.CompletedTask;
    private Func<ChannelName, SessionId, Task> _recoverSession = (_, _) => Task.CompletedTask;
    private IStoredSessions? _stored;

    public PackagingStage(
        ISpool spool, IEnumerable<ITimelineSink> sinks, IOptions<PackagerOptions> options, TimeProvider time, DeferredWork deferred,
        ILogger<PackagingStage> logger, ISessionOwnership? ownership = null)
    {
        _ownership = ownership;
        _context = new PackagerContext(spool, [.. sinks], options.Value, time, deferred, logger);
        _startedAt = time.GetUtcNow();
        spool.NameTaken += OnNameTaken;
    }

    public PackagerContext Context => _context;

    /// <summary>Indicates whether the sessions in the object store are known.</summary>
    public bool IsStoreKnown { get => _isStoreKnown; set => _isStoreKnown = value; }

    public IReadOnlyList<PackagedSession> Current =>
        [.. _sessions.All.Select(session =>
            new PackagedSession(session.Channel, session.Id, session.IsReceiving, session.IsEnded, session.LastSegment))];

    public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
    {
        await RecoverAsync(renditions.Session.Channel, renditions.Session.Id, cancellationToken);
        if (_elsewhere.TryGetValue(renditions.Session.Channel, out var other) && other < renditions.Session.Id)
        {
            // Control admits no encoder while the other session is open.
            _elsewhere.TryRemove(KeyValuePair.Create(renditions.Session.Channel, other));
        }

        await RecoverRecordedAsync(renditions.Session, cancellationToken);
        await GetOrAdd(renditions.Session).RunAsync(renditions, cancellationToken);
    }

    public async ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken)
    {
        await RecoverAsync(channel, session, cancellationToken);
        if (!_sessions.TryGet(session, out var found) || found.Channel != channel)
        {
            return;
        }

        if (await FindOwnershipAsync(session, cancellationToken) == SessionOwnership.Elsewhere)
        {
            // Control ends a session that it has lost to another server, where it continues: its playlists must not end here.
            await found.ReleaseAsync(cancellationToken);
            Release(found);
            return;
        }

        await found.EndAsync(reason, cancellationToken);
    }

    public async ValueTask ReleaseAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        _elsewhere[channel] = session;
        var isNew = _released.Add(session);
        if (_sessions.TryGet(session, out var found) && found.Channel == channel)
        {
            await found.ReleaseAsync(cancellationToken);
            Release(found);
        }
        else if (isNew)
        {
            // Files that an earlier process has left open would hide the objects of the owner.
            _context.Spool.Release(ObjectNames.Of(channel, session).MediaFolder);
        }

        foreach (var other in _sessions.Of(channel).Where(other => other.Id != session).ToList())
        {
            await StopServingAsync(other, cancellationToken);
        }
    }

    public async ValueTask ResumeAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await RecoverAsync(channel, cancellationToken);
        _elsewhere.TryRemove(channel, out _);
        _released.Remove(session);
        if (!_sessions.Contains(session))
        {
            await _recoverSession(channel, session).WaitAsync(cancellationToken);
        }

        Confirm(session);
        foreach (var other in _sessions.Of(channel).Where(other => other.Id > session).ToList())
        {
            await StopServingAsync(other, cancellationToken);
        }
    }

    public async ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await RecoverAsync(channel, session, cancellationToken);
        if (_sessions.TryGet(session, out var found) && found.Channel == channel)
        {
            if (!found.IsEnded)
            {
                throw new InvalidOperationException(
                    $"Session {session} of channel {channel} has not ended; end it before deleting its media.");
            }

            Forget(found);
            return;
        }

        Delete(channel, session);
    }

    public SessionResumePoint? FindResumePoint(SessionId session) => _sessions.TryGet(session, out var found) ? found.ResumePoint : null;

    public SessionMediaTotals? TotalsOf(SessionId session) => _sessions.TryGet(session, out var found) ? found.Totals : null;

    public void Offer(ChannelName channel, SessionId session, SessionImage image)
    {
        if (_sessions.TryGet(session, out var found) && found.Channel == channel)
        {
            found.Offer(image);
        }
    }

    /// <summary>
    /// Allows sessions to start: earlier ones of channels with files in the data folder are known, and others are recovered on request.
    /// </summary>
    /// <param name="recover">Recovers the earlier sessions of a channel; completes when they are known.</param>
    /// <param name="recoverSession">
    /// Recovers a session that this server owns, although its channel has a newer one, or it was released.
    /// </param>
    /// <param name="stored">Sessions in the object store that other servers have owned.</param>
    public void CompleteRecovery(Func<ChannelName, Task>? recover = null, Func<ChannelName, SessionId, Task>? recoverSession = null,
        IStoredSessions? stored = null)
    {
        _stored = stored ?? _stored;
        _recover = recover ?? _recover;
        _recoverSession = recoverSession ?? _recoverSession;
        _recovered.TrySetResult();
    }

    /// <summary>Records that the earlier sessions of all channels are known, as far as the object store answers.</summary>
    public void CompleteAllRecoveries() => _allRecovered.TrySetResult();

    public async ValueTask RecoverAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        await _recover(channel).WaitAsync(cancellationToken);
    }

    public Task WhenRecoveredAsync(CancellationToken cancellationToken) => _allRecovered.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Takes over a recovered session and announces it to the sinks. A session that is already known, because its encoder reconnected
    /// first, is left unchanged.
    /// </summary>
    /// <param name="timeline">Timeline of the session as announced.</param>
    /// <param name="journals">Numbers of its journal files, ascending.</param>
    /// <param name="inits">Bytes of its renditions' init segments, as far as they are readable.</param>
    /// <returns>Whether the session was taken over.</returns>
    public bool Adopt(SessionTimeline timeline, IReadOnlyList<JournalNumber> journals, IReadOnlyDictionary<ObjectName, byte[]> inits)
    {
        SessionPackager session;
        lock (_addLock)
        {
            if (IsKnown(timeline.Session.Id))
            {
                return false;
            }

            session = Create(timeline, journals, isNew: false, maxUsedNumber: 0, inits);
            session.ResumePoint = ResumePoints.Of(timeline, inits);
            session.Announce();
            _sessions.Add(session);
        }

        return true;
    }

    /// <summary>Sessions of a channel.</summary>
    internal IReadOnlyList<SessionPackager> SessionsOf(ChannelName channel) => _sessions.Of(channel);

    /// <summary>Returns whether a newer session of the channel is playable, so that this one is no longer needed.</summary>
    public bool IsSuperseded(ChannelName channel, SessionId session) =>
        _sessions.Of(channel).Any(other => other.Id > session && other.HasClosedSegments);

    /// <summary>Returns whether a session is known, including as that of another server.</summary>
    public bool IsKnown(SessionId session) => _sessions.Contains(session) || IsReleased(session);

    /// <summary>Returns whether a session belongs to another server and must not be touched.</summary>
    public bool IsReleased(SessionId session) => _released.Contains(session);

    /// <summary>Returns whether another server owns the current session of a channel, so that none of this server is served.</summary>
    public bool IsElsewhere(ChannelName channel) => _elsewhere.ContainsKey(channel);

    /// <summary>Finds the ownership of a session. A packager without control has no other servers.</summary>
    public ValueTask<SessionOwnership> FindOwnershipAsync(SessionId session, CancellationToken cancellationToken) =>
        _ownership is not null ? _ownership.FindAsync(session, cancellationToken) : new(SessionOwnership.Closed);

    /// <summary>Deletes all data of a session in spool and object store.</summary>
    public void Delete(ChannelName channel, SessionId session)
    {
        PackagerLog.SessionDeleted(_context.Logger, channel.Value, session.Value);
        NotifyDeleted(channel, session);
        var names = ObjectNames.Of(channel, session);
        _context.Spool.DeleteAll(names.MediaFolder);
        _context.Spool.DeleteAll(names.JournalFolder);
    }

    /// <summary>Waits until a session would be known if an earlier process had it.</summary>
    private async ValueTask RecoverAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        if (!IsKnown(session))
        {
            await _recover(channel).WaitAsync(cancellationToken);
        }
    }

    private void NotifyDeleted(ChannelName channel, SessionId session)
    {
        // Objects of the channel itself belong to the server that has it on air.
        var isElsewhere = IsElsewhere(channel);
        foreach (var sink in _context.Sinks)
        {
            if (isElsewhere)
            {
                sink.Release(channel, session);
            }
            else
            {
                sink.Forget(channel, session);
            }
        }
    }

    private SessionPackager GetOrAdd(BroadcastSession session)
    {
        if (_sessions.TryGet(session.Id, out var known))
        {
            return known;
        }

        lock (_addLock)
        {
            if (!_sessions.TryGet(session.Id, out known))
            {
                known = Create(new SessionTimeline(session), [], isNew: true, GetMaxUsedNumber(session),
                    FrozenDictionary<ObjectName, byte[]>.Empty);
                _sessions.Add(known);
            }

            return known;
        }
    }

    /// <summary>
    /// Upper bound of the numbers that an unknown older session may have used. The session started before this process, but data folder and
    /// store have no record of it: the record is lost, damaged or unavailable. Other machines and caches may know its objects, and objects
    /// are immutable. One number per second since its start is more than it can have used. The clocks of two servers may differ, but a
    /// session that began at another server, or before this process, has a higher epoch than the first.
    /// </summary>
    private int GetMaxUsedNumber(BroadcastSession session)
    {
        if (session is { Epoch: <= 1 } && session.StartedAt >= _startedAt)
        {
            return 0;
        }

        var age = (_context.Time.GetUtcNow() - session.StartedAt).TotalSeconds;
        return age < 0 ? UnknownAge : (int)Math.Clamp(age, 1, int.MaxValue / 2);
    }

    private SessionPackager Create(
        SessionTimeline timeline, IEnumerable<JournalNumber> journals, bool isNew, int maxUsedNumber,
        IReadOnlyDictionary<ObjectName, byte[]> inits)
    {
        var (channel, id) = (timeline.Session.Channel, timeline.Session.Id);
        var writer = new SessionTimelineWriter(_context, timeline, journals, isNew, maxUsedNumber, inits, new DeferredDeletions(_context),
            () => Supersede(channel, id));
        return new SessionPackager(_context, timeline, writer, _ownership);
    }

    /// <summary>
    /// Removes older sessions of the channel once a session is playable, after the duration of their longest playlist. Media of recorded
    /// sessions is retained.
    /// </summary>
    private void Supersede(ChannelName channel, SessionId by)
    {
        foreach (var older in _sessions.Of(channel))
        {
            if (older.Id < by)
            {
                ForgetLater(older);
            }
        }
    }

    private void ForgetLater(SessionPackager session) =>
        _context.Deferred.Schedule(DeletionRules.GetDelay(session.Session, _context.Time.GetUtcNow())
            - session.Latency.TargetDuration, () =>
    {
        if (session.IsReceiving)
        {
            ForgetLater(session);
        }
        else
        {
            _ = ForgetOwnedAsync(session);
        }
    });

    /// <summary>
    /// Removes a session, and deletes its media unless it is recorded. Its journal records the end. A session that another server owns
    /// is only released, and without a known owner it stays. Never throws.
    /// </summary>
    private async Task ForgetOwnedAsync(SessionPackager session)
    {
        try
        {
            switch (await FindOwnershipAsync(session.Id, CancellationToken.None))
            {
                case SessionOwnership.Undecided:
                    _context.Deferred.Schedule(_context.Options.RetryInterval, () => _ = ForgetOwnedAsync(session));
                    break;
                case SessionOwnership.Open:
                    ForgetLater(session);
                    break;
                case SessionOwnership.Elsewhere:
                    await session.ReleaseAsync(CancellationToken.None);
                    Release(session);
                    break;
                case SessionOwnership.Closed when !session.Session.IsRecorded:
                    Forget(session);
                    break;
                default:
                    await RetireAsync(session);
                    break;
            }
        }
        catch (Exception failure)
        {
            PackagerLog.DeferredFailed(_context.Logger, failure);
        }
    }

    private async Task RetireAsync(SessionPackager session)
    {
        await session.EndAsync("superseded", CancellationToken.None);
        if (session.IsFailing)
        {
            ForgetLater(session);
            return;
        }

        if (_sessions.Remove(session))
        {
            PackagerLog.SessionRetained(_context.Logger, session.Channel.Value, session.Id.Value);
            NotifyDeleted(session.Channel, session.Id);
        }
    }

    /// <summary>
    /// Stops serving a session whose channel has another current one. A session of another server, or of one that may be live, is not
    /// changed.
    /// </summary>
    private async Task StopServingAsync(SessionPackager session, CancellationToken cancellationToken)
    {
        switch (await FindOwnershipAsync(session.Id, cancellationToken))
        {
            case SessionOwnership.Elsewhere:
                await session.ReleaseAsync(cancellationToken);
                Release(session);
                break;
            case SessionOwnership.Closed:
                await session.EndAsync("superseded", cancellationToken);
                if (!session.IsFailing && Release(session) && !session.Session.IsRecorded)
                {
                    // Players may still read it.
                    _context.Deferred.Schedule(DeletionRules.GetDelay(session.Session, _context.Time.GetUtcNow()),
                        () => Delete(session.Channel, session.Id));
                }

                break;
            default:
                // Control ends an open session of its own, and repeats the call while the owner is not known.
                break;
        }
    }

    /// <summary>Removes a session whose objects stay, or are deleted later.</summary>
    private bool Release(SessionPackager session)
    {
        if (!_sessions.Remove(session))
        {
            return false;
        }

        PackagerMetrics.Released(session.Channel);
        PackagerLog.SessionReleased(_context.Logger, session.Channel.Value, session.Id.Value);
        foreach (var sink in _context.Sinks)
        {
            sink.Release(session.Channel, session.Id);
        }

        return true;
    }

    private void Forget(SessionPackager session)
    {
        if (_sessions.Remove(session))
        {
            Delete(session.Channel, session.Id);
        }
    }
}
