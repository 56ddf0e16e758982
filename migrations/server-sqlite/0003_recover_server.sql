-- What a server needs to notice that it was put back from an older copy, to tell registers what its backups hold, and
-- to let go of old deletions.

-- The incarnation that the next change will be written in: another one after each start. NULL before the first.
ALTER TABLE business ADD COLUMN incarnation BLOB CHECK (length(incarnation) = 16);
-- Highest place in the feed of a deletion that is not kept any more: a cursor below it has missed something.
ALTER TABLE business ADD COLUMN forgotten_seq INTEGER NOT NULL DEFAULT 0 CHECK (forgotten_seq >= 0);

-- The incarnations that wrote the feed, for ever: from behind began_seq to where the next one began.
CREATE TABLE incarnation (
    began_seq   INTEGER NOT NULL PRIMARY KEY CHECK (began_seq >= 0), -- last seq of the feed before its first change
    incarnation BLOB    NOT NULL UNIQUE CHECK (length(incarnation) = 16),
    began_at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER incarnation_is_never_changed BEFORE UPDATE ON incarnation
BEGIN SELECT RAISE(ABORT, 'incarnation is append-only'); END;
CREATE TRIGGER incarnation_is_never_deleted BEFORE DELETE ON incarnation
BEGIN SELECT RAISE(ABORT, 'incarnation is append-only'); END;

-- How far the operations of this life are in a backup that was read back.
ALTER TABLE device_life ADD COLUMN backed_up INTEGER NOT NULL DEFAULT 0 CHECK (backed_up >= 0);

-- How far a register has read the feed, and when it was last heard of; noted now and then, never too far ahead.
ALTER TABLE device ADD COLUMN read_seq INTEGER NOT NULL DEFAULT 0 CHECK (read_seq >= 0);
ALTER TABLE device ADD COLUMN heard_at_ms INTEGER;

-- Where the feed stood when, about once a day: tells how old a place in the feed is.
CREATE TABLE feed_clock (
    at_ms INTEGER NOT NULL PRIMARY KEY,
    seq   INTEGER NOT NULL CHECK (seq >= 0)
) STRICT;

-- Serve the upkeep: old deletions, and decided conflicts that were not touched for long.
CREATE INDEX feed_deleted ON feed (seq) WHERE deleted;
CREATE INDEX feed_conflict ON feed (seq) WHERE entity = 'conflict';

-- Backups that were read back.
CREATE TABLE backup (
    backup_no  INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at_ms INTEGER NOT NULL,
    name       TEXT    NOT NULL, -- of its file, or in words where it lies
    feed_seq   INTEGER NOT NULL CHECK (feed_seq >= 0),
    operations INTEGER NOT NULL CHECK (operations >= 0), -- how many have a verdict in it
    entries    INTEGER NOT NULL CHECK (entries >= 0)     -- audit_no of the last one in it
) STRICT;
