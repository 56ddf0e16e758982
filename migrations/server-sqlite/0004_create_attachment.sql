-- Attachments: pictures of products, known by the digest of their bytes, in pieces as they came. They lie in the
-- database so that whatever copies, moves or guards the business does the same for them.

CREATE TABLE attachment (
    hash               BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- BLAKE3 of all bytes
    size_bytes         INTEGER NOT NULL CHECK (size_bytes > 0),
    held_bytes         INTEGER NOT NULL CHECK (held_bytes BETWEEN 0 AND size_bytes),
    media_type         TEXT    NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
    state              TEXT    NOT NULL CHECK (state IN ('arriving', 'stored')),
    touched_at_ms      INTEGER NOT NULL, -- last piece
    unnamed_since_ms   INTEGER,          -- since when no product names it, as the sweep found
    CHECK (state = 'arriving' OR held_bytes = size_bytes)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment_piece (
    hash         BLOB    NOT NULL REFERENCES attachment (hash),
    offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
    bytes        BLOB    NOT NULL CHECK (length(bytes) BETWEEN 1 AND 65536),
    UNIQUE (hash, offset_bytes) -- attachment::find_piece
) STRICT;
