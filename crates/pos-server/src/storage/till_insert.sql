INSERT INTO till_document (
    document_id, op_id, device_id, state, kind, shift_id, customer_id, currency, currency_digits, cash_minor,
    z_number, made_at_ms
) VALUES (
    :document_id, :op_id, :device_id, :state, :kind, :shift_id, :customer_id, :currency, :currency_digits, :cash,
    :z_number, :made_at_ms
) ON CONFLICT (document_id) DO NOTHING
