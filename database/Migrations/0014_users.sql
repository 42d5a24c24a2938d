-- Users who log in with a password, their login sessions, and recovery codes for a lost second factor. Servers of the
-- previous version support tokens only.
-- The secret of a second factor is stored in plain text, because verifying a code requires it.

CREATE TABLE users (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                 text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9._@+-]{0,62}[a-z0-9])?$'),
    display_name         text NOT NULL CHECK (char_length(display_name) <= 200),
    role                 text NOT NULL CHECK (role IN ('admin', 'producer', 'moderator', 'viewer')),
    password_hash        text NOT NULL CHECK (char_length(password_hash) BETWEEN 40 AND 500),
    totp_secret          bytea CHECK (octet_length(totp_secret) BETWEEN 16 AND 64),
    totp_confirmed_at    timestamptz,
    totp_last_step       bigint NOT NULL DEFAULT 0,
    created_at           timestamptz NOT NULL,
    password_changed_at  timestamptz NOT NULL,
    last_login_at        timestamptz,
    disabled_at          timestamptz,
    CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);

CREATE TABLE user_sessions (
    id            text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    user_id       bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash          bytea NOT NULL CHECK (octet_length(hash) = 32),
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    address       text NOT NULL CHECK (char_length(address) <= 64),
    agent         text NOT NULL CHECK (char_length(agent) <= 200)
);

CREATE INDEX user_sessions_user ON user_sessions (user_id, created_at DESC);

CREATE TABLE recovery_codes (
    user_id  bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (user_id, hash)
);
