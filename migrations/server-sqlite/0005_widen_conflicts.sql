-- Three more kinds of disagreement: a refund of more than was sold, an id that two rows answer to, and a register whose
-- file went on in two places. The last one is about an operation that was kept aside, so op_id refers to no table.

CREATE TABLE conflict_next (
    conflict_id BLOB    NOT NULL PRIMARY KEY CHECK (length(conflict_id) = 16),
    op_id       BLOB    NOT NULL CHECK (length(op_id) = 16),
    kind        TEXT    NOT NULL CHECK (kind IN
        ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed', 'refund_beyond_bounds',
         'mapping_contradiction', 'fork')),
    status      TEXT    NOT NULL CHECK (status IN ('open', 'resolved')),
    rev         INTEGER NOT NULL CHECK (rev >= 1),
    document    TEXT    NOT NULL, -- JSON, as in the feed
    resolution  TEXT              -- JSON: what the standing resolution changed, so that it can be taken back
) STRICT, WITHOUT ROWID;
INSERT INTO conflict_next (conflict_id, op_id, kind, status, rev, document, resolution)
SELECT conflict_id, op_id, kind, status, rev, document, resolution FROM conflict;
DROP TABLE conflict;
ALTER TABLE conflict_next RENAME TO conflict;

-- What else an operation was sent with, so that it can be recorded after all. NULL of anything but operations of a fork.
ALTER TABLE quarantine ADD COLUMN kind TEXT;
ALTER TABLE quarantine ADD COLUMN kind_version INTEGER;
ALTER TABLE quarantine ADD COLUMN mode TEXT CHECK (mode IN ('admit', 'fact', 'withdraw'));
ALTER TABLE quarantine ADD COLUMN made_at_ms INTEGER;
-- Serves an operation that was kept aside and comes again in a newer life.
CREATE INDEX quarantine_by_operation ON quarantine (op_id) WHERE kind IS NOT NULL;

-- Goods that were booked under the id that was given up, in thousandths: they move when it is mapped to another row.
ALTER TABLE id_alias ADD COLUMN booked_milli INTEGER NOT NULL DEFAULT 0;
