-- Documents of the drawer and of customers' accounts beside sales, in the same chain; what customers owe; the life of
-- serial numbers; carts that other registers see; voids, packs and tenders on account.

-- These three speak of a table that is built anew.
DROP TRIGGER sale_line_comes_with_its_sale;
DROP TRIGGER sale_tender_comes_with_its_sale;
DROP TRIGGER sale_tax_comes_with_its_sale;

CREATE TABLE sale_next (
    sale_id           BLOB    PRIMARY KEY CHECK (length(sale_id) = 16),
    kind              TEXT    NOT NULL CHECK (kind IN ('sale', 'refund', 'void')),
    state             TEXT    NOT NULL CHECK (state IN ('pending', 'final', 'rolled_back')),
    op_id             BLOB    NOT NULL UNIQUE REFERENCES sync_queue (op_id),
    document          TEXT    NOT NULL,                     -- the document, byte for byte as queued, hashed and chained
    document_hash     BLOB    NOT NULL CHECK (length(document_hash) = 32),
    cashier_id        BLOB    NOT NULL CHECK (length(cashier_id) = 16),
    customer_id       BLOB    CHECK (length(customer_id) = 16),
    original_sale_id  BLOB    CHECK (length(original_sale_id) = 16), -- refunds: what was sold, when known
    sold_at_ms        INTEGER NOT NULL,
    document_date     TEXT,                                 -- the document's own date when it was entered later
    external_number   TEXT,                                 -- its number in the system it came from
    currency          TEXT    NOT NULL CHECK (length(currency) = 3),
    lines             INTEGER NOT NULL CHECK (lines > 0),
    discount_minor    INTEGER NOT NULL,
    net_minor         INTEGER NOT NULL,
    tax_minor         INTEGER NOT NULL,
    total_minor       INTEGER NOT NULL,
    rounding_minor    INTEGER NOT NULL,
    payable_minor     INTEGER NOT NULL,
    tendered_minor    INTEGER NOT NULL,
    change_minor      INTEGER NOT NULL,
    series            TEXT,
    number            INTEGER CHECK (number >= 1),
    printed_number    TEXT,
    CHECK (net_minor + tax_minor = total_minor),
    CHECK (total_minor + rounding_minor = payable_minor),
    CHECK (tendered_minor - change_minor = payable_minor),
    CHECK ((state = 'final') = (number IS NOT NULL)),
    CHECK ((number IS NULL) = (series IS NULL) AND (number IS NULL) = (printed_number IS NULL))
) STRICT;
INSERT INTO sale_next (
    sale_id, kind, state, op_id, document, document_hash, cashier_id, customer_id, original_sale_id,
    sold_at_ms, document_date, external_number, currency, lines, discount_minor, net_minor, tax_minor,
    total_minor, rounding_minor, payable_minor, tendered_minor, change_minor, series, number, printed_number
)
SELECT
    sale_id, kind, state, op_id, document, document_hash, cashier_id, customer_id, original_sale_id,
    sold_at_ms, document_date, external_number, currency, lines, discount_minor, net_minor, tax_minor,
    total_minor, rounding_minor, payable_minor, tendered_minor, change_minor, series, number, printed_number
FROM sale;
DROP TABLE sale;
ALTER TABLE sale_next RENAME TO sale;
-- sales::find_by_number
CREATE UNIQUE INDEX sale_by_number ON sale (printed_number) WHERE printed_number IS NOT NULL;
-- sales::list, newest first
CREATE INDEX sale_by_time ON sale (sold_at_ms, sale_id);
-- sales::list_unfinished
CREATE INDEX sale_unfinished ON sale (sold_at_ms) WHERE state = 'pending';
-- sales::list_refunds
CREATE INDEX sale_by_original ON sale (original_sale_id) WHERE original_sale_id IS NOT NULL;
-- sales::find_by_external_number
CREATE INDEX sale_by_external_number ON sale (external_number) WHERE external_number IS NOT NULL;
-- mappings::apply; a customer's purchases
CREATE INDEX sale_by_customer ON sale (customer_id, sold_at_ms) WHERE customer_id IS NOT NULL;
CREATE TRIGGER sale_is_never_deleted BEFORE DELETE ON sale
BEGIN SELECT raise(ABORT, 'a sale is never deleted'); END;
CREATE TRIGGER sale_ends_once BEFORE UPDATE OF state, series, number, printed_number ON sale
WHEN NOT (OLD.state = 'pending' AND NEW.state IN ('final', 'rolled_back'))
BEGIN SELECT raise(ABORT, 'a sale is finished once and never reopened'); END;
CREATE TRIGGER sale_content_is_immutable
BEFORE UPDATE OF sale_id, kind, op_id, document, document_hash, cashier_id, original_sale_id, sold_at_ms, document_date,
    external_number, currency, lines, discount_minor, net_minor, tax_minor, total_minor, rounding_minor, payable_minor,
    tendered_minor, change_minor ON sale
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_customer_follows_only_mappings BEFORE UPDATE OF customer_id ON sale
WHEN NOT EXISTS (SELECT 1 FROM id_mapping AS m WHERE m.entity = 'customer' AND m.state = 'applied'
                 AND m.local_id = OLD.customer_id AND m.server_id = NEW.customer_id)
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_line_comes_with_its_sale BEFORE INSERT ON sale_line
WHEN NOT EXISTS (SELECT 1 FROM sale AS s WHERE s.sale_id = NEW.sale_id AND s.state = 'pending')
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tax_comes_with_its_sale BEFORE INSERT ON sale_tax
WHEN NOT EXISTS (SELECT 1 FROM sale AS s WHERE s.sale_id = NEW.sale_id AND s.state = 'pending')
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;

CREATE TABLE sale_tender_next (
    sale_id      BLOB    NOT NULL REFERENCES sale (sale_id),
    position     INTEGER NOT NULL CHECK (position >= 0),
    kind         TEXT    NOT NULL CHECK (kind IN ('cash', 'mobile', 'card', 'account', 'store_credit')),
    amount_minor INTEGER NOT NULL,
    reference    TEXT,
    PRIMARY KEY (sale_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO sale_tender_next (sale_id, position, kind, amount_minor, reference)
SELECT sale_id, position, kind, amount_minor, reference FROM sale_tender;
DROP TABLE sale_tender;
ALTER TABLE sale_tender_next RENAME TO sale_tender;
CREATE TRIGGER sale_tender_is_never_deleted BEFORE DELETE ON sale_tender
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tender_is_immutable BEFORE UPDATE ON sale_tender
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tender_comes_with_its_sale BEFORE INSERT ON sale_tender
WHEN NOT EXISTS (SELECT 1 FROM sale AS s WHERE s.sale_id = NEW.sale_id AND s.state = 'pending')
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;

-- Numbers and evidence of final documents, one chain per epoch.
CREATE TABLE chain_record_next (
    epoch         INTEGER NOT NULL REFERENCES device_epoch (epoch),
    number        INTEGER NOT NULL CHECK (number >= 1),
    device_id     BLOB    NOT NULL CHECK (length(device_id) = 16),
    series        TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN
        ('sale', 'refund', 'void', 'shift_opening', 'cash_movement', 'account_payment', 'shift_closing')),
    document_id   BLOB    NOT NULL UNIQUE CHECK (length(document_id) = 16), -- of a sale or a till document
    issued_at_ms  INTEGER NOT NULL,
    document_hash BLOB    NOT NULL CHECK (length(document_hash) = 32),
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    signature     BLOB    NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (epoch, number)
) STRICT, WITHOUT ROWID;
INSERT INTO chain_record_next (
    epoch, number, device_id, series, kind, document_id, issued_at_ms, document_hash, previous_hash, hash,
    signature
)
SELECT
    epoch, number, device_id, series, kind, document_id, issued_at_ms, document_hash, previous_hash, hash,
    signature
FROM chain_record;
DROP TABLE chain_record;
ALTER TABLE chain_record_next RENAME TO chain_record;
CREATE TRIGGER chain_is_append_only_update BEFORE UPDATE ON chain_record
BEGIN SELECT raise(ABORT, 'the chain is append-only'); END;
CREATE TRIGGER chain_is_append_only_delete BEFORE DELETE ON chain_record
BEGIN SELECT raise(ABORT, 'the chain is append-only'); END;
CREATE TRIGGER chain_has_no_gaps BEFORE INSERT ON chain_record
WHEN NEW.number <> 1 + (SELECT coalesce(max(c.number), 0) FROM chain_record AS c WHERE c.epoch = NEW.epoch)
BEGIN SELECT raise(ABORT, 'numbers have no gaps'); END;

-- Openings, cash in and out, payments on account, closings. Each is final when it is written.
CREATE TABLE till_document (
    document_id    BLOB    PRIMARY KEY CHECK (length(document_id) = 16),
    kind           TEXT    NOT NULL CHECK (kind IN
        ('shift_opening', 'cash_movement', 'account_payment', 'shift_closing')),
    op_id          BLOB    NOT NULL UNIQUE REFERENCES sync_queue (op_id),
    document       TEXT    NOT NULL,                        -- byte for byte as queued, hashed and chained
    document_hash  BLOB    NOT NULL CHECK (length(document_hash) = 32),
    shift_id       BLOB    CHECK (length(shift_id) = 16),
    cashier_id     BLOB    NOT NULL CHECK (length(cashier_id) = 16),
    customer_id    BLOB    CHECK (length(customer_id) = 16), -- as in the document; account_entry follows mappings
    made_at_ms     INTEGER NOT NULL,
    cash_minor     INTEGER NOT NULL,                        -- added to the drawer
    series         TEXT    NOT NULL,
    number         INTEGER NOT NULL CHECK (number >= 1),
    printed_number TEXT    NOT NULL UNIQUE,
    CHECK (kind NOT IN ('shift_opening', 'shift_closing') OR shift_id IS NOT NULL)
) STRICT;
-- till::list, newest first
CREATE INDEX till_document_by_time ON till_document (made_at_ms, document_id);
-- till::open_shift: each shift is opened once and closed once
CREATE UNIQUE INDEX till_document_by_shift ON till_document (shift_id, kind)
    WHERE kind IN ('shift_opening', 'shift_closing');
CREATE TRIGGER till_document_is_never_deleted BEFORE DELETE ON till_document
BEGIN SELECT raise(ABORT, 'a document is never deleted'); END;
CREATE TRIGGER till_document_is_immutable BEFORE UPDATE ON till_document
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;

-- What documents did to customers' accounts, of this register and of all others; see pos_domain::account.
CREATE TABLE account_entry (
    document_id   BLOB    PRIMARY KEY CHECK (length(document_id) = 16),
    customer_id   BLOB    NOT NULL CHECK (length(customer_id) = 16),
    amount_minor  INTEGER NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('sale', 'refund', 'void', 'account_payment')),
    device_id     BLOB    NOT NULL CHECK (length(device_id) = 16),
    register      TEXT    NOT NULL,
    number        TEXT,
    at_ms         INTEGER NOT NULL,
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT;
-- accounts::balance, accounts::list_entries, mappings::apply; covers the sum
CREATE INDEX account_entry_by_customer ON account_entry (customer_id, at_ms, amount_minor) WHERE deleted = 0;

-- What happened to things that bear a number; see pos_domain::serial.
CREATE TABLE serial_event (
    event_id      BLOB    PRIMARY KEY CHECK (length(event_id) = 16),
    serial        TEXT    NOT NULL,
    product_id    BLOB    NOT NULL CHECK (length(product_id) = 16),
    change        TEXT    NOT NULL CHECK (change IN
        ('received', 'traded_in', 'sold', 'returned', 'sent_to_repair', 'repaired', 'lost')),
    document_id   BLOB    CHECK (length(document_id) = 16),
    number        TEXT,
    customer_id   BLOB    CHECK (length(customer_id) = 16),
    device_id     BLOB    NOT NULL CHECK (length(device_id) = 16),
    register      TEXT    NOT NULL,
    actor         TEXT    NOT NULL,
    note          TEXT,
    at_ms         INTEGER NOT NULL,
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT;
-- serials::list_events of a number
CREATE INDEX serial_event_by_serial ON serial_event (serial, at_ms, event_id) WHERE deleted = 0;
-- mappings::apply; serials::list_of a product
CREATE INDEX serial_event_by_product ON serial_event (product_id, serial) WHERE deleted = 0;

-- Carts that were put aside, on whichever register. The one on the counter stands in cart.
CREATE TABLE held_cart (
    cart_id       BLOB    PRIMARY KEY CHECK (length(cart_id) = 16),
    label         TEXT,
    cart          TEXT    NOT NULL CHECK (json_valid(cart)),
    device_id     BLOB    NOT NULL CHECK (length(device_id) = 16),
    register      TEXT    NOT NULL,
    cashier       TEXT    NOT NULL,
    held_at_ms    INTEGER NOT NULL,
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT;
-- held_carts::list
CREATE INDEX held_cart_by_time ON held_cart (held_at_ms, cart_id) WHERE deleted = 0;

ALTER TABLE product ADD COLUMN tracking TEXT NOT NULL DEFAULT 'none' CHECK (tracking IN ('none', 'serial', 'imei'));
ALTER TABLE product ADD COLUMN packs TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(packs));
ALTER TABLE customer ADD COLUMN credit_limit_minor INTEGER CHECK (credit_limit_minor >= 0);
