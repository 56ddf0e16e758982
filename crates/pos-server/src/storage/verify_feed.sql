-- Every row stands in the feed with its revision, and nothing stands above the counter.
SELECT printf('%s %s: not in the feed as it stands', entity, lower(hex(id))) AS detail FROM (
    SELECT entity, id, rev, deleted FROM entity_row
    UNION ALL SELECT 'stock', product_id, rev, 0 FROM stock_level
    UNION ALL SELECT 'conflict', conflict_id, rev, 0 FROM conflict
) AS standing
WHERE NOT EXISTS (
    SELECT 1 FROM feed WHERE feed.entity = standing.entity AND feed.entity_id = standing.id
        AND feed.rev = standing.rev AND feed.deleted = standing.deleted
)
UNION ALL
SELECT printf('%s %s: above the counter', entity, lower(hex(entity_id)))
FROM feed WHERE seq > (SELECT feed_seq FROM business)
