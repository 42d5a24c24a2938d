-- Counters of failed logins and wrong codes, shared by all processes and retained across restarts. A key is the hash of
-- the counted item: the network of an address, the name of a login attempt, or a user. Servers of the previous version
-- each count separately.

CREATE TABLE login_failures (
    key       bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures  int NOT NULL CHECK (failures > 0),
    ends_at   timestamptz NOT NULL
);

CREATE INDEX login_failures_end ON login_failures (ends_at);

-- Channel of a stream message. Names can be reused, and a message belongs to its channel, not to the name. The database
-- sets the column, so that messages of servers of the previous version have it, too. The channel is that of the
-- message's session, or else the one with the message's channel name.
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

-- Finds the latest state and health of each channel, which new clients receive.
CREATE INDEX stream_events_standing ON stream_events (type, channel_id, id DESC) WHERE type IN ('channel.state', 'channel.health');
DROP INDEX stream_events_latest;
