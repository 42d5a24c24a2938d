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
        Confirm(session.Id, isTakenOver: true);
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

        Confirm(session.Id, isTakenOver: true);
        foreach (var other in _sessions.Of(session.Channel).Where(other => other.Id > session.Id).ToList())
        {
            await StopServingAsync(other, cancellationToken);
        }
    }

    /// <summary>
    /// Waits until the earlier part of a recorded session is known, or is known not to exist. A timeline that began without it would
    /// replace it, and the recording would lose its media. Sessions that are not recorded continue at once.
    /// </summary>
    private async Task RecoverRecordedAsync(BroadcastSession session, CancellationToken cancellationToken)
    {
        if (_stored is not { } stored)
        {
            return;
        }

        for (var isWaiting = false; session.IsRecorded && GetMaxUsedNumber(session) > 0 && !_sessions.Contains(session.Id);
            isWaiting = true)
        {
            using var timeout = new CancellationTokenSource(_context.Options.StoreTimeout, _context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                await stored.RecoverAsync(session.Channel, session.Id, either.Token);
                return;
            }
            catch (Exception failure) when (failure is IOException
                || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                if (!isWaiting)
                {
                    PackagerLog.RecordedSessionWaits(_context.Logger, session.Channel.Value, session.Id.Value, failure.Message);
                }
            }

            await Task.Delay(_context.Options.RetryInterval, _context.Time, cancellationToken);
        }
    }

    private void Confirm(SessionId session, bool isTakenOver = false)
    {
        if (_sessions.TryGet(session, out var found))
        {
            found.Confirm(isTakenOver);
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
