-- What a server needs to notice that its database was put back from an older copy, to tell registers what its backups
-- hold, and to let go of old deletions.

-- The incarnation that the next change will be written in: another one after each start of a server and each new
-- connection that writes. NULL before the first.
ALTER TABLE business ADD COLUMN incarnation UUID;
-- Highest place in the feed of a deletion that is not kept any more: a cursor below it has missed something.
ALTER TABLE business ADD COLUMN forgotten_seq BIGINT NOT NULL DEFAULT 0 CHECK (forgotten_seq >= 0);

-- The incarnations that wrote the feed, for ever: from behind began_seq to where the next one began.
CREATE TABLE incarnation (
    tenant_key  BIGINT NOT NULL DEFAULT current_tenant(),
    began_seq   BIGINT NOT NULL CHECK (began_seq >= 0), -- last seq of the feed before its first change
    incarnation UUID   NOT NULL,
    began_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_key, began_seq),
    UNIQUE (tenant_key, incarnation)
);

CREATE TRIGGER incarnation_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incarnation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How far the operations of this life are in a backup that was read back.
ALTER TABLE device_life ADD COLUMN backed_up BIGINT NOT NULL DEFAULT 0 CHECK (backed_up >= 0);

-- How far a register has read the feed, and when it was last heard of; noted now and then, never too far ahead.
ALTER TABLE device ADD COLUMN read_seq BIGINT NOT NULL DEFAULT 0 CHECK (read_seq >= 0);
ALTER TABLE device ADD COLUMN heard_at_ms BIGINT;

-- Where the feed stood when, about once a day: tells how old a place in the feed is.
CREATE TABLE feed_clock (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    at_ms      BIGINT NOT NULL,
    seq        BIGINT NOT NULL CHECK (seq >= 0),
    PRIMARY KEY (tenant_key, at_ms)
);

-- Serve the upkeep: old deletions, and decided conflicts that were not touched for long.
CREATE INDEX feed_deleted ON feed (tenant_key, seq) WHERE deleted;
CREATE INDEX feed_conflict ON feed (tenant_key, seq) WHERE entity = 'conflict';

-- Backups that were read back.
CREATE TABLE backup (
    tenant_key BIGINT NOT NULL DEFAULT current_tenant(),
    backup_no  BIGINT GENERATED ALWAYS AS IDENTITY,
    made_at_ms BIGINT NOT NULL,
    name       TEXT   NOT NULL, -- of its file, or in words where it lies
    feed_seq   BIGINT NOT NULL CHECK (feed_seq >= 0),
    operations BIGINT NOT NULL CHECK (operations >= 0), -- how many have a verdict in it
    entries    BIGINT NOT NULL CHECK (entries >= 0),    -- audit_no of the last one in it
    PRIMARY KEY (tenant_key, backup_no)
);

DO $$
DECLARE
    named TEXT;
BEGIN
    FOREACH named IN ARRAY ARRAY['incarnation', 'feed_clock', 'backup'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
        EXECUTE format('CREATE POLICY own_business ON %I USING (tenant_key = current_tenant())', named);
    END LOOP;
END $$;
