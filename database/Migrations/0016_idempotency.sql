-- Results of requests with an Idempotency-Key, so that a repeated request is not executed again. Servers of the
-- previous version ignore the key and execute each repetition.
-- A request is stored as a hash only. A response that contains a secret is not stored: `body` is then NULL.

CREATE TABLE idempotency_keys (
    caller       text NOT NULL CHECK (char_length(caller) BETWEEN 1 AND 250),
    key          text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
    request      bytea NOT NULL CHECK (octet_length(request) = 32),
    created_at   timestamptz NOT NULL,
    answered_at  timestamptz,
    status       int CHECK (status BETWEEN 200 AND 299),
    location     text,
    body         text,
    PRIMARY KEY (caller, key),
    CHECK ((answered_at IS NULL) = (status IS NULL))
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
