-- Documents of the drawer and of customers' accounts beside sales, in the same chain; what customers owe; the life of
-- serial numbers; held carts; voids. Two more kinds of disagreement: a number that is in two places at once, and what was
-- done without the right or a yes of somebody who has it.
--
-- These tables refer to operations without a foreign key: an operation is written after its effects, and each one
-- would look for those who wait for it. The check of the file looks instead.

CREATE TABLE sale_next (
    sale_id          BLOB    NOT NULL PRIMARY KEY CHECK (length(sale_id) = 16),
    op_id            BLOB    NOT NULL REFERENCES operation (op_id) DEFERRABLE INITIALLY DEFERRED,
    device_id        BLOB    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('applied', 'rejected', 'withdrawn')),
    kind             TEXT    NOT NULL CHECK (kind IN ('sale', 'refund', 'void')),
    currency         TEXT    NOT NULL,
    currency_digits  INTEGER NOT NULL,
    net_minor        INTEGER NOT NULL,
    tax_minor        INTEGER NOT NULL,
    total_minor      INTEGER NOT NULL,
    sold_at_ms       INTEGER NOT NULL, -- by the register's clock
    original_sale_id BLOB,
    customer_id      BLOB CHECK (length(customer_id) = 16), -- as the document names it
    numbered_rows    INTEGER NOT NULL CHECK (numbered_rows >= 0) -- entries and events that bear its number once it is known
) STRICT, WITHOUT ROWID;
INSERT INTO sale_next (
    sale_id, op_id, device_id, state, kind, currency, currency_digits, net_minor, tax_minor, total_minor, sold_at_ms,
    original_sale_id, customer_id, numbered_rows
)
SELECT
    sale_id, sale.op_id, sale.device_id, state, sale.kind, currency, currency_digits, net_minor, tax_minor, total_minor,
    sold_at_ms, original_sale_id, unhex(replace(body ->> '$.customer.customer_id', '-', '')), 0
FROM sale JOIN operation ON operation.op_id = sale.op_id;
DROP TABLE sale;
ALTER TABLE sale_next RENAME TO sale;
CREATE INDEX sale_by_operation ON sale (op_id);
-- Serves the bounds of a refund: what was already given back of a sale.
CREATE INDEX sale_refunds ON sale (original_sale_id) WHERE original_sale_id IS NOT NULL;
-- Serves the deletion of a customer, whose history stays.
CREATE INDEX sale_by_customer ON sale (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE chain_record_next (
    device_id     BLOB    NOT NULL,
    epoch         INTEGER NOT NULL,
    number        INTEGER NOT NULL CHECK (number >= 1),
    series        TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN
        ('sale', 'refund', 'void', 'shift_opening', 'cash_movement', 'account_payment', 'shift_closing')),
    document_id   BLOB    NOT NULL CHECK (length(document_id) = 16), -- of a sale or a till document
    issued_at_ms  INTEGER NOT NULL,
    document_hash BLOB    NOT NULL CHECK (length(document_hash) = 32),
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    signature     BLOB    NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (device_id, epoch, number),
    FOREIGN KEY (device_id, epoch) REFERENCES device_life (device_id, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO chain_record_next (
    device_id, epoch, number, series, kind, document_id, issued_at_ms, document_hash, previous_hash, hash, signature
)
SELECT
    device_id, epoch, number, series, kind, document_id, issued_at_ms, document_hash, previous_hash, hash, signature
FROM chain_record;
DROP TABLE chain_record;
ALTER TABLE chain_record_next RENAME TO chain_record;
CREATE TRIGGER chain_record_is_never_changed BEFORE UPDATE ON chain_record
BEGIN SELECT RAISE(ABORT, 'chain_record is append-only'); END;
CREATE TRIGGER chain_record_is_never_deleted BEFORE DELETE ON chain_record
BEGIN SELECT RAISE(ABORT, 'chain_record is append-only'); END;

CREATE TABLE entity_row_next (
    entity  TEXT    NOT NULL CHECK (entity IN
        ('setting', 'category', 'product', 'customer', 'cashier', 'held_cart', 'account_entry', 'serial_event')),
    id      BLOB    NOT NULL CHECK (length(id) = 16),
    rev     INTEGER NOT NULL CHECK (rev >= 1),
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    fields  TEXT    NOT NULL, -- JSON object; kept when deleted, so that the row can be brought back
    stamps  TEXT    NOT NULL, -- JSON object: field -> who changed it last, at which rev, by which clock
    PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;
INSERT INTO entity_row_next (entity, id, rev, deleted, fields, stamps)
SELECT entity, id, rev, deleted, fields, stamps FROM entity_row;
DROP TABLE entity_row;
ALTER TABLE entity_row_next RENAME TO entity_row;

CREATE TABLE conflict_next (
    conflict_id BLOB    NOT NULL PRIMARY KEY CHECK (length(conflict_id) = 16),
    op_id       BLOB    NOT NULL CHECK (length(op_id) = 16),
    kind        TEXT    NOT NULL CHECK (kind IN
        ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed', 'refund_beyond_bounds',
         'mapping_contradiction', 'fork', 'serial_twice', 'not_approved')),
    status      TEXT    NOT NULL CHECK (status IN ('open', 'resolved')),
    rev         INTEGER NOT NULL CHECK (rev >= 1),
    document    TEXT    NOT NULL, -- JSON, as in the feed
    resolution  TEXT              -- JSON: what the standing resolution changed, so that it can be taken back
) STRICT, WITHOUT ROWID;
INSERT INTO conflict_next (conflict_id, op_id, kind, status, rev, document, resolution)
SELECT conflict_id, op_id, kind, status, rev, document, resolution FROM conflict;
DROP TABLE conflict;
ALTER TABLE conflict_next RENAME TO conflict;

-- Openings, cash in and out, payments on account, closings, by id; the text is the operation's body. A rejected one is
-- kept as evidence for the chain.
CREATE TABLE till_document (
    document_id BLOB    NOT NULL PRIMARY KEY CHECK (length(document_id) = 16),
    op_id       BLOB    NOT NULL CHECK (length(op_id) = 16),
    device_id   BLOB    NOT NULL CHECK (length(device_id) = 16),
    state       TEXT    NOT NULL CHECK (state IN ('applied', 'rejected')),
    kind        TEXT    NOT NULL CHECK (kind IN
        ('shift_opening', 'cash_movement', 'account_payment', 'shift_closing')),
    shift_id    BLOB CHECK (length(shift_id) = 16),
    customer_id BLOB CHECK (length(customer_id) = 16), -- as the document names it
    currency    TEXT    NOT NULL,
    currency_digits INTEGER NOT NULL,
    cash_minor  INTEGER NOT NULL, -- added to the drawer
    z_number    INTEGER CHECK (z_number >= 0), -- of a closing
    made_at_ms  INTEGER NOT NULL, -- by the register's clock
    CHECK ((kind = 'shift_closing') = (z_number IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- Serves the check of documents.
CREATE INDEX till_document_by_operation ON till_document (op_id);
-- Serves a closing: the one before it.
CREATE INDEX till_document_by_z ON till_document (device_id, z_number) WHERE z_number IS NOT NULL;
CREATE TRIGGER till_document_is_never_changed BEFORE UPDATE ON till_document
BEGIN SELECT RAISE(ABORT, 'till_document is append-only'); END;
CREATE TRIGGER till_document_is_never_deleted BEFORE DELETE ON till_document
BEGIN SELECT RAISE(ABORT, 'till_document is append-only'); END;

-- What documents did to customers' accounts: a balance is the sum of a customer's postings. What is taken back, or moves
-- to another customer, is posted the other way round.
CREATE TABLE account_posting (
    op_id        BLOB    NOT NULL CHECK (length(op_id) = 16),
    ordinal      INTEGER NOT NULL CHECK (ordinal >= 0),
    document_id  BLOB    NOT NULL CHECK (length(document_id) = 16),
    customer_id  BLOB    NOT NULL CHECK (length(customer_id) = 16),
    amount_minor INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    seal         BLOB    NOT NULL CHECK (length(seal) = 8),
    PRIMARY KEY (op_id, ordinal)
) STRICT, WITHOUT ROWID;
-- Serves a balance, and covers its sum.
CREATE INDEX account_posting_by_customer ON account_posting (customer_id, amount_minor);
-- Serves the check of documents.
CREATE INDEX account_posting_by_document ON account_posting (document_id);
CREATE TRIGGER account_posting_is_never_changed BEFORE UPDATE ON account_posting
BEGIN SELECT RAISE(ABORT, 'account_posting is append-only'); END;
CREATE TRIGGER account_posting_is_never_deleted BEFORE DELETE ON account_posting
BEGIN SELECT RAISE(ABORT, 'account_posting is append-only'); END;

-- What happened to numbers, in the order in which the server heard of it. An event that is undone, or whose number is
-- corrected, is stated again: its last step counts.
CREATE TABLE serial_step (
    step_no  INTEGER PRIMARY KEY AUTOINCREMENT,
    op_id    BLOB    NOT NULL CHECK (length(op_id) = 16),
    event_id BLOB    NOT NULL CHECK (length(event_id) = 16),
    serial   TEXT    NOT NULL, -- in canonical spelling
    change   TEXT    NOT NULL CHECK (change IN
        ('received', 'traded_in', 'sold', 'returned', 'sent_to_repair', 'repaired', 'lost', 'undone')),
    at_ms    INTEGER NOT NULL,
    seal     BLOB    NOT NULL CHECK (length(seal) = 8)
) STRICT;
-- Serves the last event of a number.
CREATE INDEX serial_step_by_serial ON serial_step (serial, step_no);
-- Serves what became of an event.
CREATE INDEX serial_step_by_event ON serial_step (event_id, step_no);
-- Serves the check of sales.
CREATE INDEX serial_step_by_operation ON serial_step (op_id);
CREATE TRIGGER serial_step_is_never_changed BEFORE UPDATE ON serial_step
BEGIN SELECT RAISE(ABORT, 'serial_step is append-only'); END;
CREATE TRIGGER serial_step_is_never_deleted BEFORE DELETE ON serial_step
BEGIN SELECT RAISE(ABORT, 'serial_step is append-only'); END;

-- Which operation a person's yes was for: it counts once.
CREATE TABLE approval (
    approval_id BLOB NOT NULL PRIMARY KEY CHECK (length(approval_id) = 16),
    op_id       BLOB NOT NULL CHECK (length(op_id) = 16)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER approval_is_never_changed BEFORE UPDATE ON approval
BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END;
CREATE TRIGGER approval_is_never_deleted BEFORE DELETE ON approval
BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END;
