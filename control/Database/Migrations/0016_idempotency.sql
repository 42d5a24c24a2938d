-- What requests with an Idempotency-Key came to, so that one that is sent again is not done again. A server of before does not know of it and does such a request each time.
-- Of a request there is but a hash, and an answer that shows a secret is not kept: 'body' is empty then.

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
