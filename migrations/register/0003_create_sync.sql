-- What waits for the server, what came from it, and how the exchange goes.

-- Business commands in the order of this register. Rows are never deleted: once the server's backup holds an
-- operation and a week has passed, only its body is dropped.
CREATE TABLE sync_queue (
    op_id              BLOB    PRIMARY KEY CHECK (length(op_id) = 16),
    epoch              INTEGER NOT NULL REFERENCES device_epoch (epoch),
    seq                INTEGER NOT NULL CHECK (seq >= 1),         -- dense per epoch
    kind               TEXT    NOT NULL,
    kind_version       INTEGER NOT NULL CHECK (kind_version >= 1),
    mode               TEXT    NOT NULL CHECK (mode IN ('admit', 'fact', 'withdraw')),
    priority           INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2), -- 0 checkout, 1 edits, 2 bulk
    made_at_ms         INTEGER NOT NULL,
    body               TEXT,                                      -- the bytes that are hashed and sent; NULL once trimmed
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
    UNIQUE (epoch, seq),
    CHECK (state <> 'acknowledged' OR feed_seq IS NOT NULL),
    CHECK (body IS NOT NULL OR state IN ('acknowledged', 'rejected')),
    CHECK ((entity IS NULL) = (entity_id IS NULL))
) STRICT;
-- queue::claim_batch, queue::next_due. A sale that asks for admission belongs to the checkout, never to the background.
CREATE INDEX queue_ready ON sync_queue (priority, epoch, seq, next_due_at_ms)
    WHERE state = 'pending' AND waits_for = 0 AND mode <> 'admit';
-- queue::counts, queue::list, queue::expire_leases
CREATE INDEX queue_open ON sync_queue (state, made_at_ms, seq) WHERE state <> 'acknowledged';
-- queue::pending_edits: what stands on top of a pulled row
CREATE INDEX queue_by_entity ON sync_queue (entity_id, seq) WHERE entity_id IS NOT NULL;
-- queue::trim
CREATE INDEX queue_untrimmed ON sync_queue (epoch, seq, finished_at_ms) WHERE state = 'acknowledged' AND body IS NOT NULL;
CREATE TRIGGER queue_rows_stay BEFORE DELETE ON sync_queue
BEGIN SELECT raise(ABORT, 'operations are never deleted'); END;
-- An operation never changes. Two exceptions: edits of one row that have not left yet may be drawn together, and
-- a body that is no longer needed may be dropped, and put back.
CREATE TRIGGER queue_operation_is_immutable BEFORE UPDATE OF op_id, kind, kind_version, made_at_ms, entity ON sync_queue
BEGIN SELECT raise(ABORT, 'an operation is immutable'); END;
CREATE TRIGGER queue_body_is_immutable BEFORE UPDATE OF body, body_hash, body_bytes ON sync_queue
WHEN NOT (OLD.kind = 'entity.update' AND OLD.generation = 0 AND OLD.state = 'pending')
 AND NOT (NEW.body_hash = OLD.body_hash AND NEW.body_bytes = OLD.body_bytes AND (NEW.body IS NULL OR OLD.body IS NULL))
BEGIN SELECT raise(ABORT, 'an operation is immutable'); END;

CREATE TABLE sync_dependency (
    op_id      BLOB NOT NULL REFERENCES sync_queue (op_id),
    depends_on BLOB NOT NULL REFERENCES sync_queue (op_id),
    PRIMARY KEY (op_id, depends_on)
) STRICT, WITHOUT ROWID;
-- queue::acknowledge, queue::dead_letter: who waits for this one
CREATE INDEX dependency_by_cause ON sync_dependency (depends_on, op_id);

-- One drainer at a time, across processes.
CREATE TABLE sync_lease (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    holder        TEXT    NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    generation    INTEGER NOT NULL CHECK (generation >= 1)  -- rises with each change of holder
) STRICT;

-- Place in the server's feed; written with the rows that it covers.
CREATE TABLE sync_cursor (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    cursor         TEXT    NOT NULL,                        -- opaque here
    promoted_at_ms INTEGER NOT NULL
) STRICT;

-- Pages that were fetched ahead and are not promoted yet.
CREATE TABLE sync_stage (
    page INTEGER PRIMARY KEY,
    body TEXT    NOT NULL CHECK (json_valid(body))
) STRICT;

-- How far a first sync or re-snapshot has come.
CREATE TABLE sync_checkpoint (
    entity     TEXT    PRIMARY KEY,
    last_key   BLOB    CHECK (length(last_key) = 16),       -- NULL before the first page
    done_rows  INTEGER NOT NULL CHECK (done_rows >= 0),
    total_rows INTEGER NOT NULL CHECK (total_rows >= 0),
    complete   INTEGER NOT NULL CHECK (complete IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE sync_snapshot (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    mark        TEXT    NOT NULL,                           -- cursor from which the feed goes on afterwards
    began_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sync_state (
    id                   INTEGER PRIMARY KEY CHECK (id = 1),
    paused               INTEGER NOT NULL CHECK (paused IN (0, 1)),
    breaker              TEXT    NOT NULL CHECK (breaker IN ('closed', 'open', 'half_open')),
    breaker_until_ms     INTEGER,
    last_push_ok_ms      INTEGER,
    last_pull_ok_ms      INTEGER,
    last_error_code      TEXT,
    last_error_at_ms     INTEGER,
    clock_offset_ms      INTEGER,                           -- server clock minus ours
    backup_seq           INTEGER NOT NULL CHECK (backup_seq >= 0) -- operations of this epoch that the server's backup holds
) STRICT;
INSERT INTO sync_state (id, paused, breaker, backup_seq) VALUES (1, 0, 'closed', 0);

CREATE TABLE sync_run (
    run_no      INTEGER PRIMARY KEY AUTOINCREMENT,
    cause       TEXT    NOT NULL,                           -- what woke it: write, sale, timer, person ...
    began_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('done', 'failed', 'cancelled')),
    error_code  TEXT,
    pushed      INTEGER NOT NULL CHECK (pushed >= 0),
    pulled      INTEGER NOT NULL CHECK (pulled >= 0),
    refused     INTEGER NOT NULL CHECK (refused >= 0),
    conflicts   INTEGER NOT NULL CHECK (conflicts >= 0),
    duplicates  INTEGER NOT NULL CHECK (duplicates >= 0),   -- idempotency hits
    calls       INTEGER NOT NULL CHECK (calls >= 0),
    retries     INTEGER NOT NULL CHECK (retries >= 0),
    bytes_up    INTEGER NOT NULL CHECK (bytes_up >= 0),
    bytes_down  INTEGER NOT NULL CHECK (bytes_down >= 0)
) STRICT;

-- Ids that the server knows under another name, for ever.
CREATE TABLE id_mapping (
    entity       TEXT    NOT NULL,
    local_id     BLOB    NOT NULL CHECK (length(local_id) = 16),
    server_id    BLOB    NOT NULL CHECK (length(server_id) = 16),
    state        TEXT    NOT NULL CHECK (state IN ('applied', 'orphaned')), -- orphaned: contradicts the applied one
    mapped_at_ms INTEGER NOT NULL,
    PRIMARY KEY (entity, local_id, server_id),
    CHECK (local_id <> server_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX id_mapping_applied ON id_mapping (entity, local_id) WHERE state = 'applied';
