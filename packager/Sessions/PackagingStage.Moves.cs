using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Broadcast.Packager.Recovery;

namespace Broadcast.Packager.Sessions;

/// <content>Sessions that move between servers.</content>
internal sealed partial class PackagingStage
{
    public async ValueTask TakeOverAsync(BroadcastSession session, SessionCopy copy, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        var (timeline, inits) = SessionTakeover.Prepare(_context.Spool, session, copy, _context.Logger);
        _elsewhere.TryRemove(session.Channel, out _);
        _released.Remove(session.Id);
        Adopt(timeline, [], inits);
        foreach (var other in _sessions.Of(session.Channel).Where(other => other.Id > session.Id).ToList())
        {
            await StopServingAsync(other, cancellationToken);
        }
    }

    public async ValueTask<ISessionHold?> HoldAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await RecoverAsync(channel, session, cancellationToken);
        return _sessions.TryGet(session, out var found) && found.Channel == channel && await found.HoldAsync(cancellationToken)
            ? new SessionHold(found, ReleaseHeld) : null;
    }

    public async ValueTask<bool> IsStoredAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        return _stored is not null && await _stored.ContainsAsync(channel, session, cancellationToken);
    }

    public async ValueTask TakeOverStoredAsync(BroadcastSession session, CancellationToken cancellationToken)
    {
        await _recovered.Task.WaitAsync(cancellationToken);
        _elsewhere.TryRemove(session.Channel, out _);
        _released.Remove(session.Id);
        if (!_sessions.Contains(session.Id) && _stored is not null)
        {
            await _stored.RecoverAsync(session.Channel, session.Id, cancellationToken);
        }

        foreach (var other in _sessions.Of(session.Channel).Where(other => other.Id > session.Id).ToList())
        {
            await StopServingAsync(other, cancellationToken);
        }
    }

    /// <summary>Releases a held session to the server that has taken it over.</summary>
    private void ReleaseHeld(SessionPackager session)
    {
        _elsewhere[session.Channel] = session.Id;
        _released.Add(session.Id);
        session.ReleaseHeld();
        Release(session);
    }
}
