-- Notifies servers of new keys, too. They then know a key before its encoder connects, even if the database is
-- unavailable by then.

DROP TRIGGER stream_keys_tell ON stream_keys;
CREATE TRIGGER stream_keys_tell
    AFTER INSERT OR DELETE OR UPDATE OF expires_at, revoked_at ON stream_keys
    FOR EACH ROW EXECUTE FUNCTION tell_control();
