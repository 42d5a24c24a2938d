-- Channels, stream keys, API tokens, setup codes and sessions. All times are instants (timestamptz).

CREATE TABLE channels (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                      text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$'),
    title                     text NOT NULL CHECK (char_length(title) <= 200),
    ladder                    text NOT NULL CHECK (ladder IN ('auto', 'passthrough', '720p', '1080p', '4k')),
    latency                   text NOT NULL CHECK (latency IN ('low', 'standard', 'safe')),
    reconnect_window_seconds  int NOT NULL CHECK (reconnect_window_seconds BETWEEN 0 AND 86400),
    access                    text NOT NULL DEFAULT 'public' CHECK (access IN ('public')),
    created_at                timestamptz NOT NULL,
    deleted_at                timestamptz
);

-- The row of a deleted channel remains until the server has removed its media. Its name can be reused at once.
CREATE UNIQUE INDEX channels_name ON channels (name) WHERE deleted_at IS NULL;

CREATE TABLE stream_keys (
    id            text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    channel_id    bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    role          text NOT NULL CHECK (role IN ('primary', 'backup', 'guest')),
    label         text NOT NULL CHECK (char_length(label) <= 200),
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    expires_at    timestamptz,
    revoked_at    timestamptz
);

CREATE INDEX stream_keys_channel ON stream_keys (channel_id);

CREATE TABLE tokens (
    id            text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    role          text NOT NULL CHECK (role IN ('admin', 'producer', 'moderator', 'viewer')),
    label         text NOT NULL CHECK (char_length(label) <= 200),
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    expires_at    timestamptz,
    revoked_at    timestamptz
);

CREATE TABLE setup_codes (
    hash        bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    created_at  timestamptz NOT NULL
);

CREATE TABLE sessions (
    id                         text PRIMARY KEY CHECK (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
    channel_id                 bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    epoch                      bigint NOT NULL CHECK (epoch >= 1),
    latency                    text NOT NULL CHECK (latency IN ('low', 'standard', 'safe')),
    started_at                 timestamptz NOT NULL,
    last_publication_ended_at  timestamptz,
    ended_at                   timestamptz,
    end_reason                 text CHECK (char_length(end_reason) <= 500),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_channel ON sessions (channel_id, id DESC);
CREATE UNIQUE INDEX sessions_one_open ON sessions (channel_id) WHERE ended_at IS NULL;

-- Notifies listeners on broadcast_control of a changed row, as 'TABLE:ID', whichever process changed it.
CREATE FUNCTION tell_control() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('broadcast_control', TG_TABLE_NAME || ':' || CASE WHEN TG_OP = 'DELETE' THEN OLD.id::text ELSE NEW.id::text END);
    RETURN NULL;
END
$$;

CREATE TRIGGER channels_tell AFTER INSERT OR DELETE OR UPDATE OF title, ladder, latency, reconnect_window_seconds, access, deleted_at ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
CREATE TRIGGER stream_keys_tell AFTER DELETE OR UPDATE OF expires_at, revoked_at ON stream_keys
    FOR EACH ROW EXECUTE FUNCTION tell_control();
