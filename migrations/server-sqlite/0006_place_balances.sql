-- Balances move with every sale. Their place in the feed stands with them from now on, so that a move touches one table
-- instead of two, and a first sync reads them without looking anywhere else. In `feed` stand the other kinds of rows.

CREATE TABLE stock_level_next (
    product_id     BLOB    NOT NULL PRIMARY KEY CHECK (length(product_id) = 16),
    on_hand_milli  INTEGER NOT NULL CHECK (on_hand_milli >= 0),
    oversold_milli INTEGER NOT NULL CHECK (oversold_milli >= 0),
    rev            INTEGER NOT NULL CHECK (rev >= 1),
    seq            INTEGER NOT NULL, -- its place in the feed
    origin_device  BLOB,
    origin_op      BLOB,
    seal           BLOB CHECK (length(seal) = 8)
) STRICT, WITHOUT ROWID;
INSERT INTO stock_level_next (product_id, on_hand_milli, oversold_milli, rev, seq, origin_device, origin_op)
SELECT product_id, on_hand_milli, oversold_milli, stock_level.rev, seq, origin_device, origin_op
FROM stock_level JOIN feed ON feed.entity = 'stock' AND feed.entity_id = stock_level.product_id;
DROP TABLE stock_level;
ALTER TABLE stock_level_next RENAME TO stock_level;
DELETE FROM feed WHERE entity = 'stock';

-- Serves the pages of the feed.
CREATE UNIQUE INDEX stock_level_by_seq ON stock_level (seq);
