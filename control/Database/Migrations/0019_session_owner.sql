-- Which server has a session on air, where several share this database. Leases are measured by this database's clock alone.
-- New columns without a default: no row is written anew, and a server of before goes on with them. It writes sessions that have no owner, and as it starts it takes over all that are open,
-- so a second server is to be started only when none of before is left.

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

-- No reference to servers: a session's row may come before its server's, and outlive it.
CREATE INDEX sessions_open_owner ON sessions (owner) WHERE ended_at IS NULL;

-- Servers hear of sessions that begin, end, change their owner or are to be ended: 'session_owners:CHANNEL'.
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
