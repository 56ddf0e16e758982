-- What only this register knows of people: their PINs, and their yes to what others do. Neither is ever synced as such: a
-- yes travels in the document that it allowed.

CREATE TABLE pin (
    cashier_id BLOB    PRIMARY KEY REFERENCES cashier (cashier_id),
    phc        TEXT    NOT NULL CHECK (phc LIKE '$argon2id$%'),   -- with the pepper of this register's key file
    set_at_ms  INTEGER NOT NULL,
    failures   INTEGER NOT NULL CHECK (failures >= 0)             -- tries since the last right one; counted before each check
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
    approval_id  BLOB    PRIMARY KEY CHECK (length(approval_id) = 16),
    permission   TEXT    NOT NULL CHECK (length(permission) > 0),
    subject      BLOB    NOT NULL CHECK (length(subject) = 16),   -- the cart, the document that is taken back, or the request
    line_id      BLOB    CHECK (length(line_id) = 16),
    amount_minor INTEGER CHECK (amount_minor >= 0),
    by_id        BLOB    NOT NULL CHECK (length(by_id) = 16),
    by_name      TEXT    NOT NULL,
    asked_by     BLOB    NOT NULL CHECK (length(asked_by) = 16),
    given_at_ms  INTEGER NOT NULL,
    used_at_ms   INTEGER                                          -- NULL while nothing was done with it
) STRICT, WITHOUT ROWID;
-- approvals::list_of
CREATE INDEX approval_by_subject ON approval (subject);
CREATE TRIGGER approval_is_used_once BEFORE UPDATE ON approval
WHEN OLD.used_at_ms IS NOT NULL OR NEW.used_at_ms IS NULL
BEGIN SELECT raise(ABORT, 'an approval is used once'); END;
CREATE TRIGGER approval_says_one_thing BEFORE UPDATE OF approval_id, permission, subject, line_id, amount_minor, by_id, by_name, asked_by, given_at_ms ON approval
BEGIN SELECT raise(ABORT, 'an approval never says another thing'); END;
CREATE TRIGGER approval_stays BEFORE DELETE ON approval
BEGIN SELECT raise(ABORT, 'approvals are append-only'); END;
