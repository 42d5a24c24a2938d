-- A new key is told of, too: so a server knows it before its encoder comes, even when the database is away by then.

DROP TRIGGER stream_keys_tell ON stream_keys;
CREATE TRIGGER stream_keys_tell
    AFTER INSERT OR DELETE OR UPDATE OF expires_at, revoked_at ON stream_keys
    FOR EACH ROW EXECUTE FUNCTION tell_control();
