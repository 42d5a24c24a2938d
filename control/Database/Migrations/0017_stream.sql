-- What happened lately, for those who listen to the API's event stream: each row is told to whoever listens, at whichever process, and is kept so that one who comes back reads on from the last that it had.
-- New tables alone: a server of before goes on, and tells the stream nothing.

CREATE TABLE stream_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type        text NOT NULL CHECK (char_length(type) <= 50),
    channel     text CHECK (char_length(channel) <= 64),
    body        text NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX stream_events_written ON stream_events (written_at);

-- The latest of a channel is what those get who come anew.
CREATE INDEX stream_events_latest ON stream_events (type, channel, id DESC) WHERE type IN ('channel.state', 'channel.health');

CREATE TRIGGER stream_events_tell AFTER INSERT ON stream_events
    FOR EACH ROW EXECUTE FUNCTION tell_control();

-- How many minutes before an event's start webhooks are reminded of it, and of which of these they were; a start that is moved is another one.
-- A constant default: no row is written anew, and a server of before, which knows neither, goes on without reminders.
ALTER TABLE events ADD COLUMN reminder_minutes int[] NOT NULL DEFAULT '{}' CHECK (cardinality(reminder_minutes) <= 10);

CREATE TABLE event_reminders (
    event_id   text NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    starts_at  timestamptz NOT NULL,
    minutes    int NOT NULL,
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (event_id, starts_at, minutes)
);

-- What was told to be wrong with a session, and when it was so last, to the minute: so that a process that is started meanwhile does not tell it again. No reference: a session's own row may come later.
CREATE TABLE health_issues (
    session_id  text NOT NULL CHECK (char_length(session_id) = 26),
    code        text NOT NULL CHECK (char_length(code) <= 100),
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (session_id, code)
);
