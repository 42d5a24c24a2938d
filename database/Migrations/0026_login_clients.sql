-- Networks from which a user has logged in, as hashes. Wrong passwords that others send for the user's name do not lock these
-- out. Servers of the previous version ignore the table.

CREATE TABLE login_clients (
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client bytea NOT NULL,
    last_login_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, client));
