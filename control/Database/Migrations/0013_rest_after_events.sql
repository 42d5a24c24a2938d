-- Until when a channel takes no encoder after an event that ended with its session: one that connects again by itself must not go on in public.
-- No default: no row is written anew, and a server of before, which does not know the column, goes on without such rests.

ALTER TABLE events ADD COLUMN rest_until timestamptz;
CREATE INDEX events_rest ON events (rest_until) WHERE rest_until IS NOT NULL;
