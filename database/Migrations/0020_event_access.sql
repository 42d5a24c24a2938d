-- Access policy of an event, its sessions and their recordings. NULL means the channel's policy. Servers of the
-- previous version ignore the columns and apply the channel's policy.
-- The columns have no defaults, so no row is rewritten.

ALTER TABLE events ADD COLUMN access text CHECK (access IN ('public', 'token', 'webhook'));
ALTER TABLE sessions ADD COLUMN access text CHECK (access IN ('public', 'token', 'webhook'));

CREATE INDEX sessions_access ON sessions (channel_id) WHERE access IS NOT NULL;

CREATE TRIGGER sessions_tell_access
    AFTER UPDATE OF access ON sessions
    FOR EACH ROW EXECUTE FUNCTION tell_control();
CREATE TRIGGER sessions_tell_own_access
    AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.access IS NOT NULL) EXECUTE FUNCTION tell_control();

-- Default settings of a channel's new events. The column defaults are constants, so no row is rewritten. Servers of the
-- previous version use their own defaults for new events.
ALTER TABLE channels
    ADD COLUMN reminder_minutes int[] NOT NULL DEFAULT '{}' CHECK (cardinality(reminder_minutes) <= 10),
    ADD COLUMN announce_events  boolean NOT NULL DEFAULT true;
