-- The counts that first syncs show are those of the rows.
SELECT printf('%s: %d rows counted, %d there', entity, sum(counted), sum(standing)) AS detail FROM (
    SELECT entity, live_rows AS counted, 0 AS standing FROM entity_total
    UNION ALL SELECT entity, 0, 1 - deleted FROM entity_row
    UNION ALL SELECT 'stock', 0, 1 FROM stock_level
    UNION ALL SELECT 'conflict', 0, 1 FROM conflict
) GROUP BY entity HAVING sum(counted) <> sum(standing)
