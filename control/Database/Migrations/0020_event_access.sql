-- Who may watch an event, and the sessions that it had, with their recordings; without a value whom the channel lets in. A server of before does not know the columns: it lets in whom the channel lets in.
-- No defaults: no row is written anew.

ALTER TABLE events ADD COLUMN access text CHECK (access IN ('public', 'token', 'webhook'));
ALTER TABLE sessions ADD COLUMN access text CHECK (access IN ('public', 'token', 'webhook'));

CREATE INDEX sessions_access ON sessions (channel_id) WHERE access IS NOT NULL;

CREATE TRIGGER sessions_tell_access
    AFTER UPDATE OF access ON sessions
    FOR EACH ROW EXECUTE FUNCTION tell_control();
CREATE TRIGGER sessions_tell_own_access
    AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.access IS NOT NULL) EXECUTE FUNCTION tell_control();

-- What new events of a channel have where they say nothing themselves. Constants as defaults: no row is written anew, and events that a server of before makes have its own.
ALTER TABLE channels
    ADD COLUMN reminder_minutes int[] NOT NULL DEFAULT '{}' CHECK (cardinality(reminder_minutes) <= 10),
    ADD COLUMN announce_events  boolean NOT NULL DEFAULT true;
