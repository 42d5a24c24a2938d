-- Notifies servers of the end of a session, so that they update the recordings that viewers can play. Servers of the
-- previous version receive the notification, too, and reload their data.

CREATE TRIGGER sessions_tell_end
    AFTER UPDATE OF ended_at ON sessions
    FOR EACH ROW WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION tell_control();

-- Finds the event of a session.
CREATE INDEX event_sessions_session ON event_sessions (session_id);

-- Reads a channel's activity log, newest first. Also finds the oldest rows beyond its size limit.
CREATE INDEX stream_events_timeline ON stream_events (channel_id, id DESC)
    WHERE type IN ('publish.started', 'publish.stopped', 'input.lost', 'input.back', 'health.issue', 'recording.ready', 'event.late');
