-- An id that was given up for this one counts as this one.
SELECT
    EXISTS (SELECT 1 FROM account_posting WHERE customer_id = :customer_id)
    OR EXISTS (SELECT 1 FROM sale WHERE customer_id = :customer_id)
    OR EXISTS (SELECT 1 FROM till_document WHERE customer_id = :customer_id)
    OR EXISTS (
        SELECT 1 FROM id_alias JOIN sale ON sale.customer_id = id_alias.local_id
        WHERE id_alias.entity = 'customer' AND id_alias.server_id = :customer_id
    )
    OR EXISTS (
        SELECT 1 FROM id_alias JOIN till_document ON till_document.customer_id = id_alias.local_id
        WHERE id_alias.entity = 'customer' AND id_alias.server_id = :customer_id
    ) AS found
