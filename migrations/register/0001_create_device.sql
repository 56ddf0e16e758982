-- Who this register is, what it remembers for itself, and what people did on it.

CREATE TABLE device (
    id                   INTEGER PRIMARY KEY CHECK (id = 1),      -- one register per file
    device_id            BLOB    NOT NULL CHECK (length(device_id) = 16),
    tenant_id            BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    outlet_id            BLOB    NOT NULL CHECK (length(outlet_id) = 16),
    name                 TEXT    NOT NULL CHECK (length(name) > 0), -- as printed
    epoch                INTEGER NOT NULL CHECK (epoch >= 1),     -- life of this file
    next_seq             INTEGER NOT NULL CHECK (next_seq >= 1),  -- seq of the next operation of this epoch
    head_number          INTEGER NOT NULL CHECK (head_number >= 0), -- last number given in this epoch's series
    head_hash            BLOB    NOT NULL CHECK (length(head_hash) = 32),
    countersigned_number INTEGER NOT NULL CHECK (countersigned_number >= 0), -- how far the server holds the chain
    countersigned_hash   BLOB    NOT NULL CHECK (length(countersigned_hash) = 32),
    hlc_wall_ms          INTEGER NOT NULL,                        -- last reading of the hybrid logical clock
    hlc_counter          INTEGER NOT NULL CHECK (hlc_counter >= 0),
    cashier_id           BLOB             CHECK (length(cashier_id) = 16), -- who stands at the register
    server_url           TEXT,                                    -- NULL while no server was joined
    server_pins          TEXT    NOT NULL CHECK (json_valid(server_pins)), -- SPKI SHA-256 pins, base64url
    authority            BLOB             CHECK (length(authority) = 16),  -- the server's own id
    server_epoch         INTEGER NOT NULL CHECK (server_epoch >= 0), -- life of the server's database; 0 unknown
    created_at_ms        INTEGER NOT NULL
) STRICT;

-- Each life of this file numbers in a series of its own and signs with a key of its own.
CREATE TABLE device_epoch (
    epoch       INTEGER PRIMARY KEY CHECK (epoch >= 1),
    series      TEXT    NOT NULL UNIQUE CHECK (length(series) > 0),
    public_key  BLOB    NOT NULL CHECK (length(public_key) = 32), -- Ed25519
    began_at_ms INTEGER NOT NULL
) STRICT;

-- Settings of this register alone: language, theme, printer. Never synced.
CREATE TABLE device_setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- A press of a button that did something: pressing twice does the thing once.
CREATE TABLE request (
    request_id BLOB    PRIMARY KEY CHECK (length(request_id) = 16),
    command    TEXT    NOT NULL,
    subject_id BLOB    NOT NULL CHECK (length(subject_id) = 16), -- what it made, such as the sale
    at_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    audit_no INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,
    actor    TEXT    NOT NULL,                 -- as shown: a cashier's name, or the program
    action   TEXT    NOT NULL,                 -- stable code such as sale.rolled_back
    subject  BLOB    CHECK (length(subject) = 16),
    detail   TEXT    NOT NULL CHECK (json_valid(detail))
) STRICT;
-- audit::list_of: the story of one thing
CREATE INDEX audit_by_subject ON audit (subject, audit_no) WHERE subject IS NOT NULL;
CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;

-- Open and held carts, so that a power cut brings them back.
CREATE TABLE cart (
    cart_id       BLOB    PRIMARY KEY CHECK (length(cart_id) = 16),
    place         TEXT    NOT NULL CHECK (place IN ('open', 'held')),
    label         TEXT,                                             -- name given when held
    cart          TEXT    NOT NULL CHECK (json_valid(cart)),
    undo          TEXT    NOT NULL CHECK (json_valid(undo)),        -- earlier states, latest last
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- carts::find_open: there is at most one on the counter
CREATE UNIQUE INDEX cart_open ON cart (place) WHERE place = 'open';

-- An import or replay of a file, by the hash of its bytes, so that it can be resumed.
CREATE TABLE import_job (
    file_hash   BLOB    PRIMARY KEY CHECK (length(file_hash) = 32),
    kind        TEXT    NOT NULL CHECK (kind IN ('products', 'replay')),
    file_name   TEXT    NOT NULL,
    total       INTEGER NOT NULL CHECK (total >= 0),                -- records in the file
    done        INTEGER NOT NULL CHECK (done BETWEEN 0 AND total),
    began_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER
) STRICT;

-- What became of each past document; written in the transaction that rings it up.
CREATE TABLE replay_progress (
    file_hash       BLOB NOT NULL REFERENCES import_job (file_hash),
    external_number TEXT NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('sale', 'return', 'adjustment', 'refused')),
    code            TEXT CHECK ((code IS NOT NULL) = (outcome = 'refused')), -- why it was refused
    sale_id         BLOB CHECK (length(sale_id) = 16),
    total_minor     INTEGER NOT NULL,
    PRIMARY KEY (file_hash, external_number)
) STRICT, WITHOUT ROWID;
