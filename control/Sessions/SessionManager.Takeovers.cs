using Broadcast.Control.Publishing;
using Broadcast.Media;

namespace Broadcast.Control.Sessions;

/// <content>Sessions that this server has just taken over from a lost server.</content>
internal sealed partial class SessionManager
{
    /// <summary>Continues a session, unless an encoder has begun another one on its channel meanwhile.</summary>
    public bool TryResume(OpenSession taken)
    {
        lock (_lock)
        {
            if (_channels.Find(taken.ChannelId) is { Session: not null })
            {
                return false;
            }

            Resume([taken], static _ => false);
            return true;
        }
    }

    /// <summary>Shows the slate of a session that continues here without an encoder.</summary>
    private void ShowSlate(ChannelSlot channel)
    {
        if (resumedSessions is not null && channel.Session is { } session && lifecycle?.FindResumePoint(session.Id) is { } media)
        {
            resumedSessions.ShowSlate(
                new(Guid.NewGuid(), session, channel.Ladder, CancellationToken.None)
                {
                    SessionEnded = channel.SessionEnded, AudioLanguages = TrackLanguages.Parse(channel.AudioLanguages),
                },
                media);
        }
    }

    /// <summary>Ends a session that is not continued here: stores its end, and notifies the packager.</summary>
    public void EndTaken(OpenSession taken, string reason)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            sessionWriter.Record(SessionRecord.Of(taken.Session, taken.ChannelId, taken.LastPublicationEndedAt ?? now)
                with { EndedAt = now, EndReason = reason });
            _endNotifier.Notify(new SessionSummary(taken.Session, reason, now - taken.Session.StartedAt, 0, default, 0));
            Changed?.Invoke();
        }
    }
}
