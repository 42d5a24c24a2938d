-- Mode of a target. Servers of the previous version copy the rendition, whatever the mode.
ALTER TABLE targets ADD COLUMN mode text NOT NULL DEFAULT 'copy' CHECK (mode IN ('copy', 'steady'));

DROP TRIGGER targets_notify ON targets;
CREATE TRIGGER targets_notify
    AFTER INSERT OR DELETE OR UPDATE OF name, url, stream_key, rendition, mode, enabled ON targets
    FOR EACH ROW EXECUTE FUNCTION notify_control();
