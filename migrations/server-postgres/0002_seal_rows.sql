-- A seal tells whether another tool changed a row of which nothing else says what it was. Rows from before have none.

ALTER TABLE operation ADD COLUMN seal BYTEA CHECK (length(seal) = 8);
ALTER TABLE stock_movement ADD COLUMN seal BYTEA CHECK (length(seal) = 8);
ALTER TABLE feed ADD COLUMN seal BYTEA CHECK (length(seal) = 8);
