-- Targets: addresses of other platforms to which the sessions of a channel, or of one event, are published. The stream
-- key is encrypted with a key outside of the database. Servers of the previous version publish to no targets.

-- The server that owns the session writes the state, the reason and the last webhook event. They apply to the session in
-- `session_id` alone.
CREATE TABLE targets (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id       bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    event_id         text REFERENCES events (id) ON DELETE CASCADE,
    name             text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 40),
    url              text NOT NULL CHECK (char_length(url) <= 1100),
    stream_key       bytea NOT NULL CHECK (octet_length(stream_key) BETWEEN 34 AND 4200),
    rendition        text NOT NULL CHECK (char_length(rendition) BETWEEN 1 AND 64),
    enabled          boolean NOT NULL,
    created_at       timestamptz NOT NULL,
    session_id       text,
    state            text NOT NULL DEFAULT 'off' CHECK (state IN ('off', 'connecting', 'live', 'retrying', 'rejected')),
    reason           text CHECK (char_length(reason) <= 500),
    state_since      timestamptz,
    next_attempt_at  timestamptz,
    notified         text CHECK (notified IN ('live', 'lost', 'rejected'))
);

CREATE UNIQUE INDEX targets_name ON targets (channel_id, lower(name));
CREATE INDEX targets_event ON targets (event_id) WHERE event_id IS NOT NULL;

CREATE TRIGGER targets_notify
    AFTER INSERT OR DELETE OR UPDATE OF name, url, stream_key, rendition, enabled ON targets
    FOR EACH ROW EXECUTE FUNCTION notify_control();

-- The activity log of a channel, with what happened to its targets.
DROP INDEX stream_events_timeline;
CREATE INDEX stream_events_timeline ON stream_events (channel_id, id DESC)
    WHERE type IN ('publish.started', 'publish.stopped', 'input.lost', 'input.back', 'health.issue', 'recording.ready', 'event.late',
        'target.live', 'target.lost', 'target.rejected');
