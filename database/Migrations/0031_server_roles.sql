-- Roles of a server. Servers of the previous version have all.

ALTER TABLE servers
    ADD COLUMN roles  text[] NOT NULL DEFAULT '{control,ingest,media,origin}' CHECK (cardinality(roles) BETWEEN 1 AND 16);
