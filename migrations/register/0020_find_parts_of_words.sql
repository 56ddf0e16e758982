-- The words of product names, small letters without accents: what is inside of a word is looked for here, and the products
-- by product_fts. Many products share few words, so walking all of them is quick; a word that no product has any more
-- finds nothing and stays.
CREATE TABLE product_word (
    word TEXT PRIMARY KEY CHECK (word <> '')
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO product_word (word)
WITH RECURSIVE
    named (word, rest) AS (
        SELECT '', name_folded || ' ' FROM product WHERE deleted = 0
        UNION ALL
        SELECT substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM named WHERE rest <> ''
    )
SELECT word FROM named WHERE length(word) > 3;
