-- What a server that was put back from an older copy has forgotten may still come from the register that has it. Whatever
-- refers to it waits meanwhile.

-- The life of the database that a register has read: when it did, it had sent again what an earlier life had forgotten.
ALTER TABLE device ADD COLUMN met_epoch INTEGER NOT NULL DEFAULT 0 CHECK (met_epoch >= 0);
UPDATE device SET met_epoch = (SELECT server_epoch FROM business);

-- Operations that wait, and since when; those that have a verdict by now are taken out now and then.
CREATE TABLE awaited (
    op_id     BLOB    NOT NULL PRIMARY KEY CHECK (length(op_id) = 16),
    device_id BLOB    NOT NULL CHECK (length(device_id) = 16),
    since_ms  INTEGER NOT NULL -- when it came first
) STRICT, WITHOUT ROWID;
