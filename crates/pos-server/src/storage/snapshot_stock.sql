-- CROSS JOIN keeps the order of the tables: a page walks its own table by key and sorts nothing.
SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    NULL AS data, stock_level.on_hand_milli, stock_level.oversold_milli
FROM stock_level
CROSS JOIN feed
WHERE feed.entity = :entity AND feed.entity_id = stock_level.product_id
    AND stock_level.product_id >= :from
ORDER BY stock_level.product_id
LIMIT :limit
