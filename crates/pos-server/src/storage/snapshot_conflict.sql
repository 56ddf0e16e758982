-- CROSS JOIN keeps the order of the tables: a page walks its own table by key and sorts nothing.
SELECT
    feed.seq, feed.entity, feed.entity_id, feed.rev, feed.deleted, feed.origin_device, feed.origin_op,
    conflict.document AS data, CAST(NULL AS BIGINT) AS on_hand_milli, CAST(NULL AS BIGINT) AS oversold_milli
FROM conflict
CROSS JOIN feed
WHERE feed.entity = :entity AND feed.entity_id = conflict.conflict_id
    AND conflict.conflict_id >= :from AND NOT feed.deleted
ORDER BY conflict.conflict_id
LIMIT :limit
