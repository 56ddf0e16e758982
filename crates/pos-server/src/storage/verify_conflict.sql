-- A conflict's document, and how long the story is that nobody can change.
SELECT
    conflict_id, document,
    (SELECT count(*) FROM conflict_event WHERE conflict_event.conflict_id = conflict.conflict_id) AS events,
    (SELECT count(*) FROM shortage WHERE shortage.conflict_id = conflict.conflict_id) AS shortages
FROM conflict
