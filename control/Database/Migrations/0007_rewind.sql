-- How far back viewers of a channel can go: 'off', 'all', or a length such as '12h'. What it may say is checked before it comes here.
-- A constant as default: no row is written anew, and a server of before, which does not know the column, goes on with it.

ALTER TABLE channels
    ADD COLUMN rewind  text NOT NULL DEFAULT 'off' CHECK (char_length(rewind) BETWEEN 2 AND 9);

CREATE TRIGGER channels_tell_rewind AFTER UPDATE OF rewind ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
