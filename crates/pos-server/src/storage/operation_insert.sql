INSERT INTO operation (
    op_id, device_id, epoch, seq, kind, kind_version, mode, made_at_ms, body, body_hash, verdict, feed_seq,
    received_at_ms, seal
) VALUES (
    :op_id, :device_id, :epoch, :seq, :kind, :kind_version, :mode, :made_at_ms, :body, :body_hash, :verdict, :feed_seq,
    :received_at_ms, :seal
)
