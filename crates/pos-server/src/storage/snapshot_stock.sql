SELECT
    seq, 'stock' AS entity, product_id AS entity_id, rev, FALSE AS deleted, origin_device, origin_op,
    NULL AS data, on_hand_milli, oversold_milli
FROM stock_level
WHERE product_id >= :from
ORDER BY product_id
LIMIT :limit
