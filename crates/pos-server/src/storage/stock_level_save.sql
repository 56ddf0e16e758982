INSERT INTO stock_level (product_id, on_hand_milli, oversold_milli, rev, seq, origin_device, origin_op, seal)
VALUES (:product_id, :on_hand_milli, :oversold_milli, :rev, :seq, :origin_device, :origin_op, :seal)
ON CONFLICT (product_id) DO UPDATE SET
    on_hand_milli = excluded.on_hand_milli, oversold_milli = excluded.oversold_milli, rev = excluded.rev,
    seq = excluded.seq, origin_device = excluded.origin_device, origin_op = excluded.origin_op, seal = excluded.seal
