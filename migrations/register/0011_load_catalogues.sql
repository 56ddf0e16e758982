-- A first sync writes a hundred thousand rows.

-- stock::count_balances counts the balances now, once for many rows: a trigger took as long for each as the row itself.
-- A count that only this program keeps also tells when another one adds or deletes a row.
DROP TRIGGER stock_level_is_counted_insert;
DROP TRIGGER stock_level_is_counted_delete;

-- Words are gathered in memory, up to so many bytes, before they are written into the index: a page of products in one
-- piece instead of several that are merged later.
INSERT INTO product_fts (product_fts, rank) VALUES ('hashsize', 8388608);
INSERT INTO customer_fts (customer_fts, rank) VALUES ('hashsize', 8388608);
