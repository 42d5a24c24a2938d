-- End of the channel's cooldown after an event that ended with its session. Encoders are rejected during the cooldown,
-- so that an encoder that reconnects automatically does not continue in public.
-- The column has no default, so no row is rewritten. Servers of the previous version ignore it and have no cooldown.

ALTER TABLE events ADD COLUMN rest_until timestamptz;
CREATE INDEX events_rest ON events (rest_until) WHERE rest_until IS NOT NULL;
