-- Restriction of API tokens to some channels or some parts of the API. Servers of the previous version ignore it and
-- grant such a token all permissions of its role. Update all servers before you create such tokens.
-- Channels are stored by id. A token for a deleted channel does not apply to a later channel with the same name.

ALTER TABLE tokens
    ADD COLUMN channels  bigint[] CHECK (cardinality(channels) BETWEEN 1 AND 100),
    ADD COLUMN scopes    text[] CHECK (cardinality(scopes) BETWEEN 1 AND 50);
