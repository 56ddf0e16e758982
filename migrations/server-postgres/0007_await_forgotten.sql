-- What a server that was put back from an older copy has forgotten may still come from the register that has it. Whatever
-- refers to it waits meanwhile.

-- The life of the database that a register has read: when it did, it had sent again what an earlier life had forgotten.
ALTER TABLE device ADD COLUMN met_epoch BIGINT NOT NULL DEFAULT 0 CHECK (met_epoch >= 0);

-- For a moment the owner of the tables sees the rows of every business.
ALTER TABLE device NO FORCE ROW LEVEL SECURITY;
ALTER TABLE business NO FORCE ROW LEVEL SECURITY;
UPDATE device SET met_epoch = business.server_epoch FROM business WHERE business.tenant_key = device.tenant_key;
ALTER TABLE device FORCE ROW LEVEL SECURITY;
ALTER TABLE business FORCE ROW LEVEL SECURITY;

-- Operations that wait, and since when; those that have a verdict by now are taken out now and then.
CREATE TABLE awaited (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    op_id      UUID   NOT NULL,
    device_id  UUID   NOT NULL,
    since_ms   BIGINT NOT NULL, -- when it came first
    PRIMARY KEY (tenant_key, op_id)
);
ALTER TABLE awaited ENABLE ROW LEVEL SECURITY;
ALTER TABLE awaited FORCE ROW LEVEL SECURITY;
CREATE POLICY own_business ON awaited USING (tenant_key = current_tenant());
