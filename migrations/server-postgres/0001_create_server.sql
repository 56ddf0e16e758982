-- The server's tables on PostgreSQL, in one database for several businesses. Columns and rules are those of
-- server-sqlite, with native types. Every table has the key of its business in front of its own key, fills it in by
-- itself, and shows nobody the rows of another one: statements need not name it. Ids are UUIDs, hashes 32 bytes, times
-- milliseconds since 1970 UTC by the server's clock, quantities thousandths, amounts minor units.

-- The businesses. The one table that all of them see: it holds no more than what tells them apart. Its row is what a
-- writing transaction locks before anything else.
CREATE TABLE tenant (
    tenant_key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE CHECK (name <> '') -- as founded; --business chooses by it
);

-- The business of the running transaction, as SET LOCAL said; NULL, which is no business, when it said nothing.
CREATE FUNCTION current_tenant() RETURNS BIGINT LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('comptoir.tenant', true), '')::BIGINT;

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE business (
    tenant_key   BIGINT NOT NULL DEFAULT current_tenant() PRIMARY KEY REFERENCES tenant (tenant_key),
    authority    UUID   NOT NULL, -- this server's own id
    server_epoch BIGINT NOT NULL CHECK (server_epoch >= 1), -- rises when the database is restored
    tenant_id    UUID   NOT NULL, -- of the business; another one when a register brings its own
    outlet_id    UUID   NOT NULL,
    feed_seq     BIGINT NOT NULL CHECK (feed_seq >= 0), -- last seq given; moved under the lock of the tenant's row only
    series_given BIGINT NOT NULL CHECK (series_given >= 0) -- R1, R2, ... given so far
) WITH (fillfactor = 50); -- changed all the time: room for the next version beside it

-- Tells the other servers of this business that the feed moved.
CREATE FUNCTION tell_feed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('comptoir_feed', NEW.tenant_key || ' ' || NEW.feed_seq);
    RETURN NULL;
END $$;
CREATE TRIGGER business_tells_its_feed AFTER UPDATE OF feed_seq ON business
FOR EACH ROW EXECUTE FUNCTION tell_feed();

CREATE TABLE device (
    tenant_key    BIGINT NOT NULL DEFAULT current_tenant(),
    device_id     UUID   NOT NULL,
    name          TEXT   NOT NULL,
    public_key    BYTEA  NOT NULL CHECK (length(public_key) = 32),
    token_hash    BYTEA  NOT NULL CHECK (length(token_hash) = 32), -- BLAKE3; the token itself is never kept
    series        TEXT   NOT NULL,
    joined_at_ms  BIGINT NOT NULL,
    revoked_at_ms BIGINT,
    PRIMARY KEY (tenant_key, device_id),
    UNIQUE (tenant_key, token_hash),
    UNIQUE (tenant_key, series)
) WITH (fillfactor = 70);

-- One life of a register's file: how far its operations and its chain of documents were seen.
CREATE TABLE device_life (
    tenant_key   BIGINT NOT NULL DEFAULT current_tenant(),
    device_id    UUID   NOT NULL,
    epoch        BIGINT NOT NULL CHECK (epoch >= 1),
    watermark    BIGINT NOT NULL CHECK (watermark >= 0),    -- every seq up to here has a stored verdict
    chain_number BIGINT NOT NULL CHECK (chain_number >= 0), -- last countersigned document; 0 before the first
    chain_hash   BYTEA  NOT NULL CHECK (length(chain_hash) = 32),
    PRIMARY KEY (tenant_key, device_id, epoch),
    FOREIGN KEY (tenant_key, device_id) REFERENCES device (tenant_key, device_id)
) WITH (fillfactor = 70);

-- Seqs above the watermark that have a stored verdict too.
CREATE TABLE device_seen (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    device_id  UUID   NOT NULL,
    epoch      BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, device_id, epoch, seq),
    FOREIGN KEY (tenant_key, device_id, epoch) REFERENCES device_life (tenant_key, device_id, epoch)
);

CREATE TABLE pairing_code (
    tenant_key    BIGINT NOT NULL DEFAULT current_tenant(),
    code_hash     BYTEA  NOT NULL CHECK (length(code_hash) = 32),
    made_at_ms    BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    failed_tries  BIGINT NOT NULL CHECK (failed_tries >= 0), -- wrong codes typed while this one was open
    used_at_ms    BIGINT,
    PRIMARY KEY (tenant_key, code_hash)
);

-- Rows that registers share: settings, categories, products, customers, cashiers.
CREATE TABLE entity_row (
    tenant_key BIGINT  NOT NULL DEFAULT current_tenant(),
    entity     TEXT    NOT NULL CHECK (entity IN ('setting', 'category', 'product', 'customer', 'cashier')),
    id         UUID    NOT NULL,
    rev        BIGINT  NOT NULL CHECK (rev >= 1),
    deleted    BOOLEAN NOT NULL,
    fields     TEXT    NOT NULL, -- JSON object; kept when deleted, so that the row can be brought back
    stamps     TEXT    NOT NULL, -- JSON object: field -> who changed it last, at which rev, by which clock
    PRIMARY KEY (tenant_key, entity, id)
);

-- What makes a row the same thing as another one; only of rows that are not deleted.
CREATE TABLE identity_key (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    entity     TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('code', 'barcode', 'phone')),
    value      TEXT   NOT NULL,
    id         UUID   NOT NULL,
    PRIMARY KEY (tenant_key, entity, kind, value),
    FOREIGN KEY (tenant_key, entity, id) REFERENCES entity_row (tenant_key, entity, id)
);

-- Everything that registers sent and that has a verdict, for ever, byte for byte.
CREATE TABLE operation (
    tenant_key     BIGINT NOT NULL DEFAULT current_tenant(),
    op_no          BIGINT GENERATED ALWAYS AS IDENTITY, -- order in which the server took them
    op_id          UUID   NOT NULL,
    device_id      UUID   NOT NULL,
    epoch          BIGINT NOT NULL,
    seq            BIGINT NOT NULL CHECK (seq >= 1),
    kind           TEXT   NOT NULL,
    kind_version   BIGINT NOT NULL,
    mode           TEXT   NOT NULL CHECK (mode IN ('admit', 'fact', 'withdraw')),
    made_at_ms     BIGINT NOT NULL, -- by the register's clock
    body           TEXT   NOT NULL,
    body_hash      BYTEA  NOT NULL CHECK (length(body_hash) = 32),
    verdict        TEXT   NOT NULL, -- JSON, without rows
    feed_seq       BIGINT,          -- lowest feed seq of its effects; NULL when it has none
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, op_id),
    UNIQUE (tenant_key, device_id, epoch, seq), -- finds forks
    FOREIGN KEY (tenant_key, device_id) REFERENCES device (tenant_key, device_id)
);

-- Serves the `own` list of a pull.
CREATE INDEX operation_by_effect ON operation (tenant_key, device_id, feed_seq) WHERE feed_seq IS NOT NULL;

CREATE TRIGGER operation_keeps_what_was_sent
BEFORE UPDATE OF op_no, op_id, device_id, epoch, seq, kind, kind_version, made_at_ms, body, body_hash ON operation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER operation_is_never_deleted BEFORE DELETE OR TRUNCATE ON operation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Ids that registers made for things the server knows under another id; for ever.
CREATE TABLE id_alias (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    entity     TEXT   NOT NULL,
    local_id   UUID   NOT NULL,
    server_id  UUID   NOT NULL,
    op_id      UUID   NOT NULL,
    PRIMARY KEY (tenant_key, entity, local_id),
    FOREIGN KEY (tenant_key, op_id) REFERENCES operation (tenant_key, op_id) DEFERRABLE INITIALLY DEFERRED
);

-- The compact feed: one place per row, moved to a new seq with each change.
CREATE TABLE feed (
    tenant_key    BIGINT  NOT NULL DEFAULT current_tenant(),
    seq           BIGINT  NOT NULL,
    entity        TEXT    NOT NULL,
    entity_id     UUID    NOT NULL,
    rev           BIGINT  NOT NULL CHECK (rev >= 1),
    deleted       BOOLEAN NOT NULL,
    origin_device UUID,
    origin_op     UUID,
    PRIMARY KEY (tenant_key, seq),
    UNIQUE (tenant_key, entity, entity_id) -- serves pages of a snapshot, and moves a row
);

-- Rows of each kind that are not deleted, for an honest progress bar without counting.
CREATE TABLE entity_total (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    entity     TEXT   NOT NULL,
    live_rows  BIGINT NOT NULL CHECK (live_rows >= 0),
    PRIMARY KEY (tenant_key, entity)
) WITH (fillfactor = 70);

-- The balance of each counted product. on_hand is the sum of its movements, oversold the sum of its open shortages.
CREATE TABLE stock_level (
    tenant_key     BIGINT NOT NULL DEFAULT current_tenant(),
    product_id     UUID   NOT NULL,
    on_hand_milli  BIGINT NOT NULL CHECK (on_hand_milli >= 0),
    oversold_milli BIGINT NOT NULL CHECK (oversold_milli >= 0),
    rev            BIGINT NOT NULL CHECK (rev >= 1),
    PRIMARY KEY (tenant_key, product_id)
) WITH (fillfactor = 70);

-- The ledger.
CREATE TABLE stock_movement (
    tenant_key  BIGINT NOT NULL DEFAULT current_tenant(),
    op_id       UUID   NOT NULL,
    ordinal     BIGINT NOT NULL CHECK (ordinal >= 0),
    product_id  UUID   NOT NULL,
    reason      TEXT   NOT NULL CHECK (reason IN
        ('opening', 'sale', 'refund', 'reversal', 'correction', 'loss', 'receipt', 'transfer')),
    delta_milli BIGINT NOT NULL CHECK (delta_milli <> 0),
    line_id     UUID, -- the sale's line, or the line whose shortage it settles
    at_ms       BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, op_id, ordinal),
    FOREIGN KEY (tenant_key, op_id) REFERENCES operation (tenant_key, op_id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TRIGGER stock_movement_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_movement
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Sale documents by id; the text is the operation's body. A rejected one is kept as evidence for the chain.
CREATE TABLE sale (
    tenant_key       BIGINT NOT NULL DEFAULT current_tenant(),
    sale_id          UUID   NOT NULL,
    op_id            UUID   NOT NULL,
    device_id        UUID   NOT NULL,
    state            TEXT   NOT NULL CHECK (state IN ('applied', 'rejected', 'withdrawn')),
    kind             TEXT   NOT NULL CHECK (kind IN ('sale', 'refund')),
    currency         TEXT   NOT NULL,
    currency_digits  BIGINT NOT NULL,
    net_minor        BIGINT NOT NULL,
    tax_minor        BIGINT NOT NULL,
    total_minor      BIGINT NOT NULL,
    sold_at_ms       BIGINT NOT NULL, -- by the register's clock
    original_sale_id UUID,
    PRIMARY KEY (tenant_key, sale_id),
    FOREIGN KEY (tenant_key, op_id) REFERENCES operation (tenant_key, op_id) DEFERRABLE INITIALLY DEFERRED
);

-- Serves the check of documents, and finding a document by its operation.
CREATE INDEX sale_by_operation ON sale (tenant_key, op_id);

-- Serves the bounds of a refund: what was already given back of a sale.
CREATE INDEX sale_refunds ON sale (tenant_key, original_sale_id) WHERE original_sale_id IS NOT NULL;

-- Countersigned links of the registers' chains.
CREATE TABLE chain_record (
    tenant_key    BIGINT NOT NULL DEFAULT current_tenant(),
    device_id     UUID   NOT NULL,
    epoch         BIGINT NOT NULL,
    number        BIGINT NOT NULL CHECK (number >= 1),
    series        TEXT   NOT NULL,
    kind          TEXT   NOT NULL CHECK (kind IN ('sale', 'refund')),
    document_id   UUID   NOT NULL,
    issued_at_ms  BIGINT NOT NULL,
    document_hash BYTEA  NOT NULL CHECK (length(document_hash) = 32),
    previous_hash BYTEA  NOT NULL CHECK (length(previous_hash) = 32),
    hash          BYTEA  NOT NULL CHECK (length(hash) = 32),
    signature     BYTEA  NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (tenant_key, device_id, epoch, number),
    FOREIGN KEY (tenant_key, document_id) REFERENCES sale (tenant_key, sale_id),
    FOREIGN KEY (tenant_key, device_id, epoch) REFERENCES device_life (tenant_key, device_id, epoch)
);

CREATE TRIGGER chain_record_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chain_record
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Disagreements as registers see them; the story is repeated in conflict_event, which nobody can change.
CREATE TABLE conflict (
    tenant_key  BIGINT NOT NULL DEFAULT current_tenant(),
    conflict_id UUID   NOT NULL,
    op_id       UUID   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN
        ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed')),
    status      TEXT   NOT NULL CHECK (status IN ('open', 'resolved')),
    rev         BIGINT NOT NULL CHECK (rev >= 1),
    document    TEXT   NOT NULL, -- JSON, as in the feed
    resolution  TEXT, -- JSON: what the standing resolution changed, so that it can be taken back
    PRIMARY KEY (tenant_key, conflict_id),
    FOREIGN KEY (tenant_key, op_id) REFERENCES operation (tenant_key, op_id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE conflict_event (
    tenant_key  BIGINT NOT NULL DEFAULT current_tenant(),
    conflict_id UUID   NOT NULL,
    ordinal     BIGINT NOT NULL CHECK (ordinal >= 0),
    at_ms       BIGINT NOT NULL,
    event       TEXT   NOT NULL, -- JSON
    PRIMARY KEY (tenant_key, conflict_id, ordinal),
    FOREIGN KEY (tenant_key, conflict_id) REFERENCES conflict (tenant_key, conflict_id)
);

CREATE TRIGGER conflict_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conflict_event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Goods that were sold and not there, line by line.
CREATE TABLE shortage (
    tenant_key    BIGINT NOT NULL DEFAULT current_tenant(),
    shortage_no   BIGINT GENERATED ALWAYS AS IDENTITY, -- oldest first when goods come in
    conflict_id   UUID   NOT NULL,
    line_id       UUID   NOT NULL,
    product_id    UUID   NOT NULL,
    sale_id       UUID,
    missing_milli BIGINT NOT NULL CHECK (missing_milli > 0),
    open_milli    BIGINT NOT NULL CHECK (open_milli BETWEEN 0 AND missing_milli),
    PRIMARY KEY (tenant_key, shortage_no),
    UNIQUE (tenant_key, conflict_id, line_id),
    FOREIGN KEY (tenant_key, conflict_id) REFERENCES conflict (tenant_key, conflict_id) DEFERRABLE INITIALLY DEFERRED
);

-- Serves incoming goods: the open shortages of a product.
CREATE INDEX shortage_open ON shortage (tenant_key, product_id, shortage_no) WHERE open_milli > 0;

-- What was refused as an alarm: forks, other bodies under a known id, lives that ended, revoked registers. Kept for
-- people; nothing of it was applied.
CREATE TABLE quarantine (
    tenant_key    BIGINT NOT NULL DEFAULT current_tenant(),
    quarantine_no BIGINT GENERATED ALWAYS AS IDENTITY,
    reason        TEXT   NOT NULL CHECK (reason IN
        ('body_mismatch', 'fork', 'stale_epoch', 'revoked', 'chain_fault')),
    device_id     UUID   NOT NULL,
    epoch         BIGINT NOT NULL,
    seq           BIGINT NOT NULL, -- of the operation, or the number of the chain link
    op_id         UUID   NOT NULL, -- or the id of the document
    content       TEXT   NOT NULL,
    content_hash  BYTEA  NOT NULL CHECK (length(content_hash) = 32),
    at_ms         BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, quarantine_no),
    UNIQUE (tenant_key, reason, device_id, epoch, seq, op_id, content_hash) -- a thousand times the same is one alarm
);

-- What people may want to ask about later and what has no table of its own.
CREATE TABLE audit (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    audit_no   BIGINT GENERATED ALWAYS AS IDENTITY,
    at_ms      BIGINT NOT NULL,
    what       TEXT   NOT NULL,
    device_id  UUID,
    op_id      UUID,
    detail     TEXT   NOT NULL, -- JSON
    PRIMARY KEY (tenant_key, audit_no)
);

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Row-level security for every table of a business, forced: it holds for the owner of the tables too, which is the role
-- that a server works with. A table that a later migration adds gets the same two statements and its policy there.
DO $$
DECLARE
    named TEXT;
BEGIN
    FOR named IN
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND column_name = 'tenant_key' AND table_name <> 'tenant'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
        EXECUTE format('CREATE POLICY own_business ON %I USING (tenant_key = current_tenant())', named);
    END LOOP;
END $$;
