SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    coalesce(entity_row.fields, conflict.document) AS data,
    CAST(NULL AS BIGINT) AS on_hand_milli, CAST(NULL AS BIGINT) AS oversold_milli
FROM feed
LEFT JOIN entity_row ON entity_row.entity = feed.entity AND entity_row.id = feed.entity_id
LEFT JOIN conflict ON feed.entity = 'conflict' AND conflict.conflict_id = feed.entity_id
WHERE feed.entity = :entity AND feed.entity_id = :id
