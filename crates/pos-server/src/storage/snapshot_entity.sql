-- CROSS JOIN keeps the order of the tables: a page walks its own table by key and sorts nothing.
SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    entity_row.fields AS data, NULL AS on_hand_milli, NULL AS oversold_milli
FROM entity_row
CROSS JOIN feed ON feed.entity = entity_row.entity AND feed.entity_id = entity_row.id
WHERE entity_row.entity = :entity AND entity_row.id > :after AND entity_row.deleted = 0
ORDER BY entity_row.id
LIMIT :limit
