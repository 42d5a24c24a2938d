-- DVR window of a channel: 'off', 'all' or a length such as '12h'. The server validates the text.
-- The default is a constant, so no row is rewritten. Servers of the previous version ignore the column.

ALTER TABLE channels
    ADD COLUMN rewind  text NOT NULL DEFAULT 'off' CHECK (char_length(rewind) BETWEEN 2 AND 9);

CREATE TRIGGER channels_tell_rewind AFTER UPDATE OF rewind ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
