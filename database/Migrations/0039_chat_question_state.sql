-- State of a question before a timeout or ban of its sender removed it, which an undo restores. Servers of the previous
-- version leave it empty: such a question waits for a moderator after an undo.
ALTER TABLE chat_questions ADD COLUMN state_before text CHECK (state_before IN ('held', 'open', 'picked'));
