using System.Collections.Concurrent;
using System.Collections.Frozen;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager;

/// <summary>A session as the packager has it now.</summary>
/// <param name="Channel">Its channel.</param>
/// <param name="Session">Its identity.</param>
/// <param name="IsReceiving">Whether an encoder's media is arriving.</param>
/// <param name="IsEnded">Whether it is over.</param>
/// <param name="LastSegment">Highest segment number begun; 0 when there is none.</param>
public sealed record PackagedSession(ChannelName Channel, SessionId Session, bool IsReceiving, bool IsEnded, long LastSegment);

/// <summary>What the packager is working on, for status pages.</summary>
public interface IPackagedSessions
{
    /// <summary>All sessions that can be played, or will be.</summary>
    IReadOnlyList<PackagedSession> Current { get; }
}

/// <summary>All sessions by identity: hands publications to theirs, and lets go of those that a newer one on the channel has superseded.</summary>
internal sealed class PackagingStage : IRenditionSink, ISessionLifecycle, IPictureSink, IPackagedSessions
{
    private readonly ConcurrentDictionary<SessionId, SessionPackager> _sessions = new();
    private readonly ConcurrentDictionary<SessionId, byte> _letGo = new();
    private readonly TaskCompletionSource _recovered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _adding = new();
    private readonly PackagerContext _context;
    private readonly DateTimeOffset _startedAt;
    private volatile bool _knowsStore;

    public PackagingStage(
        ISpool spool, IEnumerable<ITimelineSink> sinks, IOptions<PackagerOptions> options, TimeProvider time, DeferredWork deferred, ILogger<PackagingStage> logger)
    {
        _context = new PackagerContext(spool, [.. sinks], options.Value, time, deferred, logger);
        _startedAt = time.GetUtcNow();
    }

    public PackagerContext Context => _context;

    /// <summary>Whether the object store has told which sessions it knows.</summary>
    public bool KnowsStore { get => _knowsStore; set => _knowsStore = value; }

    public IReadOnlyList<PackagedSession> Current =>
        [.. _sessions.Values.Select(session => new PackagedSession(session.Channel, session.Id, session.IsReceiving, session.IsEnded, session.LastSegment))];

    public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        await Open(renditions.Session).RunAsync(renditions, cancellationToken);
    }

    public async ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        if (_sessions.TryGetValue(session, out var found) && found.Channel == channel)
        {
            await found.EndAsync(reason, cancellationToken);
        }
    }

    public async ValueTask LetGoAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        lock (_adding)
        {
            if (!_sessions.TryGetValue(session, out var found))
            {
                _letGo[session] = 0;   // a store that answers late may tell of it yet
                return;
            }

            if (found.Channel != channel || !found.TryLetGo())
            {
                return;
            }

            _letGo[session] = 0;
            _sessions.TryRemove(session, out _);
        }

        Log.SessionLetGo(_context.Logger, channel.Value, session.Value);
        foreach (var sink in _context.Sinks)
        {
            sink.LetGo(channel, session);
        }
    }

    public async ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        if (_sessions.TryGetValue(session, out var found) && found.Channel == channel)
        {
            if (!found.IsEnded)
            {
                throw new InvalidOperationException($"Session {session} of channel {channel} is not over; end it before its media is deleted.");
            }

            Forget(found);
            return;
        }

        Delete(channel, session);
    }

    public SessionMediaTotals? TotalsOf(SessionId session) => _sessions.TryGetValue(session, out var found) ? found.Totals : null;

    public void Offer(ChannelName channel, SessionId session, SessionPicture picture)
    {
        if (_sessions.TryGetValue(session, out var found) && found.Channel == channel)
        {
            found.Offer(picture);
        }
    }

    /// <summary>Sessions may begin: those of before are known, at least as far as the data folder tells.</summary>
    public void Recovered() => _recovered.TrySetResult();

    /// <summary>Takes a recovered session in and tells the sinks of it. One that is known already, because its encoder was faster, is left as it is.</summary>
    /// <param name="timeline">The session as it was announced.</param>
    /// <param name="journals">Numbers of its journal files, rising.</param>
    /// <param name="inits">Bytes of its renditions' newest init segments, as far as they could be read.</param>
    /// <returns>Whether it was taken.</returns>
    public bool Adopt(SessionTimeline timeline, IReadOnlyList<long> journals, IReadOnlyDictionary<string, byte[]> inits)
    {
        SessionPackager session;
        lock (_adding)
        {
            if (Knows(timeline.Session.Id))
            {
                return false;
            }

            session = Make(timeline, journals, isNew: false, unknownPast: 0, inits);
            session.Announce();
            _sessions[session.Id] = session;
        }

        return true;
    }

    /// <summary>Whether a newer session of the channel can be played, so that this one is not needed any more.</summary>
    public bool IsSuperseded(ChannelName channel, SessionId session) =>
        _sessions.Values.Any(other => other.Channel == channel && other.Id > session && other.HasClosedSegments);

    /// <summary>Whether a session is known, be it as another server's.</summary>
    public bool Knows(SessionId session) => _sessions.ContainsKey(session) || IsLetGo(session);

    /// <summary>Whether a session is another server's, so that nothing of it is to be touched.</summary>
    public bool IsLetGo(SessionId session) => _letGo.ContainsKey(session);

    /// <summary>Deletes all that a session left in spool and store.</summary>
    public void Delete(ChannelName channel, SessionId session)
    {
        Log.SessionForgotten(_context.Logger, channel.Value, session.Value);
        Untell(channel, session);
        _context.Spool.DeleteAll(SessionAccount.FolderOf(channel, session));
        _context.Spool.DeleteAll(JournalFile.FolderOf(channel, session));
    }

    private void Untell(ChannelName channel, SessionId session)
    {
        foreach (var sink in _context.Sinks)
        {
            sink.Forget(channel, session);
        }
    }

    private SessionPackager Open(BroadcastSession session)
    {
        if (_sessions.TryGetValue(session.Id, out var known))
        {
            return known;
        }

        lock (_adding)
        {
            return _sessions.GetOrAdd(session.Id, _ => Make(new SessionTimeline(session), [], isNew: true, UnknownPast(session), FrozenDictionary<string, byte[]>.Empty));
        }
    }

    /// <summary>
    /// A session from before this process began, of which neither data folder nor store told, because they were lost, are damaged, or do not answer: it may have
    /// objects nevertheless, which other machines and caches know, and objects never change. A number a second since its beginning is more than it can have used.
    /// </summary>
    private int UnknownPast(BroadcastSession session) =>
        session.StartedAt >= _startedAt ? 0 : (int)Math.Clamp((_context.Time.GetUtcNow() - session.StartedAt).TotalSeconds, 1, int.MaxValue / 2);

    private SessionPackager Make(
        SessionTimeline timeline, IEnumerable<long> journals, bool isNew, int unknownPast, IReadOnlyDictionary<string, byte[]> inits)
    {
        var (channel, id) = (timeline.Session.Channel, timeline.Session.Id);
        var account = new SessionAccount(_context, timeline, journals, isNew, unknownPast, inits, () => Supersede(channel, id));
        return new SessionPackager(_context, timeline, account);
    }

    /// <summary>A session can be played: older ones on the channel go, after the time of their longest playlist, for those who still watch. Of those that are recorded the media stay.</summary>
    private void Supersede(ChannelName channel, SessionId by)
    {
        foreach (var older in _sessions.Values)
        {
            if (older.Channel == channel && older.Id < by)
            {
                ForgetLater(older);
            }
        }
    }

    private void ForgetLater(SessionPackager session) => _context.Deferred.After(ChapterName.Patience(session.Session, _context.Time.GetUtcNow()) - session.Latency.TargetDuration, () =>
    {
        if (session.IsReceiving)
        {
            ForgetLater(session);
        }
        else if (session.Session.IsRecorded)
        {
            _ = RetireAsync(session);
        }
        else
        {
            Forget(session);
        }
    });

    /// <summary>Lets go of a session whose media stay: its journal says that it is over, and nothing more of it is needed here. Never throws.</summary>
    private async Task RetireAsync(SessionPackager session)
    {
        try
        {
            await session.EndAsync("superseded", CancellationToken.None);
            if (session.IsFailing)
            {
                ForgetLater(session);
                return;
            }

            if (_sessions.TryRemove(new KeyValuePair<SessionId, SessionPackager>(session.Id, session)))
            {
                Log.SessionKept(_context.Logger, session.Channel.Value, session.Id.Value);
                Untell(session.Channel, session.Id);
            }
        }
        catch (Exception failure)
        {
            Log.DeferredFailed(_context.Logger, failure);
        }
    }

    private void Forget(SessionPackager session)
    {
        if (_sessions.TryRemove(new KeyValuePair<SessionId, SessionPackager>(session.Id, session)))
        {
            Delete(session.Channel, session.Id);
        }
    }
}
