-- Stock, sales and the chain of final documents.

-- The server's balance as of seq. Local movements that it does not contain yet stand in stock_pending.
CREATE TABLE stock_level (
    product_id     BLOB    PRIMARY KEY CHECK (length(product_id) = 16),
    on_hand_milli  INTEGER NOT NULL,
    oversold_milli INTEGER NOT NULL CHECK (oversold_milli >= 0),
    rev            INTEGER NOT NULL CHECK (rev >= 0),
    seq            INTEGER NOT NULL CHECK (seq >= 0)
) STRICT, WITHOUT ROWID;

-- One row per cause, never changed.
CREATE TABLE stock_movement (
    movement_id BLOB    PRIMARY KEY CHECK (length(movement_id) = 16),
    product_id  BLOB    NOT NULL CHECK (length(product_id) = 16),
    delta_milli INTEGER NOT NULL,                           -- negative when goods leave
    reason      TEXT    NOT NULL CHECK (reason IN ('opening', 'sale', 'refund', 'reversal', 'correction', 'loss', 'receipt', 'transfer')),
    op_id       BLOB    NOT NULL REFERENCES sync_queue (op_id),
    sale_id     BLOB    REFERENCES sale (sale_id),
    line_id     BLOB    CHECK (length(line_id) = 16),
    at_ms       INTEGER NOT NULL,
    CHECK ((sale_id IS NULL) = (line_id IS NULL))
) STRICT;
-- stock::contain when the feed position of an operation becomes known; verify
CREATE INDEX movement_by_op ON stock_movement (op_id);
-- stock::list_movements of a product; mappings::apply
CREATE INDEX movement_by_product ON stock_movement (product_id, at_ms);
CREATE TRIGGER movement_is_append_only_delete BEFORE DELETE ON stock_movement
BEGIN SELECT raise(ABORT, 'the stock ledger is append-only'); END;
CREATE TRIGGER movement_is_append_only_update
BEFORE UPDATE OF movement_id, delta_milli, reason, op_id, sale_id, line_id, at_ms ON stock_movement
BEGIN SELECT raise(ABORT, 'the stock ledger is append-only'); END;
CREATE TRIGGER movement_follows_only_mappings BEFORE UPDATE OF product_id ON stock_movement
WHEN NOT EXISTS (SELECT 1 FROM id_mapping AS m WHERE m.entity = 'product' AND m.state = 'applied'
                 AND m.local_id = OLD.product_id AND m.server_id = NEW.product_id)
BEGIN SELECT raise(ABORT, 'the stock ledger is append-only'); END;

-- Own movements that the server's balance here does not contain yet.
CREATE TABLE stock_pending (
    product_id  BLOB    NOT NULL CHECK (length(product_id) = 16),
    movement_id BLOB    NOT NULL REFERENCES stock_movement (movement_id),
    op_id       BLOB    NOT NULL,
    delta_milli INTEGER NOT NULL,
    PRIMARY KEY (product_id, movement_id)                   -- stock::shown
) STRICT, WITHOUT ROWID;
-- stock::contain
CREATE INDEX stock_pending_by_op ON stock_pending (op_id);

-- Sales and refunds, from the moment the cashier confirms. Before that they are carts.
CREATE TABLE sale (
    sale_id           BLOB    PRIMARY KEY CHECK (length(sale_id) = 16),
    kind              TEXT    NOT NULL CHECK (kind IN ('sale', 'refund')),
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
-- sales::find_by_number
CREATE UNIQUE INDEX sale_by_number ON sale (printed_number) WHERE printed_number IS NOT NULL;
-- sales::list, newest first
CREATE INDEX sale_by_time ON sale (sold_at_ms, sale_id);
-- sales::list_unfinished
CREATE INDEX sale_unfinished ON sale (sold_at_ms) WHERE state = 'pending';
-- sales::refunded
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

-- The document's lines, tenders and taxes once more as rows, for reports. `verify` compares them with the text.
CREATE TABLE sale_line (
    sale_id               BLOB    NOT NULL REFERENCES sale (sale_id),
    position              INTEGER NOT NULL CHECK (position >= 0),
    line_id               BLOB    NOT NULL CHECK (length(line_id) = 16),
    product_id            BLOB    NOT NULL CHECK (length(product_id) = 16),
    code                  TEXT    NOT NULL,
    name                  TEXT    NOT NULL,
    unit                  TEXT    NOT NULL,
    qty_milli             INTEGER NOT NULL CHECK (qty_milli <> 0),
    unit_price_minor      INTEGER NOT NULL,
    catalogue_price_minor INTEGER NOT NULL,
    tax_rate_ppm          INTEGER NOT NULL CHECK (tax_rate_ppm >= 0),
    track_stock           INTEGER NOT NULL CHECK (track_stock IN (0, 1)),
    list_minor            INTEGER NOT NULL,
    line_discount_minor   INTEGER NOT NULL,
    cart_discount_minor   INTEGER NOT NULL,
    net_minor             INTEGER NOT NULL,
    tax_minor             INTEGER NOT NULL,
    gross_minor           INTEGER NOT NULL,
    PRIMARY KEY (sale_id, position),
    CHECK (net_minor + tax_minor = gross_minor)
) STRICT, WITHOUT ROWID;
-- mappings::apply; sales of a product
CREATE INDEX sale_line_by_product ON sale_line (product_id);
CREATE TRIGGER sale_line_is_never_deleted BEFORE DELETE ON sale_line
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_line_is_immutable
BEFORE UPDATE OF sale_id, position, line_id, code, name, unit, qty_milli, unit_price_minor, catalogue_price_minor,
    tax_rate_ppm, track_stock, list_minor, line_discount_minor, cart_discount_minor, net_minor, tax_minor, gross_minor
ON sale_line
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_line_follows_only_mappings BEFORE UPDATE OF product_id ON sale_line
WHEN NOT EXISTS (SELECT 1 FROM id_mapping AS m WHERE m.entity = 'product' AND m.state = 'applied'
                 AND m.local_id = OLD.product_id AND m.server_id = NEW.product_id)
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_line_comes_with_its_sale BEFORE INSERT ON sale_line
WHEN NOT EXISTS (SELECT 1 FROM sale AS s WHERE s.sale_id = NEW.sale_id AND s.state = 'pending')
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;

CREATE TABLE sale_tender (
    sale_id      BLOB    NOT NULL REFERENCES sale (sale_id),
    position     INTEGER NOT NULL CHECK (position >= 0),
    kind         TEXT    NOT NULL CHECK (kind IN ('cash', 'mobile', 'card')),
    amount_minor INTEGER NOT NULL,
    reference    TEXT,
    PRIMARY KEY (sale_id, position)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER sale_tender_is_never_deleted BEFORE DELETE ON sale_tender
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tender_is_immutable BEFORE UPDATE ON sale_tender
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tender_comes_with_its_sale BEFORE INSERT ON sale_tender
WHEN NOT EXISTS (SELECT 1 FROM sale AS s WHERE s.sale_id = NEW.sale_id AND s.state = 'pending')
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;

CREATE TABLE sale_tax (
    sale_id     BLOB    NOT NULL REFERENCES sale (sale_id),
    rate_ppm    INTEGER NOT NULL CHECK (rate_ppm >= 0),
    net_minor   INTEGER NOT NULL,
    tax_minor   INTEGER NOT NULL,
    gross_minor INTEGER NOT NULL,
    PRIMARY KEY (sale_id, rate_ppm),
    CHECK (net_minor + tax_minor = gross_minor)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER sale_tax_is_never_deleted BEFORE DELETE ON sale_tax
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tax_is_immutable BEFORE UPDATE ON sale_tax
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
CREATE TRIGGER sale_tax_comes_with_its_sale BEFORE INSERT ON sale_tax
WHEN NOT EXISTS (SELECT 1 FROM sale AS s WHERE s.sale_id = NEW.sale_id AND s.state = 'pending')
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;

-- Why and when a sale was rolled back.
CREATE TABLE sale_rollback (
    sale_id BLOB    PRIMARY KEY REFERENCES sale (sale_id),
    at_ms   INTEGER NOT NULL,
    code    TEXT    NOT NULL,                               -- such as insufficient_stock
    params  TEXT    NOT NULL CHECK (json_valid(params))     -- such as the lines that lacked stock
) STRICT, WITHOUT ROWID;
CREATE TRIGGER sale_rollback_is_append_only_update BEFORE UPDATE ON sale_rollback
BEGIN SELECT raise(ABORT, 'a rolled-back sale is never changed'); END;
CREATE TRIGGER sale_rollback_is_append_only_delete BEFORE DELETE ON sale_rollback
BEGIN SELECT raise(ABORT, 'a rolled-back sale is never changed'); END;

-- Each paper or file that was made of a receipt: all but the first are duplicates.
CREATE TABLE receipt_print (
    print_no INTEGER PRIMARY KEY AUTOINCREMENT,
    sale_id  BLOB    NOT NULL REFERENCES sale (sale_id),
    at_ms    INTEGER NOT NULL,
    target   TEXT    NOT NULL                               -- printer, pdf, escpos ...
) STRICT;
-- sales::print_count
CREATE INDEX receipt_print_by_sale ON receipt_print (sale_id);
CREATE TRIGGER receipt_print_is_append_only_update BEFORE UPDATE ON receipt_print
BEGIN SELECT raise(ABORT, 'prints of a receipt are append-only'); END;
CREATE TRIGGER receipt_print_is_append_only_delete BEFORE DELETE ON receipt_print
BEGIN SELECT raise(ABORT, 'prints of a receipt are append-only'); END;

-- Numbers and evidence of final documents, one chain per epoch.
CREATE TABLE chain_record (
    epoch         INTEGER NOT NULL REFERENCES device_epoch (epoch),
    number        INTEGER NOT NULL CHECK (number >= 1),
    device_id     BLOB    NOT NULL CHECK (length(device_id) = 16),
    series        TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('sale', 'refund')),
    document_id   BLOB    NOT NULL UNIQUE REFERENCES sale (sale_id),
    issued_at_ms  INTEGER NOT NULL,
    document_hash BLOB    NOT NULL CHECK (length(document_hash) = 32),
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    signature     BLOB    NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (epoch, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER chain_is_append_only_update BEFORE UPDATE ON chain_record
BEGIN SELECT raise(ABORT, 'the chain is append-only'); END;
CREATE TRIGGER chain_is_append_only_delete BEFORE DELETE ON chain_record
BEGIN SELECT raise(ABORT, 'the chain is append-only'); END;
CREATE TRIGGER chain_has_no_gaps BEFORE INSERT ON chain_record
WHEN NEW.number <> 1 + (SELECT coalesce(max(c.number), 0) FROM chain_record AS c WHERE c.epoch = NEW.epoch)
BEGIN SELECT raise(ABORT, 'numbers have no gaps'); END;
