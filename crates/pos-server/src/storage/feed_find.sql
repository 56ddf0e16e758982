SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    coalesce(entity_row.fields, conflict.document) AS data,
    stock_level.on_hand_milli, stock_level.oversold_milli
FROM feed
LEFT JOIN entity_row ON entity_row.entity = feed.entity AND entity_row.id = feed.entity_id
LEFT JOIN stock_level ON feed.entity = 'stock' AND stock_level.product_id = feed.entity_id
LEFT JOIN conflict ON feed.entity = 'conflict' AND conflict.conflict_id = feed.entity_id
WHERE feed.entity = :entity AND feed.entity_id = :id
