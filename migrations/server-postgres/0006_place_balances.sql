-- Balances move with every sale. Their place in the feed stands with them from now on, so that a move touches one table
-- instead of two, and a first sync reads them without looking anywhere else. In `feed` stand the other kinds of rows.

ALTER TABLE stock_level ADD COLUMN seq BIGINT; -- its place in the feed
ALTER TABLE stock_level ADD COLUMN origin_device UUID;
ALTER TABLE stock_level ADD COLUMN origin_op UUID;
ALTER TABLE stock_level ADD COLUMN seal BYTEA CHECK (length(seal) = 8);

-- For a moment the owner of the tables sees the rows of every business.
ALTER TABLE stock_level NO FORCE ROW LEVEL SECURITY;
ALTER TABLE feed NO FORCE ROW LEVEL SECURITY;
UPDATE stock_level SET seq = feed.seq, origin_device = feed.origin_device, origin_op = feed.origin_op
FROM feed
WHERE feed.tenant_key = stock_level.tenant_key AND feed.entity = 'stock' AND feed.entity_id = stock_level.product_id;
DELETE FROM feed WHERE entity = 'stock';
ALTER TABLE stock_level FORCE ROW LEVEL SECURITY;
ALTER TABLE feed FORCE ROW LEVEL SECURITY;

ALTER TABLE stock_level ALTER COLUMN seq SET NOT NULL;
ALTER TABLE stock_level ADD CONSTRAINT stock_level_by_seq UNIQUE (tenant_key, seq); -- serves the pages of the feed
