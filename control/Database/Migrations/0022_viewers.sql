-- How many watched a session at most. A constant default: no row is written anew, and a server of before, which does not know the column, goes on and counts nobody.
ALTER TABLE sessions ADD COLUMN peak_viewers bigint NOT NULL DEFAULT 0 CHECK (peak_viewers >= 0);

-- How many watch each channel as each process sees it, with a sample of what their pages made up as ids when they were loaded, so that a page that two processes saw is one viewer. It holds for half a minute. Not logged: what a crash
-- of the database takes is there again in a moment.
CREATE UNLOGGED TABLE viewer_counts (
    server      uuid NOT NULL,
    channel_id  bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    viewers     bigint NOT NULL CHECK (viewers >= 0),
    level       int NOT NULL CHECK (level BETWEEN 0 AND 20),
    depth       int NOT NULL CHECK (depth BETWEEN 0 AND 20),
    ids         bytea NOT NULL CHECK (octet_length(ids) <= 16384),
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (server, channel_id)
);
