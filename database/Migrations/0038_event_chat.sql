-- Chat settings of an event, which replace those of its channel while it is in preview or live. Servers of the previous
-- version use the settings of the channel.

ALTER TABLE events ADD COLUMN chat text CHECK (chat IN ('on', 'off', 'members'));

-- Settings in effect: those of the channel, with what its current event replaces.
CREATE VIEW chat_settings_in_effect AS
SELECT c.id AS channel_id, CASE WHEN e.chat IS NULL THEN coalesce(s.enabled, false) ELSE e.chat <> 'off' END AS enabled,
    coalesce(s.slow_seconds, 0) AS slow_seconds, coalesce(s.members_only, false) OR coalesce(e.chat = 'members', false) AS members_only,
    coalesce(s.frozen, false) AS frozen, coalesce(s.hold_all, false) AS hold_all, coalesce(s.reactions, true) AS reactions,
    coalesce(s.questions, false) AS questions, coalesce(s.filters, '{}') AS filters
FROM channels c LEFT JOIN chat_settings s ON s.channel_id = c.id
    LEFT JOIN LATERAL (SELECT chat FROM events WHERE channel_id = c.id AND kind <> 'series' AND state IN ('preview', 'live')
        ORDER BY state = 'live' DESC, starts_at DESC LIMIT 1) e ON true
WHERE c.deleted_at IS NULL;

-- Servers read the settings again, and pages learn them with a batch of the session on air.
CREATE FUNCTION notify_chat_of_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open_session text;
    number bigint;
BEGIN
    PERFORM pg_notify('broadcast_control', 'chat_settings:' || NEW.channel_id::text);
    INSERT INTO chat_sessions (session_id, channel_id, last_batch)
    SELECT s.id, s.channel_id, 1 FROM sessions s WHERE s.channel_id = NEW.channel_id AND s.ended_at IS NULL ORDER BY s.id DESC LIMIT 1
    ON CONFLICT (session_id) DO UPDATE SET last_batch = chat_sessions.last_batch + 1
    RETURNING session_id, last_batch INTO open_session, number;
    IF open_session IS NOT NULL THEN
        INSERT INTO chat_changes (session_id, batch, position, change) VALUES (open_session, number, 0, '{"State":true}');
        PERFORM pg_notify('broadcast_chat', open_session || ':' || number::text);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER events_notify_chat AFTER UPDATE OF state, chat ON events
    FOR EACH ROW WHEN ((OLD.chat IS NOT NULL OR NEW.chat IS NOT NULL)
        AND (OLD.state, OLD.chat) IS DISTINCT FROM (NEW.state, NEW.chat)
        AND (OLD.state IN ('preview', 'live') OR NEW.state IN ('preview', 'live')))
    EXECUTE FUNCTION notify_chat_of_event();
