-- Owners of open sessions, for several servers that share this database. Leases use only the database's clock.
-- The columns have no default, so no row is rewritten. Servers of the previous version ignore the columns. These
-- servers take over all open sessions when they start, and their sessions have no owner. Start a second server only
-- after all servers are updated.

CREATE TABLE servers (
    id              uuid PRIMARY KEY,
    run             uuid NOT NULL,
    name            text NOT NULL CHECK (char_length(name) <= 255),
    place           text NOT NULL CHECK (char_length(place) <= 64),
    started_at      timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    unbroken_since  timestamptz NOT NULL,
    lease_until     timestamptz NOT NULL,
    released        boolean NOT NULL
);

ALTER TABLE sessions
    ADD COLUMN owner        uuid,
    ADD COLUMN end_request  text CHECK (char_length(end_request) <= 500);

-- The column does not reference `servers`, because a session's row can be written before its server's row, and can
-- outlive it.
CREATE INDEX sessions_open_owner ON sessions (owner) WHERE ended_at IS NULL;

-- Notifies servers of sessions that start, end, change their owner or are to be ended, as 'session_owners:CHANNEL'.
CREATE FUNCTION tell_session_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('broadcast_control', 'session_owners:' || NEW.channel_id::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_tell_begin AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION tell_session_owner();
CREATE TRIGGER sessions_tell_owner AFTER UPDATE OF owner, ended_at, end_request ON sessions
    FOR EACH ROW
    WHEN (OLD.owner IS DISTINCT FROM NEW.owner OR OLD.ended_at IS DISTINCT FROM NEW.ended_at OR OLD.end_request IS DISTINCT FROM NEW.end_request)
    EXECUTE FUNCTION tell_session_owner();
