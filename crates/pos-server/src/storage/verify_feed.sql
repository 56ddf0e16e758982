-- Every row stands in the feed with its revision, and nothing stands above the counter. Balances carry their place.
-- Deletions leave after a time, and so do decided conflicts, as deletions.
SELECT entity AS what, id, 'not in the feed as it stands' AS detail FROM (
    SELECT entity, id, rev, deleted, deleted AS may_leave FROM entity_row
    UNION ALL SELECT 'conflict', conflict_id, rev, FALSE, status = 'resolved' FROM conflict
) AS standing
WHERE NOT EXISTS (
    SELECT 1 FROM feed WHERE feed.entity = standing.entity AND feed.entity_id = standing.id
        AND feed.rev = standing.rev
        AND (feed.deleted = standing.deleted OR (standing.entity = 'conflict' AND standing.may_leave))
)
AND NOT (
    standing.may_leave AND (SELECT forgotten_seq FROM business) > 0 AND NOT EXISTS (
        SELECT 1 FROM feed WHERE feed.entity = standing.entity AND feed.entity_id = standing.id
    )
)
UNION ALL
SELECT entity, entity_id, 'above the counter'
FROM feed WHERE seq > (SELECT feed_seq FROM business)
UNION ALL
SELECT 'stock', product_id, 'above the counter'
FROM stock_level WHERE seq > (SELECT feed_seq FROM business)
UNION ALL
SELECT entity, entity_id, 'stands in the feed and nowhere else' FROM feed
WHERE NOT EXISTS (SELECT 1 FROM entity_row WHERE entity_row.entity = feed.entity AND entity_row.id = feed.entity_id)
    AND NOT EXISTS (SELECT 1 FROM conflict WHERE feed.entity = 'conflict' AND conflict.conflict_id = feed.entity_id)
