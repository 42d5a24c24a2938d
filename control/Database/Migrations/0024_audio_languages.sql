-- The languages of a channel's tracks of sound, where its encoder does not say them: tags of BCP 47 in the order of the tracks, with commas between. A server of before does not know the column: its tracks have none.

ALTER TABLE channels ADD COLUMN audio_languages text NOT NULL DEFAULT '';

CREATE TRIGGER channels_tell_languages AFTER UPDATE OF audio_languages ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
