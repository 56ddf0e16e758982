-- What was asked of this register's printers and is not on paper yet. A receipt's job is written with the sale that asks
-- for it, so a power cut between the two is none; a printer takes its jobs in the order of their numbers.

CREATE TABLE print_job (
    job_no        INTEGER PRIMARY KEY AUTOINCREMENT,
    printer       TEXT    NOT NULL CHECK (printer IN ('receipts', 'labels')),
    kind          TEXT    NOT NULL CHECK (kind IN ('receipt', 'page', 'drawer')),
    sale_id       BLOB    REFERENCES sale (sale_id),           -- of a receipt, which is made when it is printed
    title         TEXT    NOT NULL,                            -- what people call it: a number, "Z 12"; empty for a drawer
    bytes         BLOB,                                        -- of a page, made when it was asked for; gone when ended
    open_drawer   INTEGER NOT NULL CHECK (open_drawer IN (0, 1)),
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'printing', 'done', 'failed', 'cancelled')),
    attempts      INTEGER NOT NULL CHECK (attempts >= 0),
    trouble       TEXT,                                        -- code of what went wrong last
    asked_at_ms   INTEGER NOT NULL,
    next_due_at_ms INTEGER,                                   -- NULL unless it waits
    give_up_at_ms INTEGER NOT NULL,                            -- a try that fails after this is the last one
    ended_at_ms   INTEGER,
    CHECK ((kind = 'receipt') = (sale_id IS NOT NULL)),
    CHECK (kind = 'page' OR bytes IS NULL),
    CHECK (kind <> 'drawer' OR open_drawer = 1),
    CHECK ((state = 'waiting') = (next_due_at_ms IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at_ms IS NOT NULL)),
    CHECK (state <> 'failed' OR trouble IS NOT NULL)
) STRICT;
-- print_jobs::claim, print_jobs::next_due_ms, print_jobs::standing, print_jobs::resume
CREATE INDEX print_job_open ON print_job (printer DESC, job_no) WHERE state IN ('waiting', 'printing');
-- print_jobs::standing
CREATE INDEX print_job_failed ON print_job (job_no) WHERE state = 'failed';
-- print_jobs::forget
CREATE INDEX print_job_ended ON print_job (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
