-- Rows that every register of the business shares.
--
-- Each has the same five columns for its life between here and the server:
--   rev            the server's revision in this row; 0 while the server has not acknowledged it
--   seq            place in the server's feed of that revision
--   deleted        a tombstone
--   server_fields  the server's version (JSON object) while edits wait on top of it; NULL when the row is that
--                  version, or when the server has none
--   extra          fields that a newer server sent and this program does not know (JSON object)

CREATE TABLE setting (
    setting_id    BLOB    PRIMARY KEY CHECK (length(setting_id) = 16), -- settings::setting_id(key)
    key           TEXT    NOT NULL,
    value         TEXT    NOT NULL CHECK (json_valid(value)),
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT, WITHOUT ROWID;

CREATE TABLE category (
    category_id   BLOB    PRIMARY KEY CHECK (length(category_id) = 16),
    name          TEXT    NOT NULL,
    name_folded   TEXT    NOT NULL,            -- small letters without accents, for search
    colour        TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT, WITHOUT ROWID;

CREATE TABLE product (
    product_no     INTEGER PRIMARY KEY,        -- row number of product_fts; never leaves this file
    product_id     BLOB    NOT NULL UNIQUE CHECK (length(product_id) = 16),
    code           TEXT    NOT NULL,
    barcodes       TEXT    NOT NULL CHECK (json_valid(barcodes)), -- as entered, in order; product_barcode finds them
    name           TEXT    NOT NULL,
    name_folded    TEXT    NOT NULL,           -- small letters without accents, for order
    category_id    BLOB    CHECK (length(category_id) = 16),
    unit           TEXT    NOT NULL,
    price_minor    INTEGER NOT NULL CHECK (price_minor >= 0),
    cost_minor     INTEGER CHECK (cost_minor >= 0),
    tax_rate_ppm   INTEGER NOT NULL CHECK (tax_rate_ppm >= 0),
    track_stock    INTEGER NOT NULL CHECK (track_stock IN (0, 1)),
    offline_policy TEXT    NOT NULL CHECK (offline_policy IN ('block', 'warn', 'allow')),
    favourite      INTEGER NOT NULL CHECK (favourite IN (0, 1)),
    picture        TEXT,
    archived       INTEGER NOT NULL CHECK (archived IN (0, 1)),
    rev            INTEGER NOT NULL CHECK (rev >= 0),
    seq            INTEGER NOT NULL CHECK (seq >= 0),
    deleted        INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields  TEXT    CHECK (json_valid(server_fields)),
    extra          TEXT    CHECK (json_valid(extra))
) STRICT;
-- products::find_by_code. Not unique: two registers may give one code while they do not see each other.
CREATE INDEX product_by_code ON product (code) WHERE deleted = 0;
-- products::list
CREATE INDEX product_by_name ON product (name_folded, product_no) WHERE deleted = 0;
-- products::list of one category, products::search by the name of a category
CREATE INDEX product_by_category ON product (category_id, name_folded, product_no) WHERE deleted = 0;
-- products::list_favourites
CREATE INDEX product_favourite ON product (name_folded, product_no) WHERE favourite = 1 AND deleted = 0;

-- Barcodes of products that exist, in canonical spelling.
CREATE TABLE product_barcode (
    barcode    TEXT    NOT NULL,
    product_no INTEGER NOT NULL REFERENCES product (product_no),
    PRIMARY KEY (barcode, product_no)          -- products::find_by_code
) STRICT, WITHOUT ROWID;
-- products::write: the old barcodes of a product that changes
CREATE INDEX product_barcode_by_product ON product_barcode (product_no);

-- Words of products that exist. Contentless: the words stand in product already.
CREATE VIRTUAL TABLE product_fts USING fts5 (
    name, code, barcodes,
    content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TABLE customer (
    customer_no   INTEGER PRIMARY KEY,         -- row number of customer_fts; never leaves this file
    customer_id   BLOB    NOT NULL UNIQUE CHECK (length(customer_id) = 16),
    code          TEXT,
    name          TEXT    NOT NULL,
    name_folded   TEXT    NOT NULL,
    phone         TEXT,
    note          TEXT,
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT;
-- customers::list
CREATE INDEX customer_by_name ON customer (name_folded, customer_no) WHERE deleted = 0;
-- customers::find_by_code
CREATE INDEX customer_by_code ON customer (code) WHERE code IS NOT NULL AND deleted = 0;

CREATE VIRTUAL TABLE customer_fts USING fts5 (
    name, code, phone,
    content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TABLE cashier (
    cashier_id    BLOB    PRIMARY KEY CHECK (length(cashier_id) = 16),
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('cashier', 'manager', 'owner')),
    rev           INTEGER NOT NULL CHECK (rev >= 0),
    seq           INTEGER NOT NULL CHECK (seq >= 0),
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    server_fields TEXT    CHECK (json_valid(server_fields)),
    extra         TEXT    CHECK (json_valid(extra))
) STRICT, WITHOUT ROWID;

-- Rows of kinds or shapes that this program does not know yet: kept for the program that will.
CREATE TABLE parked_row (
    entity  TEXT    NOT NULL,
    id      BLOB    NOT NULL CHECK (length(id) = 16),
    rev     INTEGER NOT NULL CHECK (rev >= 0),
    seq     INTEGER NOT NULL CHECK (seq >= 0),
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    data    TEXT,
    reason  TEXT    NOT NULL,                  -- what could not be read
    PRIMARY KEY (entity, id)
) STRICT, WITHOUT ROWID;

-- Disagreements, as the server describes them.
CREATE TABLE conflict (
    conflict_id  BLOB    PRIMARY KEY CHECK (length(conflict_id) = 16),
    kind         TEXT    NOT NULL CHECK (kind IN ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed')),
    status       TEXT    NOT NULL CHECK (status IN ('open', 'resolved')),
    entity       TEXT    NOT NULL,
    entity_id    BLOB    NOT NULL CHECK (length(entity_id) = 16),
    opened_at_ms INTEGER NOT NULL,             -- the server's clock
    data         TEXT    NOT NULL CHECK (json_valid(data)), -- the whole conflict
    rev          INTEGER NOT NULL CHECK (rev >= 0),
    seq          INTEGER NOT NULL CHECK (seq >= 0)
) STRICT;
-- conflicts::list, conflicts::count_open
CREATE INDEX conflict_by_status ON conflict (status, opened_at_ms DESC, conflict_id);

-- What happened to each conflict, in the server's order.
CREATE TABLE conflict_event (
    conflict_id BLOB    NOT NULL REFERENCES conflict (conflict_id),
    position    INTEGER NOT NULL CHECK (position >= 0),
    at_ms       INTEGER NOT NULL,              -- the server's clock
    what        TEXT    NOT NULL CHECK (what IN ('opened', 'resolved', 'reopened')),
    data        TEXT    NOT NULL CHECK (json_valid(data)),
    PRIMARY KEY (conflict_id, position)
) STRICT, WITHOUT ROWID;
-- health: decided within a day
CREATE INDEX conflict_event_resolved ON conflict_event (at_ms) WHERE what = 'resolved';
CREATE TRIGGER conflict_event_is_append_only_update BEFORE UPDATE ON conflict_event
BEGIN SELECT raise(ABORT, 'events of a conflict are append-only'); END;
CREATE TRIGGER conflict_event_is_append_only_delete BEFORE DELETE ON conflict_event
BEGIN SELECT raise(ABORT, 'events of a conflict are append-only'); END;
