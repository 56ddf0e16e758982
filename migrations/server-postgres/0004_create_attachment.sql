-- Attachments: pictures of products, known by the digest of their bytes, in pieces as they came. They lie in the
-- database so that every server has them, and whatever copies, moves or guards the business does the same for them.

CREATE TABLE attachment (
    tenant_key       BIGINT NOT NULL DEFAULT current_tenant(),
    hash             BYTEA  NOT NULL CHECK (length(hash) = 32), -- BLAKE3 of all bytes
    size_bytes       BIGINT NOT NULL CHECK (size_bytes > 0),
    held_bytes       BIGINT NOT NULL CHECK (held_bytes BETWEEN 0 AND size_bytes),
    media_type       TEXT   NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
    state            TEXT   NOT NULL CHECK (state IN ('arriving', 'stored')),
    touched_at_ms    BIGINT NOT NULL, -- last piece
    unnamed_since_ms BIGINT,          -- since when no product names it, as the sweep found
    PRIMARY KEY (tenant_key, hash),
    CHECK (state = 'arriving' OR held_bytes = size_bytes)
);

CREATE TABLE attachment_piece (
    tenant_key   BIGINT NOT NULL DEFAULT current_tenant(),
    hash         BYTEA  NOT NULL,
    offset_bytes BIGINT NOT NULL CHECK (offset_bytes >= 0),
    bytes        BYTEA  NOT NULL CHECK (length(bytes) BETWEEN 1 AND 65536),
    PRIMARY KEY (tenant_key, hash, offset_bytes), -- serves attachment::find_piece
    FOREIGN KEY (tenant_key, hash) REFERENCES attachment (tenant_key, hash)
);
-- A picture is compressed already.
ALTER TABLE attachment_piece ALTER COLUMN bytes SET STORAGE EXTERNAL;

DO $$
DECLARE
    named TEXT;
BEGIN
    FOREACH named IN ARRAY ARRAY['attachment', 'attachment_piece']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
        EXECUTE format('CREATE POLICY own_business ON %I USING (tenant_key = current_tenant())', named);
    END LOOP;
END $$;
