-- Codes and barcodes belong to rows that live.
SELECT printf('%s %s %s belongs to a deleted row', identity_key.entity, kind, value) AS detail
FROM identity_key JOIN entity_row USING (entity, id) WHERE entity_row.deleted = 1
