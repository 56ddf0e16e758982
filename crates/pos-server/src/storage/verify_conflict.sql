-- A conflict's document tells the story that nobody can change.
SELECT printf('conflict %s: its document tells another story', lower(hex(conflict_id))) AS detail
FROM conflict
WHERE json_array_length(document, '$.events')
    <> (SELECT count(*) FROM conflict_event WHERE conflict_event.conflict_id = conflict.conflict_id)
