-- The server's tables on embedded SQLite. One file holds one business, so no table has a tenant column: a row of
-- another business cannot be reached, whatever a statement forgets. Ids are UUIDs as 16 bytes, hashes 32 bytes,
-- times milliseconds since 1970 UTC by the server's clock, quantities thousandths, amounts minor units.

CREATE TABLE business (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    authority    BLOB    NOT NULL CHECK (length(authority) = 16), -- this server's own id
    server_epoch INTEGER NOT NULL CHECK (server_epoch >= 1),      -- rises when the file is restored
    tenant_id    BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    outlet_id    BLOB    NOT NULL CHECK (length(outlet_id) = 16),
    feed_seq     INTEGER NOT NULL CHECK (feed_seq >= 0),          -- last seq given; moved by the writer only
    series_given INTEGER NOT NULL CHECK (series_given >= 0)       -- R1, R2, ... given so far
) STRICT;

CREATE TABLE device (
    device_id     BLOB    NOT NULL PRIMARY KEY CHECK (length(device_id) = 16),
    name          TEXT    NOT NULL,
    public_key    BLOB    NOT NULL CHECK (length(public_key) = 32),
    token_hash    BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32), -- BLAKE3; the token itself is never kept
    series        TEXT    NOT NULL UNIQUE,
    joined_at_ms  INTEGER NOT NULL,
    revoked_at_ms INTEGER
) STRICT;

-- One life of a register's file: how far its operations and its chain of documents were seen.
CREATE TABLE device_life (
    device_id    BLOB    NOT NULL REFERENCES device (device_id),
    epoch        INTEGER NOT NULL CHECK (epoch >= 1),
    watermark    INTEGER NOT NULL CHECK (watermark >= 0),    -- every seq up to here has a stored verdict
    chain_number INTEGER NOT NULL CHECK (chain_number >= 0), -- last countersigned document; 0 before the first
    chain_hash   BLOB    NOT NULL CHECK (length(chain_hash) = 32),
    PRIMARY KEY (device_id, epoch)
) STRICT, WITHOUT ROWID;

-- Seqs above the watermark that have a stored verdict too.
CREATE TABLE device_seen (
    device_id BLOB    NOT NULL,
    epoch     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (device_id, epoch, seq),
    FOREIGN KEY (device_id, epoch) REFERENCES device_life (device_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE pairing_code (
    code_hash     BLOB    NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
    made_at_ms    INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    failed_tries  INTEGER NOT NULL CHECK (failed_tries >= 0), -- wrong codes typed while this one was open
    used_at_ms    INTEGER
) STRICT;

-- Rows that registers share: settings, categories, products, customers, cashiers.
CREATE TABLE entity_row (
    entity  TEXT    NOT NULL CHECK (entity IN ('setting', 'category', 'product', 'customer', 'cashier')),
    id      BLOB    NOT NULL CHECK (length(id) = 16),
    rev     INTEGER NOT NULL CHECK (rev >= 1),
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    fields  TEXT    NOT NULL, -- JSON object; kept when deleted, so that the row can be brought back
    stamps  TEXT    NOT NULL, -- JSON object: field -> who changed it last, at which rev, by which clock
    PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;

-- What makes a row the same thing as another one; only of rows that are not deleted.
CREATE TABLE identity_key (
    entity TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('code', 'barcode', 'phone')),
    value  TEXT NOT NULL,
    id     BLOB NOT NULL,
    PRIMARY KEY (entity, kind, value),
    FOREIGN KEY (entity, id) REFERENCES entity_row (entity, id)
) STRICT, WITHOUT ROWID;

-- Ids that registers made for things the server knows under another id; for ever.
CREATE TABLE id_alias (
    entity    TEXT NOT NULL,
    local_id  BLOB NOT NULL CHECK (length(local_id) = 16),
    server_id BLOB NOT NULL CHECK (length(server_id) = 16),
    op_id     BLOB NOT NULL REFERENCES operation (op_id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (entity, local_id)
) STRICT, WITHOUT ROWID;

-- The compact feed: one place per row, moved to a new seq with each change.
CREATE TABLE feed (
    seq           INTEGER NOT NULL PRIMARY KEY,
    entity        TEXT    NOT NULL,
    entity_id     BLOB    NOT NULL CHECK (length(entity_id) = 16),
    rev           INTEGER NOT NULL CHECK (rev >= 1),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    origin_device BLOB,
    origin_op     BLOB,
    UNIQUE (entity, entity_id) -- serves pages of a snapshot, and moves a row
) STRICT;

-- Rows of each kind that are not deleted, for an honest progress bar without counting.
CREATE TABLE entity_total (
    entity    TEXT    NOT NULL PRIMARY KEY,
    live_rows INTEGER NOT NULL CHECK (live_rows >= 0)
) STRICT, WITHOUT ROWID;

-- The balance of each counted product. on_hand is the sum of its movements, oversold the sum of its open shortages.
CREATE TABLE stock_level (
    product_id     BLOB    NOT NULL PRIMARY KEY CHECK (length(product_id) = 16),
    on_hand_milli  INTEGER NOT NULL CHECK (on_hand_milli >= 0),
    oversold_milli INTEGER NOT NULL CHECK (oversold_milli >= 0),
    rev            INTEGER NOT NULL CHECK (rev >= 1)
) STRICT, WITHOUT ROWID;

-- The ledger, clustered by the operation that caused the movement: registers make rising ids, so it grows at its end.
CREATE TABLE stock_movement (
    op_id       BLOB    NOT NULL REFERENCES operation (op_id) DEFERRABLE INITIALLY DEFERRED,
    ordinal     INTEGER NOT NULL CHECK (ordinal >= 0),
    product_id  BLOB    NOT NULL CHECK (length(product_id) = 16),
    reason      TEXT    NOT NULL CHECK (reason IN
        ('opening', 'sale', 'refund', 'reversal', 'correction', 'loss', 'receipt', 'transfer')),
    delta_milli INTEGER NOT NULL CHECK (delta_milli <> 0),
    line_id     BLOB, -- the sale's line, or the line whose shortage it settles
    at_ms       INTEGER NOT NULL,
    PRIMARY KEY (op_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER stock_movement_is_never_changed BEFORE UPDATE ON stock_movement
BEGIN SELECT RAISE(ABORT, 'stock_movement is append-only'); END;
CREATE TRIGGER stock_movement_is_never_deleted BEFORE DELETE ON stock_movement
BEGIN SELECT RAISE(ABORT, 'stock_movement is append-only'); END;

-- Everything that registers sent and that has a verdict, for ever, byte for byte.
CREATE TABLE operation (
    op_no          INTEGER PRIMARY KEY AUTOINCREMENT, -- order in which the server took them
    op_id          BLOB    NOT NULL UNIQUE CHECK (length(op_id) = 16),
    device_id      BLOB    NOT NULL REFERENCES device (device_id),
    epoch          INTEGER NOT NULL,
    seq            INTEGER NOT NULL CHECK (seq >= 1),
    kind           TEXT    NOT NULL,
    kind_version   INTEGER NOT NULL,
    mode           TEXT    NOT NULL CHECK (mode IN ('admit', 'fact', 'withdraw')),
    made_at_ms     INTEGER NOT NULL, -- by the register's clock
    body           TEXT    NOT NULL,
    body_hash      BLOB    NOT NULL CHECK (length(body_hash) = 32),
    verdict        TEXT    NOT NULL, -- JSON, without rows
    feed_seq       INTEGER,          -- lowest feed seq of its effects; NULL when it has none
    received_at_ms INTEGER NOT NULL,
    UNIQUE (device_id, epoch, seq) -- finds forks
) STRICT;

-- Serves the `own` list of a pull.
CREATE INDEX operation_by_effect ON operation (device_id, feed_seq) WHERE feed_seq IS NOT NULL;

CREATE TRIGGER operation_keeps_what_was_sent
BEFORE UPDATE OF op_no, op_id, device_id, epoch, seq, kind, kind_version, made_at_ms, body, body_hash ON operation
BEGIN SELECT RAISE(ABORT, 'an operation keeps what was sent'); END;
CREATE TRIGGER operation_is_never_deleted BEFORE DELETE ON operation
BEGIN SELECT RAISE(ABORT, 'operations are never deleted'); END;

-- Sale documents by id; the text is the operation's body. A rejected one is kept as evidence for the chain.
CREATE TABLE sale (
    sale_id          BLOB    NOT NULL PRIMARY KEY CHECK (length(sale_id) = 16),
    op_id            BLOB    NOT NULL REFERENCES operation (op_id) DEFERRABLE INITIALLY DEFERRED,
    device_id        BLOB    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('applied', 'rejected', 'withdrawn')),
    kind             TEXT    NOT NULL CHECK (kind IN ('sale', 'refund')),
    currency         TEXT    NOT NULL,
    currency_digits  INTEGER NOT NULL,
    net_minor        INTEGER NOT NULL,
    tax_minor        INTEGER NOT NULL,
    total_minor      INTEGER NOT NULL,
    sold_at_ms       INTEGER NOT NULL, -- by the register's clock
    original_sale_id BLOB
) STRICT, WITHOUT ROWID;

-- An operation is written after its effects, when its verdict is known. The foreign keys wait for it, and each
-- operation then looks for those who wait: without these three it would read whole tables. The first also serves
-- the check of documents.
CREATE INDEX sale_by_operation ON sale (op_id);
CREATE INDEX id_alias_by_operation ON id_alias (op_id);

-- Serves the bounds of a refund: what was already given back of a sale.
CREATE INDEX sale_refunds ON sale (original_sale_id) WHERE original_sale_id IS NOT NULL;

-- Countersigned links of the registers' chains.
CREATE TABLE chain_record (
    device_id     BLOB    NOT NULL,
    epoch         INTEGER NOT NULL,
    number        INTEGER NOT NULL CHECK (number >= 1),
    series        TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('sale', 'refund')),
    document_id   BLOB    NOT NULL REFERENCES sale (sale_id),
    issued_at_ms  INTEGER NOT NULL,
    document_hash BLOB    NOT NULL CHECK (length(document_hash) = 32),
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    signature     BLOB    NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (device_id, epoch, number),
    FOREIGN KEY (device_id, epoch) REFERENCES device_life (device_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER chain_record_is_never_changed BEFORE UPDATE ON chain_record
BEGIN SELECT RAISE(ABORT, 'chain_record is append-only'); END;
CREATE TRIGGER chain_record_is_never_deleted BEFORE DELETE ON chain_record
BEGIN SELECT RAISE(ABORT, 'chain_record is append-only'); END;

-- Disagreements as registers see them; the story is repeated in conflict_event, which nobody can change.
CREATE TABLE conflict (
    conflict_id BLOB    NOT NULL PRIMARY KEY CHECK (length(conflict_id) = 16),
    op_id       BLOB    NOT NULL REFERENCES operation (op_id) DEFERRABLE INITIALLY DEFERRED,
    kind        TEXT    NOT NULL CHECK (kind IN
        ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed')),
    status      TEXT    NOT NULL CHECK (status IN ('open', 'resolved')),
    rev         INTEGER NOT NULL CHECK (rev >= 1),
    document    TEXT    NOT NULL, -- JSON, as in the feed
    resolution  TEXT              -- JSON: what the standing resolution changed, so that it can be taken back
) STRICT, WITHOUT ROWID;

CREATE INDEX conflict_by_operation ON conflict (op_id);

CREATE TABLE conflict_event (
    conflict_id BLOB    NOT NULL REFERENCES conflict (conflict_id),
    ordinal     INTEGER NOT NULL CHECK (ordinal >= 0),
    at_ms       INTEGER NOT NULL,
    event       TEXT    NOT NULL, -- JSON
    PRIMARY KEY (conflict_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER conflict_event_is_never_changed BEFORE UPDATE ON conflict_event
BEGIN SELECT RAISE(ABORT, 'conflict_event is append-only'); END;
CREATE TRIGGER conflict_event_is_never_deleted BEFORE DELETE ON conflict_event
BEGIN SELECT RAISE(ABORT, 'conflict_event is append-only'); END;

-- Goods that were sold and not there, line by line.
CREATE TABLE shortage (
    shortage_no INTEGER PRIMARY KEY AUTOINCREMENT, -- oldest first when goods come in
    conflict_id BLOB    NOT NULL REFERENCES conflict (conflict_id) DEFERRABLE INITIALLY DEFERRED,
    line_id     BLOB    NOT NULL CHECK (length(line_id) = 16),
    product_id  BLOB    NOT NULL CHECK (length(product_id) = 16),
    sale_id     BLOB,
    missing_milli INTEGER NOT NULL CHECK (missing_milli > 0),
    open_milli    INTEGER NOT NULL CHECK (open_milli BETWEEN 0 AND missing_milli),
    UNIQUE (conflict_id, line_id)
) STRICT;

-- Serves incoming goods: the open shortages of a product.
CREATE INDEX shortage_open ON shortage (product_id, shortage_no) WHERE open_milli > 0;

-- What was refused as an alarm: forks, other bodies under a known id, lives that ended, revoked registers. Kept for
-- people; nothing of it was applied.
CREATE TABLE quarantine (
    quarantine_no INTEGER PRIMARY KEY AUTOINCREMENT,
    reason        TEXT    NOT NULL CHECK (reason IN
        ('body_mismatch', 'fork', 'stale_epoch', 'revoked', 'chain_fault')),
    device_id     BLOB    NOT NULL,
    epoch         INTEGER NOT NULL,
    seq           INTEGER NOT NULL, -- of the operation, or the number of the chain link
    op_id         BLOB    NOT NULL, -- or the id of the document
    content       TEXT    NOT NULL,
    content_hash  BLOB    NOT NULL CHECK (length(content_hash) = 32),
    at_ms         INTEGER NOT NULL,
    UNIQUE (reason, device_id, epoch, seq, op_id, content_hash) -- the same alarm a thousand times is one alarm
) STRICT;

-- What people may want to ask about later and what has no table of its own.
CREATE TABLE audit (
    audit_no  INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms     INTEGER NOT NULL,
    what      TEXT    NOT NULL,
    device_id BLOB,
    op_id     BLOB,
    detail    TEXT    NOT NULL -- JSON
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
