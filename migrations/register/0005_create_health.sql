-- How well the exchange goes: when each table last got through, and samples of the health over time.

CREATE TABLE sync_success (
    entity    TEXT    NOT NULL,                             -- kind of row, or sale
    direction TEXT    NOT NULL CHECK (direction IN ('push', 'pull')),
    at_ms     INTEGER NOT NULL,                             -- this register's clock
    PRIMARY KEY (entity, direction)
) STRICT, WITHOUT ROWID;

-- Once a minute while the program runs, for a week.
CREATE TABLE health_sample (
    at_ms            INTEGER PRIMARY KEY,
    online           INTEGER NOT NULL CHECK (online IN (0, 1)),
    pending          INTEGER NOT NULL CHECK (pending >= 0),
    in_flight        INTEGER NOT NULL CHECK (in_flight >= 0),
    failed           INTEGER NOT NULL CHECK (failed >= 0),   -- will be tried again
    parked           INTEGER NOT NULL CHECK (parked >= 0),
    dead             INTEGER NOT NULL CHECK (dead >= 0),
    oldest_age_ms    INTEGER CHECK (oldest_age_ms >= 0),     -- of the oldest operation that waits
    stuck            INTEGER NOT NULL CHECK (stuck >= 0),
    failed_runs      INTEGER NOT NULL CHECK (failed_runs >= 0),
    rated_runs       INTEGER NOT NULL CHECK (rated_runs >= failed_runs),
    silence_ms       INTEGER CHECK (silence_ms >= 0),        -- since the last success in any direction
    clock_offset_ms  INTEGER,                                -- server clock minus ours
    conflicts_open   INTEGER NOT NULL CHECK (conflicts_open >= 0),
    resolved_24h     INTEGER NOT NULL CHECK (resolved_24h >= 0),
    duplicates_24h   INTEGER NOT NULL CHECK (duplicates_24h >= 0),
    timeouts_24h     INTEGER NOT NULL CHECK (timeouts_24h >= 0),
    alerts           TEXT    NOT NULL CHECK (json_valid(alerts)) -- codes
) STRICT;
