-- Access policies of channels, signing keys of viewer tokens, and the tokens that the server created or revoked.
-- A key's secret is stored in plain text, because verifying a signature requires it. Servers of the previous version
-- let all viewers watch every channel.

ALTER TABLE channels
    DROP CONSTRAINT channels_access_check,
    ADD CONSTRAINT channels_access_check CHECK (access IN ('public', 'token', 'webhook'));

CREATE TABLE viewer_keys (
    id          text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    channel_id  bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    secret      text NOT NULL CHECK (char_length(secret) BETWEEN 32 AND 128),
    label       text NOT NULL CHECK (char_length(label) <= 200),
    of_server   boolean NOT NULL,
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);

CREATE INDEX viewer_keys_channel ON viewer_keys (channel_id);

-- A token that was signed elsewhere has a row only if it was revoked. Its expiry is unknown.
CREATE TABLE viewer_tokens (
    channel_id  bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    id          text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,32}$'),
    label       text NOT NULL CHECK (char_length(label) <= 200),
    network     text NOT NULL CHECK (char_length(network) <= 50),
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    PRIMARY KEY (channel_id, id)
);

CREATE TRIGGER viewer_keys_tell
    AFTER INSERT OR DELETE OR UPDATE OF revoked_at ON viewer_keys
    FOR EACH ROW EXECUTE FUNCTION tell_control();
CREATE TRIGGER viewer_tokens_tell
    AFTER UPDATE OF revoked_at ON viewer_tokens
    FOR EACH ROW EXECUTE FUNCTION tell_control();
CREATE TRIGGER viewer_tokens_tell_new
    AFTER INSERT ON viewer_tokens
    FOR EACH ROW WHEN (NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION tell_control();
