-- Renames columns, a table, an index and functions to the terms of the documentation. Stop all servers first: older ones
-- use the old names.
-- Triggers, indexes and constraints follow a renamed column or function. Function bodies are text and are recreated.

ALTER TABLE channels RENAME COLUMN rewind TO dvr_window;

ALTER TABLE sessions RENAME COLUMN audience_from TO visible_from;
ALTER TABLE sessions RENAME COLUMN audience_segment TO visible_segment;

ALTER TABLE events RENAME COLUMN rest_until TO cooldown_until;
ALTER TABLE events RENAME COLUMN planned_wall TO local_start;

ALTER TABLE event_steps RENAME TO event_history;
ALTER INDEX event_steps_event RENAME TO event_history_event;

ALTER TABLE viewer_keys RENAME COLUMN of_server TO server_managed;

ALTER TABLE webhook_deliveries RENAME COLUMN tried_at TO last_attempt_at;
ALTER TABLE webhook_deliveries RENAME COLUMN next_at TO next_attempt_at;
ALTER TABLE webhook_deliveries RENAME COLUMN fault TO error;

-- Notifies listeners on broadcast_control of a changed row, as 'TABLE:ID'.
ALTER FUNCTION tell_control() RENAME TO notify_control;

-- Notifies servers of sessions that start, end, change their owner or are to be ended, as 'session_owners:CHANNEL'.
ALTER FUNCTION tell_session_owner() RENAME TO notify_session_owner;

-- Records each state change of an event.
ALTER FUNCTION note_event_step() RENAME TO record_event_state;

CREATE OR REPLACE FUNCTION record_event_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_history (event_id, at, state, reason) VALUES (NEW.id, NEW.state_since, NEW.state, NEW.reason);
    RETURN NULL;
END
$$;
