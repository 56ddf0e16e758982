-- Codes and barcodes belong to rows that live.
SELECT
    identity_key.entity AS what, identity_key.id,
    identity_key.kind || ' ' || identity_key.value || ' belongs to it, and it is deleted' AS detail
FROM identity_key
JOIN entity_row ON entity_row.entity = identity_key.entity AND entity_row.id = identity_key.id
WHERE entity_row.deleted
