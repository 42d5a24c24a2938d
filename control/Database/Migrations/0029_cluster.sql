-- Servers of a cluster: a short number for commands, the address of the internal listener, and the version. Servers of the
-- previous version do not write the address; their sessions cannot be mirrored.

ALTER TABLE servers
    ADD COLUMN number   integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN address  text CHECK (char_length(address) <= 255),
    ADD COLUMN version  text CHECK (char_length(version) <= 64);

-- Keys with which servers authenticate to each other. Whoever can read them can act as a server.
CREATE TABLE cluster_authority (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    certificate  text NOT NULL,
    private_key  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
