-- Every row stands in the feed with its revision, and nothing stands above the counter.
SELECT entity AS what, id, 'not in the feed as it stands' AS detail FROM (
    SELECT entity, id, rev, deleted FROM entity_row
    UNION ALL SELECT 'stock', product_id, rev, FALSE FROM stock_level
    UNION ALL SELECT 'conflict', conflict_id, rev, FALSE FROM conflict
) AS standing
WHERE NOT EXISTS (
    SELECT 1 FROM feed WHERE feed.entity = standing.entity AND feed.entity_id = standing.id
        AND feed.rev = standing.rev AND feed.deleted = standing.deleted
)
UNION ALL
SELECT entity, entity_id, 'above the counter'
FROM feed WHERE seq > (SELECT feed_seq FROM business)
UNION ALL
SELECT entity, entity_id, 'stands in the feed and nowhere else' FROM feed
WHERE NOT EXISTS (SELECT 1 FROM entity_row WHERE entity_row.entity = feed.entity AND entity_row.id = feed.entity_id)
    AND NOT EXISTS (SELECT 1 FROM stock_level WHERE feed.entity = 'stock' AND stock_level.product_id = feed.entity_id)
    AND NOT EXISTS (SELECT 1 FROM conflict WHERE feed.entity = 'conflict' AND conflict.conflict_id = feed.entity_id)
