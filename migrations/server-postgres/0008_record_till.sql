-- Documents of the drawer and of customers' accounts beside sales, in the same chain; what customers owe; the life of
-- serial numbers; held carts; voids. Two more kinds of disagreement: a number that is in two places at once, and what was
-- done without the right or a yes of somebody who has it.
--
-- These tables refer to operations without a foreign key, as on SQLite. The check of the database looks instead.

ALTER TABLE sale DROP CONSTRAINT sale_kind_check;
ALTER TABLE sale ADD CONSTRAINT sale_kind_check CHECK (kind IN ('sale', 'refund', 'void'));
ALTER TABLE sale ADD COLUMN customer_id UUID; -- as the document names it
ALTER TABLE sale ADD COLUMN numbered_rows BIGINT NOT NULL DEFAULT 0 CHECK (numbered_rows >= 0); -- bear its number once known
ALTER TABLE sale ALTER COLUMN numbered_rows DROP DEFAULT;

-- For a moment the owner of the tables sees the rows of every business.
ALTER TABLE sale NO FORCE ROW LEVEL SECURITY;
ALTER TABLE operation NO FORCE ROW LEVEL SECURITY;
UPDATE sale SET customer_id = (operation.body::JSONB -> 'customer' ->> 'customer_id')::UUID
FROM operation WHERE operation.tenant_key = sale.tenant_key AND operation.op_id = sale.op_id;
ALTER TABLE sale FORCE ROW LEVEL SECURITY;
ALTER TABLE operation FORCE ROW LEVEL SECURITY;
-- Serves the deletion of a customer, whose history stays.
CREATE INDEX sale_by_customer ON sale (tenant_key, customer_id) WHERE customer_id IS NOT NULL;

ALTER TABLE chain_record DROP CONSTRAINT chain_record_tenant_key_document_id_fkey;
ALTER TABLE chain_record DROP CONSTRAINT chain_record_kind_check;
ALTER TABLE chain_record ADD CONSTRAINT chain_record_kind_check CHECK (kind IN
    ('sale', 'refund', 'void', 'shift_opening', 'cash_movement', 'account_payment', 'shift_closing'));
ALTER TABLE entity_row DROP CONSTRAINT entity_row_entity_check;
ALTER TABLE entity_row ADD CONSTRAINT entity_row_entity_check CHECK (entity IN
    ('setting', 'category', 'product', 'customer', 'cashier', 'held_cart', 'account_entry', 'serial_event'));
ALTER TABLE conflict DROP CONSTRAINT conflict_kind_check;
ALTER TABLE conflict ADD CONSTRAINT conflict_kind_check CHECK (kind IN
    ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed', 'refund_beyond_bounds',
     'mapping_contradiction', 'fork', 'serial_twice', 'not_approved'));

-- Openings, cash in and out, payments on account, closings, by id; the text is the operation's body. A rejected one is
-- kept as evidence for the chain.
CREATE TABLE till_document (
    tenant_key  BIGINT NOT NULL DEFAULT current_tenant(),
    document_id UUID   NOT NULL,
    op_id       UUID   NOT NULL,
    device_id   UUID   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('applied', 'rejected')),
    kind        TEXT   NOT NULL CHECK (kind IN
        ('shift_opening', 'cash_movement', 'account_payment', 'shift_closing')),
    shift_id    UUID,
    customer_id UUID, -- as the document names it
    currency    TEXT   NOT NULL,
    currency_digits BIGINT NOT NULL,
    cash_minor  BIGINT NOT NULL, -- added to the drawer
    z_number    BIGINT CHECK (z_number >= 0), -- of a closing
    made_at_ms  BIGINT NOT NULL, -- by the register's clock
    PRIMARY KEY (tenant_key, document_id),
    CHECK ((kind = 'shift_closing') = (z_number IS NOT NULL))
);
-- Serves the check of documents.
CREATE INDEX till_document_by_operation ON till_document (tenant_key, op_id);
-- Serves a closing: the one before it.
CREATE INDEX till_document_by_z ON till_document (tenant_key, device_id, z_number) WHERE z_number IS NOT NULL;
CREATE TRIGGER till_document_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON till_document
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What documents did to customers' accounts: a balance is the sum of a customer's postings. What is taken back, or moves
-- to another customer, is posted the other way round.
CREATE TABLE account_posting (
    tenant_key   BIGINT NOT NULL DEFAULT current_tenant(),
    op_id        UUID   NOT NULL,
    ordinal      BIGINT NOT NULL CHECK (ordinal >= 0),
    document_id  UUID   NOT NULL,
    customer_id  UUID   NOT NULL,
    amount_minor BIGINT NOT NULL,
    at_ms        BIGINT NOT NULL,
    seal         BYTEA  NOT NULL CHECK (length(seal) = 8),
    PRIMARY KEY (tenant_key, op_id, ordinal)
);
-- Serves a balance, and covers its sum.
CREATE INDEX account_posting_by_customer ON account_posting (tenant_key, customer_id, amount_minor);
-- Serves the check of documents.
CREATE INDEX account_posting_by_document ON account_posting (tenant_key, document_id);
CREATE TRIGGER account_posting_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON account_posting
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What happened to numbers, in the order in which the server heard of it. An event that is undone, or whose number is
-- corrected, is stated again: its last step counts.
CREATE TABLE serial_step (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    step_no    BIGINT GENERATED ALWAYS AS IDENTITY,
    op_id      UUID   NOT NULL,
    event_id   UUID   NOT NULL,
    serial     TEXT   NOT NULL, -- in canonical spelling
    change     TEXT   NOT NULL CHECK (change IN
        ('received', 'traded_in', 'sold', 'returned', 'sent_to_repair', 'repaired', 'lost', 'undone')),
    at_ms      BIGINT NOT NULL,
    seal       BYTEA  NOT NULL CHECK (length(seal) = 8),
    PRIMARY KEY (tenant_key, step_no)
);
-- Serves the last event of a number.
CREATE INDEX serial_step_by_serial ON serial_step (tenant_key, serial, step_no);
-- Serves what became of an event.
CREATE INDEX serial_step_by_event ON serial_step (tenant_key, event_id, step_no);
-- Serves the check of sales.
CREATE INDEX serial_step_by_operation ON serial_step (tenant_key, op_id);
CREATE TRIGGER serial_step_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON serial_step
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which operation a person's yes was for: it counts once.
CREATE TABLE approval (
    tenant_key  BIGINT NOT NULL DEFAULT current_tenant(),
    approval_id UUID   NOT NULL,
    op_id       UUID   NOT NULL,
    PRIMARY KEY (tenant_key, approval_id)
);
CREATE TRIGGER approval_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE
    named TEXT;
BEGIN
    FOREACH named IN ARRAY ARRAY['till_document', 'account_posting', 'serial_step', 'approval'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
        EXECUTE format('CREATE POLICY own_business ON %I USING (tenant_key = current_tenant())', named);
    END LOOP;
END $$;
