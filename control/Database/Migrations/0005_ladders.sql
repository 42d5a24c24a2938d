-- A ladder may be rungs of the channel's own, as text. What it may say is checked before it comes here; here only how long it is.
-- A server of before takes one that it does not know for 'auto'.

ALTER TABLE channels
    DROP CONSTRAINT channels_ladder_check,
    ADD CONSTRAINT channels_ladder_check CHECK (char_length(ladder) BETWEEN 1 AND 200);
