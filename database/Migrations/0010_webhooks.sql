-- Webhooks, the events that webhooks subscribe to, and the deliveries of each event. A secret is stored in plain text,
-- because signing requires it. Servers of the previous version write no events and deliver none; waiting deliveries
-- wait for a newer server.

-- Empty `types` means all types; empty `channels` means all channels. The lease belongs to the process that currently
-- delivers to the webhook. It expires by the database's clock.
CREATE TABLE webhooks (
    id                text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    url               text NOT NULL CHECK (char_length(url) <= 2000),
    label             text NOT NULL CHECK (char_length(label) <= 200),
    types             text[] NOT NULL CHECK (cardinality(types) <= 50),
    channels          text[] NOT NULL CHECK (cardinality(channels) <= 100),
    secret            text NOT NULL CHECK (char_length(secret) BETWEEN 24 AND 200),
    old_secret        text CHECK (char_length(old_secret) <= 200),
    old_secret_until  timestamptz,
    enabled           boolean NOT NULL,
    disabled_reason   text CHECK (char_length(disabled_reason) <= 500),
    created_at        timestamptz NOT NULL,
    tried_at          timestamptz,
    failing_since     timestamptz,
    failures          int NOT NULL DEFAULT 0,
    dropped           bigint NOT NULL DEFAULT 0,
    lease             uuid,
    leased_until      timestamptz,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((lease IS NULL) = (leased_until IS NULL))
);

CREATE TABLE webhook_events (
    id          text PRIMARY KEY CHECK (id ~ '^evt_[0-9a-f]{32}$'),
    type        text NOT NULL CHECK (char_length(type) <= 50),
    channel     text CHECK (char_length(channel) <= 64),
    body        text NOT NULL,
    created_at  timestamptz NOT NULL
);

CREATE INDEX webhook_events_created ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id  text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id    text NOT NULL REFERENCES webhook_events (id) ON DELETE CASCADE,
    state       text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts    int NOT NULL DEFAULT 0,
    next_at     timestamptz,
    tried_at    timestamptz,
    status      int,
    fault       text CHECK (char_length(fault) <= 500),
    excerpt     text CHECK (char_length(excerpt) <= 1000),
    seconds     double precision,
    created_at  timestamptz NOT NULL,
    CHECK ((state = 'waiting') = (next_at IS NOT NULL))
);

CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id DESC);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, id) WHERE state = 'waiting';

CREATE TRIGGER webhook_deliveries_tell
    AFTER INSERT OR UPDATE OF next_at ON webhook_deliveries
    FOR EACH ROW WHEN (NEW.state = 'waiting' AND NEW.attempts = 0) EXECUTE FUNCTION tell_control();

-- Time since which no encoder of an open session has sent usable media, as last reported to webhooks.
ALTER TABLE sessions ADD COLUMN input_lost_at timestamptz;
