INSERT INTO sale (
    sale_id, op_id, device_id, state, kind, currency, currency_digits, net_minor, tax_minor, total_minor, sold_at_ms,
    original_sale_id
) VALUES (
    :sale_id, :op_id, :device_id, :state, :kind, :currency, :currency_digits, :net, :tax, :total, :sold_at_ms,
    :original_sale_id
) ON CONFLICT (sale_id) DO NOTHING
