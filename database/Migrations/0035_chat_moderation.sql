-- Moderation of the chat. Servers of the previous version ignore it: they show no messages that are hidden, because these
-- are stored with `shown = false`.

ALTER TABLE chat_settings
    ADD COLUMN slow_seconds  integer NOT NULL DEFAULT 0 CHECK (slow_seconds BETWEEN 0 AND 3600),
    ADD COLUMN members_only  boolean NOT NULL DEFAULT false,
    ADD COLUMN frozen        boolean NOT NULL DEFAULT false,
    ADD COLUMN hold_all      boolean NOT NULL DEFAULT false,
    ADD COLUMN filters       jsonb NOT NULL DEFAULT '{}';

-- `pinned` is the id of the pinned message, as text.
ALTER TABLE chat_sessions ADD COLUMN pinned text CHECK (char_length(pinned) <= 32);

-- `hidden` is the reason why a message is not shown; without one it was left out because there were too many. `held_by` is
-- the rule of the filter. `network` is the hash of the sender's network with the salt of the day. `removed_by` is the
-- action that removed the message.
ALTER TABLE chat_messages
    ADD COLUMN kind        text NOT NULL DEFAULT 'message' CHECK (kind IN ('message', 'announcement')),
    ADD COLUMN role        text CHECK (role IN ('member', 'moderator')),
    ADD COLUMN hidden      text CHECK (hidden IN ('held', 'denied', 'muted')),
    ADD COLUMN held_by     text CHECK (char_length(held_by) <= 200),
    ADD COLUMN network     bytea CHECK (octet_length(network) = 16),
    ADD COLUMN removed_by  text;

CREATE INDEX chat_messages_held ON chat_messages (session_id, batch, position) WHERE hidden = 'held' AND removed_at IS NULL;
CREATE INDEX chat_messages_removed_by ON chat_messages (removed_by) WHERE removed_by IS NOT NULL;

-- Actions of moderators, with what is needed to undo them.
CREATE TABLE chat_actions (
    id              text PRIMARY KEY,
    channel_id      bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    session_id      text,
    action          text NOT NULL CHECK (action IN
        ('remove', 'approve', 'deny', 'timeout', 'ban', 'mute', 'pin', 'unpin', 'announce')),
    moderator       text NOT NULL CHECK (char_length(moderator) <= 300),
    moderator_name  text NOT NULL CHECK (char_length(moderator_name) <= 200),
    identity_id     text,
    name            text,
    message         text CHECK (char_length(message) <= 32),
    reason          text NOT NULL CHECK (char_length(reason) <= 300),
    created_at      timestamptz NOT NULL,
    ends_at         timestamptz,
    with_network    boolean NOT NULL DEFAULT false,
    undone_at       timestamptz,
    undone_by       text,
    undone_reason   text CHECK (char_length(undone_reason) <= 300)
);

CREATE INDEX chat_actions_channel ON chat_actions (channel_id, id DESC);
CREATE INDEX chat_actions_identity ON chat_actions (channel_id, identity_id, id DESC) WHERE identity_id IS NOT NULL;

-- Participants who may not write, or whose messages viewers do not see. The id is that of the action.
CREATE TABLE chat_sanctions (
    id           text PRIMARY KEY REFERENCES chat_actions (id) ON DELETE CASCADE,
    channel_id   bigint NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('timeout', 'ban', 'mute')),
    identity_id  text NOT NULL,
    network      bytea CHECK (octet_length(network) = 16),
    ends_at      timestamptz,
    lifted_at    timestamptz
);

CREATE INDEX chat_sanctions_identity ON chat_sanctions (channel_id, identity_id) WHERE lifted_at IS NULL;
CREATE INDEX chat_sanctions_network ON chat_sanctions (channel_id, network) WHERE lifted_at IS NULL AND network IS NOT NULL;

-- Salts of the hashes of networks, one per day. They are deleted after the next day, and hashes can then no longer be
-- compared with an address.
CREATE TABLE chat_salts (
    day   date PRIMARY KEY,
    salt  bytea NOT NULL CHECK (octet_length(salt) = 32)
);
