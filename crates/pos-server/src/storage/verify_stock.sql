-- on_hand is the sum of the movements.
SELECT
    'product' AS what, coalesce(stock_level.product_id, moved.product_id) AS id,
    CAST(coalesce(on_hand_milli, 0) AS TEXT) || ' on hand, movements give '
        || CAST(coalesce(moved.total, 0) AS TEXT) AS detail
FROM stock_level
FULL JOIN (SELECT product_id, sum(delta_milli) AS total FROM stock_movement GROUP BY product_id) AS moved
    ON moved.product_id = stock_level.product_id
WHERE coalesce(on_hand_milli, 0) <> coalesce(moved.total, 0)
