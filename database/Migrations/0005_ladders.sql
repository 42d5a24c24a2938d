-- A ladder can also consist of custom rungs, as text. The server validates the text; this constraint only limits its
-- length. Servers of the previous version treat a ladder that they do not know as 'auto'.

ALTER TABLE channels
    DROP CONSTRAINT channels_ladder_check,
    ADD CONSTRAINT channels_ladder_check CHECK (char_length(ladder) BETWEEN 1 AND 200);
