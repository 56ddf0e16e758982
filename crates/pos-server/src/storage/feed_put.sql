INSERT INTO feed (seq, entity, entity_id, rev, deleted, origin_device, origin_op, seal)
VALUES (:seq, :entity, :entity_id, :rev, :deleted, :origin_device, :origin_op, :seal)
ON CONFLICT (entity, entity_id) DO UPDATE SET
    seq = excluded.seq, rev = excluded.rev, deleted = excluded.deleted, origin_device = excluded.origin_device,
    origin_op = excluded.origin_op, seal = excluded.seal
