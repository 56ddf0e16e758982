INSERT INTO sale (
    sale_id, op_id, device_id, state, kind, currency, currency_digits, net_minor, tax_minor, total_minor, sold_at_ms,
    original_sale_id, customer_id, numbered_rows
) VALUES (
    :sale_id, :op_id, :device_id, :state, :kind, :currency, :currency_digits, :net, :tax, :total, :sold_at_ms,
    :original_sale_id, :customer_id, :numbered_rows
) ON CONFLICT (sale_id) DO NOTHING
RETURNING EXISTS (SELECT 1 FROM sale AS refund WHERE refund.original_sale_id = :sale_id) AS refunded
