-- A balance of the server is nowhere else in this file: a seal over its fields and the number of the rows tell whether
-- another tool changed one.

ALTER TABLE stock_level ADD COLUMN seal BLOB CHECK (length(seal) = 8); -- NULL until the next start, for rows from before
-- stock::seal_all at each start
CREATE INDEX stock_level_unsealed ON stock_level (product_id) WHERE seal IS NULL;

CREATE TABLE row_count (
    table_name TEXT    PRIMARY KEY,
    rows       INTEGER NOT NULL CHECK (rows >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO row_count (table_name, rows) SELECT 'stock_level', count(*) FROM stock_level;
CREATE TRIGGER stock_level_is_counted_insert AFTER INSERT ON stock_level
BEGIN UPDATE row_count SET rows = rows + 1 WHERE table_name = 'stock_level'; END;
CREATE TRIGGER stock_level_is_counted_delete AFTER DELETE ON stock_level
BEGIN UPDATE row_count SET rows = rows - 1 WHERE table_name = 'stock_level'; END;
