-- How much of a session its audience gets: nothing while it is previewed, then what begins at an instant and later. Which segment that is, is found out by who serves it.
-- Constants as defaults: no row is written anew, and a server of before, which does not know the columns, goes on with them, and shows everybody everything.

ALTER TABLE sessions
    ADD COLUMN preview           boolean NOT NULL DEFAULT false,
    ADD COLUMN audience_from     timestamptz,
    ADD COLUMN audience_segment  bigint CHECK (audience_segment >= 1),
    ADD CONSTRAINT sessions_hidden_or_shown CHECK (NOT (preview AND audience_from IS NOT NULL)),
    ADD CONSTRAINT sessions_segment_of_instant CHECK (audience_segment IS NULL OR audience_from IS NOT NULL);

CREATE INDEX sessions_audience ON sessions (id) WHERE preview OR audience_from IS NOT NULL;

CREATE TRIGGER sessions_tell_audience
    AFTER UPDATE OF preview, audience_from, audience_segment ON sessions
    FOR EACH ROW EXECUTE FUNCTION tell_control();
CREATE TRIGGER sessions_tell_hidden
    AFTER INSERT ON sessions
    FOR EACH ROW WHEN (NEW.preview) EXECUTE FUNCTION tell_control();

-- Tokens that open previews, too.
ALTER TABLE viewer_tokens ADD COLUMN preview boolean NOT NULL DEFAULT false;
