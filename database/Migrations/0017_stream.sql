-- Recent messages of the API's event stream. Every process sends each row to its clients. Rows are retained, so that a
-- client that reconnects can resume after its last message.
-- The table is new. Servers of the previous version ignore it and add no messages.

CREATE TABLE stream_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type        text NOT NULL CHECK (char_length(type) <= 50),
    channel     text CHECK (char_length(channel) <= 64),
    body        text NOT NULL,
    written_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX stream_events_written ON stream_events (written_at);

-- Finds the latest state and health of each channel, which new clients receive.
CREATE INDEX stream_events_latest ON stream_events (type, channel, id DESC) WHERE type IN ('channel.state', 'channel.health');

CREATE TRIGGER stream_events_tell AFTER INSERT ON stream_events
    FOR EACH ROW EXECUTE FUNCTION tell_control();

-- Times of webhook reminders, in minutes before an event's start, and the reminders already sent. If the start changes,
-- reminders are sent for the new start, too.
-- The default is a constant, so no row is rewritten. Servers of the previous version send no reminders.
ALTER TABLE events ADD COLUMN reminder_minutes int[] NOT NULL DEFAULT '{}' CHECK (cardinality(reminder_minutes) <= 10);

CREATE TABLE event_reminders (
    event_id   text NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    starts_at  timestamptz NOT NULL,
    minutes    int NOT NULL,
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (event_id, starts_at, minutes)
);

-- Reported health issues of a session, and the time at which each was last present, to the minute. A process that
-- starts in the meantime therefore does not report them again. The table does not reference `sessions`, because a
-- session's row can be written later.
CREATE TABLE health_issues (
    session_id  text NOT NULL CHECK (char_length(session_id) = 26),
    code        text NOT NULL CHECK (char_length(code) <= 100),
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (session_id, code)
);
