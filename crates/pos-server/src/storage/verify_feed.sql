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
