-- A cart that is put aside is a row that every register of the business sees: held_cart. Here only the one on the counter
-- stays, with what is known of where it came from.

-- Carts that were put aside before. No operation tells of them: they are of this register alone until one is held again.
INSERT INTO held_cart (cart_id, label, cart, device_id, register, cashier, held_at_ms, rev, seq, deleted)
SELECT c.cart_id, c.label, c.cart, d.device_id, d.name, '', c.updated_at_ms, 0, 0, 0
FROM cart AS c CROSS JOIN device AS d WHERE c.place = 'held';
DELETE FROM cart WHERE place = 'held';

ALTER TABLE cart DROP COLUMN label;
-- The row of held_cart that the cart was taken from.
ALTER TABLE cart ADD COLUMN recalled_from BLOB CHECK (length(recalled_from) = 16);
-- Another register took the same row first: the goods may be paid for there.
ALTER TABLE cart ADD COLUMN taken_elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (taken_elsewhere IN (0, 1));
