-- Visibility of a session for viewers: hidden during the preview, then visible from an instant on.
-- The server that serves the session determines the first visible segment.
-- The defaults are constants, so no row is rewritten. Servers of the previous version ignore the columns and show all
-- viewers the whole session.

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

-- Permission to watch previews.
ALTER TABLE viewer_tokens ADD COLUMN preview boolean NOT NULL DEFAULT false;
