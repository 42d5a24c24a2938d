-- Announcement of an event to the channel's viewers: its title and start, before it is live. Servers of the previous
-- version ignore the column. Their events are marked as announced, but they show no announcements.

ALTER TABLE events ADD COLUMN announced boolean NOT NULL DEFAULT true;
