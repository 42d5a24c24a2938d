-- Maximum number of concurrent viewers of a session. The default is a constant, so no row is rewritten. Servers of the
-- previous version ignore the column and do not count viewers.
ALTER TABLE sessions ADD COLUMN peak_viewers bigint NOT NULL DEFAULT 0 CHECK (peak_viewers >= 0);

-- Viewer count of each channel at each process, with a sample of the random ids that pages generate when they load.
-- With the sample, a page that two processes counted is one viewer. A row is valid for half a minute. The table is
-- unlogged, because lost rows are written again moments after a database crash.
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
