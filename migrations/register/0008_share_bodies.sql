-- The body of a sale is its document, byte for byte, and stands in `sale` for ever: the queue does not keep it twice.
-- A row of the queue is written three times on its way to the server; without the body twenty of them fit on a page
-- instead of one. The table is built anew: a CHECK cannot be changed in place. Every row is copied as it is; a sale's
-- body is left out only where its document holds the same bytes.

CREATE TABLE new_sync_queue (
    op_id              BLOB    PRIMARY KEY CHECK (length(op_id) = 16),
    epoch              INTEGER NOT NULL REFERENCES device_epoch (epoch),
    seq                INTEGER NOT NULL CHECK (seq >= 1),         -- dense per epoch
    kind               TEXT    NOT NULL,
    kind_version       INTEGER NOT NULL CHECK (kind_version >= 1),
    mode               TEXT    NOT NULL CHECK (mode IN ('admit', 'fact', 'withdraw')),
    priority           INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2), -- 0 checkout, 1 edits, 2 bulk
    made_at_ms         INTEGER NOT NULL,
    body_hash          BLOB    NOT NULL CHECK (length(body_hash) = 32),
    body_bytes         INTEGER NOT NULL CHECK (body_bytes > 0),
    entity             TEXT,                                      -- the row that it edits, when it edits one
    entity_id          BLOB    CHECK (length(entity_id) = 16),
    waits_for          INTEGER NOT NULL CHECK (waits_for >= 0),   -- dependencies that are not acknowledged
    state              TEXT    NOT NULL CHECK (state IN ('pending', 'in_flight', 'acknowledged', 'rejected', 'parked', 'dead')),
    generation         INTEGER NOT NULL CHECK (generation >= 0),  -- rises with each claim; fences late answers
    lease_until_ms     INTEGER CHECK ((lease_until_ms IS NOT NULL) = (state = 'in_flight')),
    attempts           INTEGER NOT NULL CHECK (attempts >= 0),    -- pushes; shown, never a limit
    next_due_at_ms     INTEGER NOT NULL,
    error_class        TEXT    CHECK (error_class IN ('transient', 'permanent', 'dependency', 'upgrade', 'alarm')),
    error_code         TEXT,
    error_params       TEXT    CHECK (json_valid(error_params)),
    feed_seq           INTEGER CHECK (feed_seq >= 0),             -- place of its effects in the server's feed
    finished_at_ms     INTEGER,
    body               TEXT,      -- the bytes that are hashed and sent; NULL for a sale, and once trimmed
    UNIQUE (epoch, seq),
    CHECK (state <> 'acknowledged' OR feed_seq IS NOT NULL),
    CHECK (body IS NOT NULL OR kind = 'sale.complete' OR state IN ('acknowledged', 'rejected')),
    CHECK ((entity IS NULL) = (entity_id IS NULL))
) STRICT;

INSERT INTO new_sync_queue (op_id, epoch, seq, kind, kind_version, mode, priority, made_at_ms, body_hash, body_bytes,
    entity, entity_id, waits_for, state, generation, lease_until_ms, attempts, next_due_at_ms, error_class, error_code,
    error_params, feed_seq, finished_at_ms, body)
SELECT q.op_id, q.epoch, q.seq, q.kind, q.kind_version, q.mode, q.priority, q.made_at_ms, q.body_hash, q.body_bytes,
    q.entity, q.entity_id, q.waits_for, q.state, q.generation, q.lease_until_ms, q.attempts, q.next_due_at_ms,
    q.error_class, q.error_code, q.error_params, q.feed_seq, q.finished_at_ms,
    CASE WHEN EXISTS (SELECT 1 FROM sale AS s WHERE s.op_id = q.op_id AND s.document = q.body) THEN NULL ELSE q.body END
FROM sync_queue AS q ORDER BY q.rowid;
DROP TABLE sync_queue;
ALTER TABLE new_sync_queue RENAME TO sync_queue;

-- queue::claim_batch, queue::next_due. A sale that asks for admission belongs to the checkout, never to the background.
CREATE INDEX queue_ready ON sync_queue (priority, epoch, seq, next_due_at_ms)
    WHERE state = 'pending' AND waits_for = 0 AND mode <> 'admit';
-- queue::counts, queue::list, queue::expire_leases
CREATE INDEX queue_open ON sync_queue (state, made_at_ms, seq) WHERE state <> 'acknowledged';
-- queue::pending_edits: what stands on top of a pulled row
CREATE INDEX queue_by_entity ON sync_queue (entity_id, seq) WHERE entity_id IS NOT NULL;
-- queue::is_forgotten
CREATE INDEX queue_acknowledged ON sync_queue (epoch, seq, finished_at_ms) WHERE state = 'acknowledged';
-- queue::trim
CREATE INDEX queue_untrimmed ON sync_queue (epoch, seq, finished_at_ms) WHERE state = 'acknowledged' AND body IS NOT NULL;
CREATE TRIGGER queue_rows_stay BEFORE DELETE ON sync_queue
BEGIN SELECT raise(ABORT, 'operations are never deleted'); END;
-- An operation never changes. Two exceptions: edits of one row that have not left yet may be drawn together, and
-- a body that is no longer needed may be dropped.
CREATE TRIGGER queue_operation_is_immutable BEFORE UPDATE OF op_id, kind, kind_version, made_at_ms, entity ON sync_queue
BEGIN SELECT raise(ABORT, 'an operation is immutable'); END;
CREATE TRIGGER queue_body_is_immutable BEFORE UPDATE OF body, body_hash, body_bytes ON sync_queue
WHEN NOT (OLD.kind = 'entity.update' AND OLD.generation = 0 AND OLD.state = 'pending')
 AND NOT (NEW.body_hash = OLD.body_hash AND NEW.body_bytes = OLD.body_bytes AND NEW.body IS NULL)
BEGIN SELECT raise(ABORT, 'an operation is immutable'); END;
