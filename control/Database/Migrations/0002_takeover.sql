-- What a channel does with an encoder that comes while another publishes. Zero seconds: as the server is configured.
-- Constants as defaults: no row is written anew, and a server of before, which does not know the columns, goes on with them.

ALTER TABLE channels
    ADD COLUMN takeover                text NOT NULL DEFAULT 'silent' CHECK (takeover IN ('silent', 'newest')),
    ADD COLUMN takeover_after_seconds  int NOT NULL DEFAULT 0 CHECK (takeover_after_seconds BETWEEN 0 AND 600);

DROP TRIGGER channels_tell ON channels;
CREATE TRIGGER channels_tell
    AFTER INSERT OR DELETE OR UPDATE OF title, ladder, latency, reconnect_window_seconds, access, deleted_at, takeover, takeover_after_seconds ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
