-- The chat of a recorded session is deleted with the last of its recordings and clips, after their media. The chat of other
-- sessions is deleted with the row of the session, as before. Servers of the previous version delete recordings alike.

CREATE FUNCTION delete_chat_of_recordings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Deletions of several recordings of a session at once wait for each other, so that one of them is the last.
    PERFORM 1 FROM chat_sessions WHERE session_id IN (SELECT session_id FROM deleted) ORDER BY session_id FOR UPDATE;
    DELETE FROM chat_sessions c USING (SELECT DISTINCT session_id FROM deleted) d
    WHERE c.session_id = d.session_id AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = d.session_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER recordings_delete_chat AFTER DELETE ON recordings
    REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION delete_chat_of_recordings();
