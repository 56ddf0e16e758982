-- Two more kinds of disagreement: a number that is in two places at once, and what was done without the right or a yes of
-- somebody who has it.

CREATE TABLE conflict_next (
    conflict_id  BLOB    PRIMARY KEY CHECK (length(conflict_id) = 16),
    kind         TEXT    NOT NULL CHECK (kind IN
        ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed', 'refund_beyond_bounds',
         'mapping_contradiction', 'fork', 'serial_twice', 'not_approved')),
    status       TEXT    NOT NULL CHECK (status IN ('open', 'resolved')),
    entity       TEXT    NOT NULL,
    entity_id    BLOB    NOT NULL CHECK (length(entity_id) = 16),
    opened_at_ms INTEGER NOT NULL,             -- the server's clock
    data         TEXT    NOT NULL CHECK (json_valid(data)), -- the whole conflict
    rev          INTEGER NOT NULL CHECK (rev >= 0),
    seq          INTEGER NOT NULL CHECK (seq >= 0)
) STRICT;
INSERT INTO conflict_next (conflict_id, kind, status, entity, entity_id, opened_at_ms, data, rev, seq)
SELECT conflict_id, kind, status, entity, entity_id, opened_at_ms, data, rev, seq FROM conflict;
DROP TABLE conflict;
ALTER TABLE conflict_next RENAME TO conflict;
-- conflicts::list, conflicts::count_open
CREATE INDEX conflict_by_status ON conflict (status, opened_at_ms DESC, conflict_id);
