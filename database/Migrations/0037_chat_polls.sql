-- Polls, questions and reactions of the chat. Servers of the previous version ignore them.

ALTER TABLE chat_settings
    ADD COLUMN reactions  boolean NOT NULL DEFAULT true,
    ADD COLUMN questions  boolean NOT NULL DEFAULT false;

-- Increases when a question or the number of its votes changes.
ALTER TABLE chat_sessions ADD COLUMN questions_version bigint NOT NULL DEFAULT 0;

-- `votes` has the number of votes of each option.
CREATE TABLE chat_polls (
    id          text PRIMARY KEY,
    session_id  text NOT NULL REFERENCES chat_sessions (session_id) ON DELETE CASCADE,
    question    text NOT NULL CHECK (char_length(question) BETWEEN 1 AND 500),
    options     text[] NOT NULL CHECK (cardinality(options) BETWEEN 2 AND 10),
    votes       bigint[] NOT NULL,
    created_at  timestamptz NOT NULL,
    ends_at     timestamptz,
    hidden_at   timestamptz,
    CHECK (cardinality(votes) = cardinality(options))
);

CREATE INDEX chat_polls_session ON chat_polls (session_id, id DESC);

-- One vote per participant. It is not changed.
CREATE TABLE chat_votes (
    poll_id      text NOT NULL REFERENCES chat_polls (id) ON DELETE CASCADE,
    identity_id  text NOT NULL,
    choice       smallint NOT NULL,
    PRIMARY KEY (poll_id, identity_id)
);

-- Questions to the hosts. `answered_at` is the program date-time at which the answer begins. `removed_by` is the action of
-- a moderator that removed it with the messages of its sender.
CREATE TABLE chat_questions (
    id           text PRIMARY KEY,
    session_id   text NOT NULL REFERENCES chat_sessions (session_id) ON DELETE CASCADE,
    identity_id  text NOT NULL,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 30),
    text         text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 500),
    state        text NOT NULL CHECK (state IN ('held', 'muted', 'open', 'picked', 'answered', 'removed')),
    votes        integer NOT NULL DEFAULT 0,
    media_time   timestamptz NOT NULL,
    sent_at      timestamptz NOT NULL,
    answered_at  timestamptz,
    removed_by   text
);

CREATE INDEX chat_questions_session ON chat_questions (session_id, state, votes DESC);
CREATE INDEX chat_questions_identity ON chat_questions (identity_id);

CREATE TABLE chat_question_votes (
    question_id  text NOT NULL REFERENCES chat_questions (id) ON DELETE CASCADE,
    identity_id  text NOT NULL,
    PRIMARY KEY (question_id, identity_id)
);
