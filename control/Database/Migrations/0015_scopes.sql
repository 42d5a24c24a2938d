-- Tokens for some channels or some parts of the API alone. A server of before does not know of it and lets such a token do all that its role may: make none until all servers are new.
-- Channels stand here by number: another channel that is given a deleted one's name later is none of theirs.

ALTER TABLE tokens
    ADD COLUMN channels  bigint[] CHECK (cardinality(channels) BETWEEN 1 AND 100),
    ADD COLUMN scopes    text[] CHECK (cardinality(scopes) BETWEEN 1 AND 50);
