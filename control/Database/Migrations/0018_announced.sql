-- Whether viewers of an event's channel are told its title and start before it is on. A server of before does not know the column: its events are announced, and it tells nobody.

ALTER TABLE events ADD COLUMN announced boolean NOT NULL DEFAULT true;
