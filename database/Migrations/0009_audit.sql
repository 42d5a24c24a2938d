-- Audit log of administrative changes. A row is written in the transaction of its change. It references no other table,
-- because it outlives its subject. Servers of the previous version write no rows.

CREATE TABLE audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_kind  text NOT NULL CHECK (actor_kind IN ('user', 'token', 'command', 'schedule', 'server')),
    actor_id    text NOT NULL CHECK (char_length(actor_id) <= 200),
    actor_name  text NOT NULL CHECK (char_length(actor_name) <= 200),
    address     text NOT NULL CHECK (char_length(address) <= 64),
    action      text NOT NULL CHECK (action ~ '^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$'),
    subject     text NOT NULL CHECK (char_length(subject) <= 300),
    detail      jsonb NOT NULL
);

CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_actor ON audit_log (actor_kind, actor_id, id DESC);
CREATE INDEX audit_log_subject ON audit_log (subject text_pattern_ops, id DESC);

-- Rejects updates. Old rows are deleted, but no row is changed.
CREATE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of the audit log is not changed';
END
$$;

CREATE TRIGGER audit_log_keep BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit_log();
