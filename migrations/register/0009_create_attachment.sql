-- Attachments: pictures of products, known by the digest of their bytes. The bytes lie in the folder `attachments`
-- beside this file; here stands what is still to travel. Their queue is their own: no operation waits for one.

CREATE TABLE attachment (
    hash           BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- BLAKE3 of the bytes
    state          TEXT    NOT NULL CHECK (state IN ('local', 'uploading', 'stored', 'wanted', 'fetching', 'broken')),
    direction      TEXT    NOT NULL CHECK (direction IN ('up', 'down')), -- of the transfer; of the last one when stored
    size_bytes     INTEGER CHECK (size_bytes > 0),              -- NULL while nobody has said
    offset_bytes   INTEGER NOT NULL CHECK (offset_bytes >= 0),  -- how far the transfer has come
    urgent         INTEGER NOT NULL CHECK (urgent IN (0, 1)),   -- added here, or of a favourite
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),      -- in a row that brought nothing
    next_due_at_ms INTEGER,                                     -- NULL when nothing is to be done
    error          TEXT,                                        -- code of what went wrong last
    changed_at_ms  INTEGER NOT NULL,                            -- 0 until it first moved
    CHECK (state NOT IN ('stored', 'broken') OR next_due_at_ms IS NULL),
    CHECK (state NOT IN ('local', 'uploading') OR (direction = 'up' AND size_bytes IS NOT NULL)),
    CHECK (state NOT IN ('wanted', 'fetching') OR direction = 'down')
) STRICT, WITHOUT ROWID;
-- attachments::find_due, attachments::next_due_ms
CREATE INDEX attachment_due ON attachment (urgent, next_due_at_ms) WHERE next_due_at_ms IS NOT NULL;
-- attachments::counts, attachments::list_open
CREATE INDEX attachment_open ON attachment (state, direction, next_due_at_ms) WHERE state <> 'stored';

-- attachments::is_named, attachments::forget_unnamed
CREATE INDEX product_by_picture ON product (picture) WHERE picture IS NOT NULL;
