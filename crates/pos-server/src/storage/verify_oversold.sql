-- oversold is the sum of the open shortages.
SELECT
    'product' AS what, coalesce(stock_level.product_id, short.product_id) AS id,
    CAST(coalesce(oversold_milli, 0) AS TEXT) || ' oversold, shortages give '
        || CAST(coalesce(short.missing, 0) AS TEXT) AS detail
FROM stock_level
FULL JOIN (SELECT product_id, sum(open_milli) AS missing FROM shortage GROUP BY product_id) AS short
    ON short.product_id = stock_level.product_id
WHERE coalesce(oversold_milli, 0) <> coalesce(short.missing, 0)
