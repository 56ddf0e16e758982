-- The counts that first syncs show are those of the rows.
SELECT
    entity AS what, NULL AS id,
    CAST(sum(counted) AS TEXT) || ' rows in entity_total, ' || CAST(sum(standing) AS TEXT) || ' in ' ||
        CASE entity WHEN 'stock' THEN 'stock_level' WHEN 'conflict' THEN 'feed' ELSE 'entity_row' END AS detail
FROM (
    SELECT entity, live_rows AS counted, 0 AS standing FROM entity_total
    UNION ALL SELECT entity, 0, CASE WHEN deleted THEN 0 ELSE 1 END FROM entity_row
    UNION ALL SELECT 'stock', 0, 1 FROM stock_level
    UNION ALL SELECT 'conflict', 0, 1 FROM feed WHERE feed.entity = 'conflict' AND NOT feed.deleted
) AS numbers
GROUP BY entity HAVING sum(counted) <> sum(standing)
