-- Wrong logins and wrong codes, counted for all processes together and over restarts. A key is the hash of what is counted: an address's network, a name that was tried, a user. A server of before counts for itself alone.

CREATE TABLE login_failures (
    key       bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures  int NOT NULL CHECK (failures > 0),
    ends_at   timestamptz NOT NULL
);

CREATE INDEX login_failures_end ON login_failures (ends_at);

-- Whose something was, when names are used again: what the stream tells of a channel belongs to that channel, not to its name. Filled in by the database, so that what a server of before writes has it too: from the session
-- that it tells of, or else from the name.
ALTER TABLE stream_events ADD COLUMN channel_id bigint;

UPDATE stream_events e SET channel_id = c.id FROM channels c WHERE c.name = e.channel AND c.deleted_at IS NULL AND e.written_at >= c.created_at;

CREATE FUNCTION find_stream_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.channel_id := coalesce(
        (SELECT s.channel_id FROM sessions s WHERE s.id = NEW.body::json -> 'data' ->> 'session'),
        (SELECT c.id FROM channels c WHERE c.name = NEW.channel AND c.deleted_at IS NULL));
    RETURN NEW;
END
$$;

CREATE TRIGGER stream_events_find_channel BEFORE INSERT ON stream_events
    FOR EACH ROW WHEN (NEW.channel IS NOT NULL AND NEW.channel_id IS NULL) EXECUTE FUNCTION find_stream_channel();

-- The latest of a channel is what those get who come anew.
CREATE INDEX stream_events_standing ON stream_events (type, channel_id, id DESC) WHERE type IN ('channel.state', 'channel.health');
DROP INDEX stream_events_latest;
