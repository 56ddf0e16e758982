-- on_hand is the sum of the movements.
SELECT printf(
    'product %s: %d on hand, movements give %d',
    lower(hex(coalesce(stock_level.product_id, moved.product_id))), coalesce(on_hand_milli, 0), coalesce(moved.sum, 0)
) AS detail
FROM stock_level
FULL JOIN (SELECT product_id, sum(delta_milli) AS sum FROM stock_movement GROUP BY product_id) AS moved
    ON moved.product_id = stock_level.product_id
WHERE coalesce(on_hand_milli, 0) <> coalesce(moved.sum, 0)
