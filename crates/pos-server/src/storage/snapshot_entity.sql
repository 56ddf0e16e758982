-- CROSS JOIN keeps the order of the tables: a page walks its own table by key and sorts nothing.
SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    entity_row.fields AS data, CAST(NULL AS BIGINT) AS on_hand_milli, CAST(NULL AS BIGINT) AS oversold_milli
FROM entity_row
CROSS JOIN feed
WHERE feed.entity = entity_row.entity AND feed.entity_id = entity_row.id
    AND entity_row.entity = :entity AND entity_row.id >= :from AND NOT entity_row.deleted
ORDER BY entity_row.id
LIMIT :limit
