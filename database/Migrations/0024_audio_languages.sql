-- Languages of a channel's audio tracks, for encoders that do not send them. BCP 47 tags in the order of the tracks,
-- separated by commas. Servers of the previous version ignore the column; their tracks have no language.

ALTER TABLE channels ADD COLUMN audio_languages text NOT NULL DEFAULT '';

CREATE TRIGGER channels_tell_languages AFTER UPDATE OF audio_languages ON channels
    FOR EACH ROW EXECUTE FUNCTION tell_control();
