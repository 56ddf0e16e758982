-- oversold is the sum of the open shortages.
SELECT printf(
    'product %s: %d oversold, shortages give %d',
    lower(hex(coalesce(stock_level.product_id, short.product_id))), coalesce(oversold_milli, 0), coalesce(short.sum, 0)
) AS detail
FROM stock_level
FULL JOIN (SELECT product_id, sum(open_milli) AS sum FROM shortage GROUP BY product_id) AS short
    ON short.product_id = stock_level.product_id
WHERE coalesce(oversold_milli, 0) <> coalesce(short.sum, 0)
