using Broadcast.Media;

namespace Broadcast.Control.Sessions;

/// <content>Moves of sessions to other servers.</content>
internal sealed partial class SessionManager
{
    /// <summary>
    /// Begins to move a session: its encoders end their publications at the next keyframe and are forwarded from there, the slate ends, and
    /// no encoder is admitted until the move ends.
    /// </summary>
    /// <param name="id">The session.</param>
    /// <param name="whenEmpty">Completes when no encoder publishes.</param>
    /// <returns>Whether the session moves; not when it is not open here, or moves already.</returns>
    public bool TryBeginMove(SessionId id, out Task whenEmpty)
    {
        whenEmpty = Task.CompletedTask;
        lock (_lock)
        {
            if (_channels.Find(id) is not { Move: null } channel)
            {
                return false;
            }

            channel.StopReconnectTimer();
            var move = channel.BeginMove();
            foreach (var publisher in channel.Publishers)
            {
                _ = publisher.Moved.CancelAsync();   // callbacks run on another thread, not under this lock
            }

            whenEmpty = move.WhenEmpty;
            return true;
        }
    }

    /// <summary>Returns whether a session moves to another server.</summary>
    public bool IsMoving(SessionId id)
    {
        lock (_lock)
        {
            return _channels.Find(id) is { Move: not null };
        }
    }

    /// <summary>Disconnects the encoders of a session that have not ended their publications.</summary>
    public void DisconnectEncoders(SessionId id, string reason)
    {
        if (FindChannelId(id) is { } channelId)
        {
            DisconnectEncoders(channelId, reason);
        }
    }

    /// <summary>Completes a move: the session is another server's, and is removed here without an end.</summary>
    public void CompleteMove(SessionId id)
    {
        lock (_lock)
        {
            if (_channels.Find(id) is not { Move: not null, Session: { } session } channel)
            {
                return;
            }

            foreach (var publisher in channel.Publishers)
            {
                Revoke(publisher, session.Channel, "the session has moved to another server");
            }

            channel.EndMove();
            channel.Session = null;
            _channels.RemoveUnused(channel);
            Changed?.Invoke();
        }
    }

    /// <summary>Continues a session on this server.</summary>
    /// <param name="id">The session.</param>
    /// <param name="epoch">Its epoch in the database.</param>
    public void CancelMove(SessionId id, long epoch)
    {
        lock (_lock)
        {
            if (_channels.Find(id) is not { Move: not null, Session: { } session } channel)
            {
                return;
            }

            channel.Session = session with { Epoch = Math.Max(session.Epoch, epoch) };
            channel.EndMove();
            if (channel.IsEmpty)
            {
                StartReconnectTimer(channel);
            }
        }
    }
}
