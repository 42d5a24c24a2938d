-- Slates of channels: an image or a video that viewers see while the session waits for an encoder. A separate table,
-- so that listing channels does not read the slates.

CREATE TABLE channel_slates (
    channel_id bigint PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    media_type text NOT NULL,
    bytes bytea NOT NULL,
    updated_at timestamptz NOT NULL
);
