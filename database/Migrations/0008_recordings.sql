-- Recordings: whole retained sessions, and clips of them. Existing channels do not record; new channels do.
-- The defaults are constants, so no row is rewritten. Servers of the previous version ignore the columns.

ALTER TABLE channels
    ADD COLUMN record           boolean NOT NULL DEFAULT false,
    ADD COLUMN retention_hours  int CHECK (retention_hours BETWEEN 1 AND 87600);
ALTER TABLE channels ALTER COLUMN record SET DEFAULT true;

CREATE TRIGGER channels_tell_recording AFTER UPDATE OF record, retention_hours ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();

ALTER TABLE sessions
    ADD COLUMN recorded  boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT sessions_of_channel UNIQUE (id, channel_id);

-- The recording of a whole session has the session's id. NULL times are the session's times. NULL retention is the
-- channel's retention; 0 is unlimited. When a session's last recording is deleted, its row remains until the server has
-- removed the session's media.
CREATE TABLE recordings (
    id               text PRIMARY KEY CHECK (id ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'),
    channel_id       bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    session_id       text NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('session', 'clip')),
    title            text NOT NULL CHECK (char_length(title) <= 200),
    visibility       text NOT NULL CHECK (visibility IN ('public', 'unlisted', 'private')),
    starts_at        timestamptz,
    ends_at          timestamptz,
    retention_hours  int CHECK (retention_hours BETWEEN 0 AND 87600),
    playable         boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL,
    deleted_at       timestamptz,
    FOREIGN KEY (session_id, channel_id) REFERENCES sessions (id, channel_id) ON DELETE CASCADE,
    CHECK ((kind = 'session') = (id = session_id)),
    CHECK (starts_at < ends_at)
);

CREATE INDEX recordings_channel ON recordings (channel_id, id DESC);
CREATE INDEX recordings_session ON recordings (session_id);
CREATE INDEX recordings_deleted ON recordings (session_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX recordings_unproven ON recordings (session_id) WHERE kind = 'session' AND NOT playable AND deleted_at IS NULL;

CREATE TRIGGER recordings_tell
    AFTER INSERT OR DELETE OR UPDATE OF visibility, title, starts_at, ends_at, deleted_at ON recordings
    FOR EACH ROW EXECUTE FUNCTION tell_control();

-- Adds the recording when the row of a recorded session is inserted, whichever process inserts it and however late.
CREATE FUNCTION begin_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, created_at)
    SELECT NEW.id, NEW.channel_id, NEW.id, 'session', c.title, 'public', NEW.started_at FROM channels c WHERE c.id = NEW.channel_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_begin_recording AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.recorded) EXECUTE FUNCTION begin_recording();
