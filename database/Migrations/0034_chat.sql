-- Chat of viewers: messages in numbered batches per session, in the order in which servers have stored them. Servers of
-- the previous version have no chat.

-- Keys with which servers sign the tokens of participants. The newest one signs.
CREATE TABLE chat_keys (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret      bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at  timestamptz NOT NULL
);

CREATE TABLE chat_settings (
    channel_id  bigint PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    enabled     boolean NOT NULL
);

CREATE FUNCTION notify_chat_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('broadcast_control',
        'chat_settings:' || CASE WHEN TG_OP = 'DELETE' THEN OLD.channel_id::text ELSE NEW.channel_id::text END);
    RETURN NULL;
END
$$;

CREATE TRIGGER chat_settings_notify
    AFTER INSERT OR DELETE OR UPDATE ON chat_settings
    FOR EACH ROW EXECUTE FUNCTION notify_chat_settings();

-- The row of a session orders its batches: a server locks it, takes the next number, and stores the batch. It does not
-- reference the session, whose row can be written later.
CREATE TABLE chat_sessions (
    session_id  text PRIMARY KEY,
    channel_id  bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    last_batch  bigint NOT NULL
);

CREATE INDEX chat_sessions_channel ON chat_sessions (channel_id);

CREATE FUNCTION delete_chat_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM chat_sessions WHERE session_id = OLD.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_delete_chat AFTER DELETE ON sessions
    FOR EACH ROW EXECUTE FUNCTION delete_chat_of_session();

-- Messages of a session. `media_time` is the program date-time that the sender was watching. A removed message stays
-- for moderators until its session is deleted. One that is not
-- shown was left out, because viewers could not have read so many.
CREATE TABLE chat_messages (
    session_id   text NOT NULL REFERENCES chat_sessions (session_id) ON DELETE CASCADE,
    batch        bigint NOT NULL,
    position     integer NOT NULL,
    shown        boolean NOT NULL,
    identity_id  text NOT NULL,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 30),
    text         text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 500),
    reply_to     text CHECK (char_length(reply_to) <= 32),
    media_time   timestamptz NOT NULL,
    sent_at      timestamptz NOT NULL,
    removed_at   timestamptz,
    PRIMARY KEY (session_id, batch, position, sent_at)
) PARTITION BY RANGE (sent_at);

CREATE INDEX chat_messages_identity ON chat_messages (identity_id, sent_at DESC);
CREATE INDEX chat_messages_media_time ON chat_messages (session_id, media_time);

-- Partitions of a month each, which servers create when they are needed.
CREATE FUNCTION create_chat_partition(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    next timestamptz := (date_trunc('month', at AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format(
        'CREATE TABLE IF NOT EXISTS chat_messages_%s PARTITION OF chat_messages FOR VALUES FROM (%L) TO (%L)',
        to_char(at AT TIME ZONE 'UTC', 'YYYY_MM'), first, next);
END
$$;

-- What a batch tells pages besides messages, such as removed messages.
CREATE TABLE chat_changes (
    session_id  text NOT NULL REFERENCES chat_sessions (session_id) ON DELETE CASCADE,
    batch       bigint NOT NULL,
    position    integer NOT NULL,
    change      jsonb NOT NULL,
    PRIMARY KEY (session_id, batch, position)
);
