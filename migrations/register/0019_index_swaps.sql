-- sales::find_last_swap. Few sales take a thing in, and those say so in their text.
CREATE INDEX sale_by_swap ON sale (json_extract(document, '$.head.swap_number'))
    WHERE instr(document, '"swap_number":') > 0;
