-- Whoever tells viewers what can be replayed hears of the end of a session. A server of before hears it too, and reads again what it knows.

CREATE TRIGGER sessions_tell_end
    AFTER UPDATE OF ended_at ON sessions
    FOR EACH ROW WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION tell_control();

-- Of which event a session is.
CREATE INDEX event_sessions_session ON event_sessions (session_id);

-- What a channel's timeline tells, newest first; also by which the oldest of too much is found.
CREATE INDEX stream_events_timeline ON stream_events (channel_id, id DESC)
    WHERE type IN ('publish.started', 'publish.stopped', 'input.lost', 'input.back', 'health.issue', 'recording.ready', 'event.late');
