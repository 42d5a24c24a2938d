-- Takeover policy for an encoder that connects while another one publishes. Zero seconds means the server's setting.
-- The defaults are constants, so no row is rewritten. Servers of the previous version ignore the columns.

ALTER TABLE channels
    ADD COLUMN takeover                text NOT NULL DEFAULT 'silent' CHECK (takeover IN ('silent', 'newest')),
    ADD COLUMN takeover_after_seconds  int NOT NULL DEFAULT 0 CHECK (takeover_after_seconds BETWEEN 0 AND 600);

DROP TRIGGER channels_tell ON channels;
CREATE TRIGGER channels_tell
    AFTER INSERT OR DELETE OR UPDATE OF title, ladder, latency, reconnect_window_seconds, access, deleted_at, takeover, takeover_after_seconds ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
