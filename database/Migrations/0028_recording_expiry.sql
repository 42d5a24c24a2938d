-- Expired recordings are marked as deleted, and their media are deleted after this time. Until then they return if their
-- retention is extended. NULL for recordings that a user deleted. The column has no default, so no row is rewritten.
-- Servers of the previous version delete the media at once.

ALTER TABLE recordings ADD COLUMN purge_after timestamptz;
