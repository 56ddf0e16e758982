-- Two ordered lists, merged: the rows of the feed, and the balances, whose place stands with them.
SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    coalesce(entity_row.fields, conflict.document) AS data,
    CAST(NULL AS BIGINT) AS on_hand_milli, CAST(NULL AS BIGINT) AS oversold_milli
FROM feed
LEFT JOIN entity_row ON entity_row.entity = feed.entity AND entity_row.id = feed.entity_id
LEFT JOIN conflict ON feed.entity = 'conflict' AND conflict.conflict_id = feed.entity_id
WHERE feed.seq > :after
UNION ALL
SELECT
    seq, 'stock', product_id, rev, FALSE, origin_device, origin_op,
    NULL, on_hand_milli, oversold_milli
FROM stock_level
WHERE seq > :after
ORDER BY seq
LIMIT :limit
