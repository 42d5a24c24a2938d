-- Servers of a cluster: a short number for commands, the address of the internal listener, the version, and the share of the
-- machine's processors that the server used since its last renewal. Servers of the previous version do not write the
-- address; their sessions cannot be mirrored.

ALTER TABLE servers
    ADD COLUMN number   integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN address  text CHECK (char_length(address) <= 255),
    ADD COLUMN version  text CHECK (char_length(version) <= 64),
    ADD COLUMN load     real;

-- Keys with which servers authenticate to each other. A client that can read them can act as a server.
CREATE TABLE cluster_authority (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    certificate  text NOT NULL,
    private_key  text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
