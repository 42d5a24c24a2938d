-- Events: scheduled broadcasts. The migration changes no existing table. Servers of the previous version ignore events, which
-- then do not affect channels.

-- A series has a row of its own. Each of its occurrences has another row, which is created in advance. NULL in
-- `ladder`, `latency` and `record` means the channel's setting.
CREATE TABLE events (
    id               text PRIMARY KEY CHECK (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
    kind             text NOT NULL CHECK (kind IN ('single', 'series', 'occurrence')),
    channel_id       bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    series_id        text REFERENCES events (id) ON DELETE CASCADE,
    planned_wall     timestamp,
    recurrence       text CHECK (char_length(recurrence) <= 400),
    made_until       timestamptz,
    title            text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    description      text NOT NULL CHECK (char_length(description) <= 5000),
    poster           text NOT NULL CHECK (char_length(poster) <= 2000),
    starts_at        timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL,
    claims_from      timestamptz NOT NULL,
    time_zone        text NOT NULL CHECK (char_length(time_zone) BETWEEN 2 AND 64),
    ladder           text CHECK (char_length(ladder) BETWEEN 1 AND 200),
    latency          text CHECK (latency IN ('low', 'standard', 'safe')),
    record           boolean,
    is_manual        boolean NOT NULL,
    preview_seconds  int NOT NULL CHECK (preview_seconds BETWEEN 0 AND 86400),
    grace_seconds    int NOT NULL CHECK (grace_seconds BETWEEN 0 AND 86400),
    continues        boolean NOT NULL,
    no_show_seconds  int CHECK (no_show_seconds BETWEEN 1 AND 86400),
    state            text NOT NULL CHECK (state IN ('scheduled', 'preview', 'live', 'ended', 'cancelled')),
    reason           text NOT NULL DEFAULT '' CHECK (char_length(reason) <= 500),
    state_since      timestamptz NOT NULL,
    went_live_at     timestamptz,
    ended_at         timestamptz,
    late_since       timestamptz,
    closes_session   boolean NOT NULL DEFAULT false,
    is_changed       boolean NOT NULL DEFAULT false,
    revision         int NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CHECK (starts_at < ends_at),
    CHECK (claims_from <= starts_at),
    CHECK ((kind = 'occurrence') = (series_id IS NOT NULL)),
    CHECK ((kind = 'single') = (planned_wall IS NULL)),
    CHECK ((kind = 'series') = (recurrence IS NOT NULL)),
    CHECK (kind <> 'series' OR state IN ('scheduled', 'ended', 'cancelled')),
    UNIQUE (series_id, planned_wall),

    -- Events on the same channel must not overlap. In a GiST index, equality of numbers requires an extension; a range
    -- of one number does not.
    CONSTRAINT events_apart EXCLUDE USING gist (int8range(channel_id, channel_id, '[]') WITH &&, tstzrange(claims_from, ends_at) WITH &&)
        WHERE (kind <> 'series' AND state IN ('scheduled', 'preview', 'live'))
);

CREATE UNIQUE INDEX events_on_air ON events (channel_id) WHERE state IN ('preview', 'live');
CREATE INDEX events_due ON events (starts_at) WHERE kind <> 'series' AND state IN ('scheduled', 'preview', 'live');
CREATE INDEX events_listed ON events (starts_at, id) WHERE kind <> 'series';
CREATE INDEX events_channel ON events (channel_id);
CREATE INDEX events_closing ON events (channel_id) WHERE closes_session;

CREATE TRIGGER events_tell AFTER INSERT OR DELETE OR UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION tell_control();

-- State changes of an event, by users and by the schedule.
CREATE TABLE event_steps (
    event_id  text NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    at        timestamptz NOT NULL,
    state     text NOT NULL,
    reason    text NOT NULL
);

CREATE INDEX event_steps_event ON event_steps (event_id, at);

CREATE FUNCTION note_event_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_steps (event_id, at, state, reason) VALUES (NEW.id, NEW.state_since, NEW.state, NEW.reason);
    RETURN NULL;
END
$$;

CREATE TRIGGER events_step AFTER UPDATE OF state ON events
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_event_step();

-- Sessions of an event. Rows do not reference `sessions`, because a session's row can be written later, after a
-- database outage.
CREATE TABLE event_sessions (
    event_id    text NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    session_id  text NOT NULL CHECK (session_id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
    PRIMARY KEY (event_id, session_id)
);

-- Calendar feeds: URLs at which calendar programs read the events of one channel or of all channels. A URL is the only
-- credential for its feed, and permits nothing but reading it.
CREATE TABLE calendar_feeds (
    id            text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    channel_id    bigint REFERENCES channels (id) ON DELETE CASCADE,
    label         text NOT NULL CHECK (char_length(label) <= 200),
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    revoked_at    timestamptz
);
