-- Three more kinds of disagreement: a refund of more than was sold, an id that two rows answer to, and a register whose
-- file went on in two places. The last one is about an operation that was kept aside, so op_id refers to no table.

ALTER TABLE conflict DROP CONSTRAINT conflict_tenant_key_op_id_fkey;
ALTER TABLE conflict DROP CONSTRAINT conflict_kind_check;
ALTER TABLE conflict ADD CONSTRAINT conflict_kind_check CHECK (kind IN
    ('edit_edit', 'edit_delete', 'duplicate_identity', 'oversold', 'price_changed', 'refund_beyond_bounds',
     'mapping_contradiction', 'fork'));

-- What else an operation was sent with, so that it can be recorded after all. NULL of anything but operations of a fork.
ALTER TABLE quarantine ADD COLUMN kind TEXT;
ALTER TABLE quarantine ADD COLUMN kind_version BIGINT;
ALTER TABLE quarantine ADD COLUMN mode TEXT CHECK (mode IN ('admit', 'fact', 'withdraw'));
ALTER TABLE quarantine ADD COLUMN made_at_ms BIGINT;
-- Serves an operation that was kept aside and comes again in a newer life.
CREATE INDEX quarantine_by_operation ON quarantine (tenant_key, op_id) WHERE kind IS NOT NULL;

-- Goods that were booked under the id that was given up, in thousandths: they move when it is mapped to another row.
ALTER TABLE id_alias ADD COLUMN booked_milli BIGINT NOT NULL DEFAULT 0;
