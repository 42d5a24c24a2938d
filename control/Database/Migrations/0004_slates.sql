-- What viewers of a channel see while its session waits for an encoder: a picture or a clip of its own. Apart from the channel, so that a list of channels does not read them.

CREATE TABLE channel_slates (
    channel_id bigint PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    media_type text NOT NULL,
    bytes bytea NOT NULL,
    updated_at timestamptz NOT NULL
);
