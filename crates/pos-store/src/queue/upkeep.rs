//! Keeping the queue whole: claims that nobody answers, second tries, new epochs, restored servers, old bodies.

use pos_domain::OpId;
use rusqlite::named_params;

use super::MAX_WAIT_MS;
use super::decide::list_waiting;
use super::outcome::refresh_row;
use crate::sql::{Columns, Conn, Tx, all, int};
use crate::{StoreError, device, stock};

/// How long the body of an acknowledged operation is kept at least, in milliseconds: 7 days, so that a server
/// restored from a backup of last week can be told again.
const KEEP_BODY_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// How long it is kept at most where no backup of the server's is known to hold it, in milliseconds: 90 days, as long as
/// the server keeps what registers may have missed. A server without backups must not fill the disks of its registers.
const KEEP_BODY_AT_MOST_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// How many operations of a life are kept where no backup is known, however old they are: some 10 MB. A shop that was shut
/// for a season has a small queue of old operations, and a server that was put back meanwhile is told them again.
const KEEP_NEWEST: i64 = 20_000;

/// Puts claims back that nobody has answered in time; how many.
///
/// # Errors
/// Those of writing.
pub fn expire_leases(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    Ok(tx
        .prepare_cached(
            "UPDATE sync_queue SET state = 'pending', lease_until_ms = NULL, next_due_at_ms = :now
             WHERE state <> 'acknowledged' AND state = 'in_flight'
               AND (lease_until_ms <= :now OR lease_until_ms > :now + :wrong)",
        )?
        .execute(named_params! { ":now": now_ms, ":wrong": MAX_WAIT_MS })?)
}

/// Puts all claims back; how many. At start nobody can be waiting for an answer. Operations that wait for each other
/// are set free, too: see [`super::cycle`].
///
/// # Errors
/// Those of writing.
pub fn recover_at_start(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    super::cycle::open_circles(tx, now_ms)?;
    Ok(tx.execute(
        "UPDATE sync_queue SET state = 'pending', lease_until_ms = NULL, next_due_at_ms = :now
         WHERE state <> 'acknowledged' AND state = 'in_flight'",
        named_params! { ":now": now_ms },
    )?)
}

/// A person wants a failed operation tried again, and with it those that wait for it. How many go on.
///
/// # Errors
/// [`StoreError::WrongState`] when it has not failed.
pub fn retry(tx: &Tx<'_>, op_id: OpId, now_ms: i64) -> Result<usize, StoreError> {
    let revived = revive(tx, op_id, now_ms)?;
    if revived.is_empty() {
        return Err(StoreError::WrongState { what: "operation", id: op_id.0, state: "not failed" });
    }
    for op_id in &revived {
        refresh_row(tx, *op_id)?;
    }
    Ok(revived.len())
}

/// Tries again what waits for an update of a program; how many. Call it after an update of either side.
///
/// # Errors
/// Those of writing.
pub fn retry_parked(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    Ok(tx.execute(
        "UPDATE sync_queue SET state = 'pending', next_due_at_ms = :now
         WHERE state <> 'acknowledged' AND state = 'parked' AND error_class = 'upgrade'",
        named_params! { ":now": now_ms },
    )?)
}

/// Whether the server does not know an operation any more that it had acknowledged before `asked_ms`: it went back to an
/// older copy of its file, and nobody told it. `seq` and `above` are its watermark for this epoch.
///
/// # Errors
/// Those of reading.
pub fn is_forgotten(conn: &Conn, seq: u64, above: &[u64], asked_ms: i64) -> Result<bool, StoreError> {
    is_forgotten_of(conn, device::get(conn)?.epoch, seq, above, asked_ms)
}

fn is_forgotten_of(
    conn: &Conn,
    epoch: u32,
    seq: u64,
    above: &[u64],
    asked_ms: i64,
) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT q.seq FROM sync_queue AS q
         WHERE q.epoch = :epoch AND q.state = 'acknowledged' AND q.seq > :seq AND q.finished_at_ms < :asked
           AND (q.body IS NOT NULL OR q.kind IN ('sale.complete', 'till.record'))
         ORDER BY q.seq LIMIT :limit",
    )?;
    let rows = statement.query(named_params! {
        ":epoch": epoch,
        ":seq": int("sync_queue.seq", seq)?,
        ":asked": asked_ms,
        // One more than those that it knows above its watermark.
        ":limit": int("sync_queue.seq", above.len().saturating_add(1))?,
    })?;
    let acknowledged = all(rows, "sync_queue", |c| c.count::<u64>("seq"))?;
    Ok(acknowledged.iter().any(|seq| !above.contains(seq)))
}

/// The same for the lives before this one, of which the server says in `seen` how far it knows them. Of a life that is
/// not among them it knows nothing.
///
/// # Errors
/// Those of reading.
pub fn is_earlier_forgotten(conn: &Conn, seen: &[SeenLife<'_>], asked_ms: i64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT e.epoch FROM device_epoch AS e JOIN device AS d ON e.epoch < d.epoch ORDER BY e.epoch DESC",
    )?;
    for epoch in all(statement.query([])?, "device_epoch", |c| c.count::<u32>("epoch"))? {
        let life = seen.iter().find(|life| life.epoch == epoch);
        let (seq, above) = life.map_or((0, &[][..]), |life| (life.seq, life.above));
        if is_forgotten_of(conn, epoch, seq, above, asked_ms)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The highest seq of this life that the server has acknowledged; 0 before the first.
///
/// # Errors
/// Those of reading.
pub fn newest_acknowledged(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT q.seq FROM sync_queue AS q JOIN device AS d ON d.epoch = q.epoch
         WHERE q.state = 'acknowledged' ORDER BY q.seq DESC LIMIT 1",
    )?;
    let rows = statement.query([])?;
    Ok(all(rows, "sync_queue", |c| c.count::<u64>("seq"))?.first().copied().unwrap_or(0))
}

/// The server was restored from a backup: what it does not hold any more is pending again, and the movements of
/// those operations leave the balance here. `seq` and `above` are its watermark for this epoch. How many go again.
///
/// # Errors
/// Those of writing.
pub fn requeue_above(tx: &Tx<'_>, seq: u64, above: &[u64], now_ms: i64) -> Result<usize, StoreError> {
    let mut statement = tx.prepare(
        "SELECT q.op_id, q.epoch, q.seq, q.body IS NOT NULL OR q.kind IN ('sale.complete', 'till.record') AS kept
         FROM sync_queue AS q JOIN device AS d ON d.epoch = q.epoch
         WHERE q.seq > :seq AND q.state = 'acknowledged' ORDER BY q.seq",
    )?;
    let rows = statement.query(named_params! { ":seq": int("sync_queue.seq", seq)? })?;
    let mut requeued = 0;
    for held in all(rows, "sync_queue", Held::read)? {
        if !above.contains(&held.seq) && requeue(tx, &held, now_ms)? {
            requeued += 1;
        }
    }
    Ok(requeued + withdraw_above(tx, seq, above, now_ms)?)
}

/// Sales that were refused or taken back and of which the server knows nothing any more: it is told once more that they
/// are none, so that no place in this life stays open for ever. How many.
fn withdraw_above(tx: &Tx<'_>, seq: u64, above: &[u64], now_ms: i64) -> Result<usize, StoreError> {
    let mut statement = tx.prepare(
        "SELECT q.op_id, q.epoch, q.seq, 1 AS kept FROM sync_queue AS q JOIN device AS d ON d.epoch = q.epoch
         WHERE q.seq > :seq AND q.state = 'rejected' AND q.kind = 'sale.complete' AND q.mode IN ('admit', 'withdraw')
         ORDER BY q.seq",
    )?;
    let rows = statement.query(named_params! { ":seq": int("sync_queue.seq", seq)? })?;
    let mut withdrawn = 0;
    for held in all(rows, "sync_queue", Held::read)?.iter().filter(|held| !above.contains(&held.seq)) {
        withdrawn += withdraw_again(tx, held, now_ms)?;
    }
    Ok(withdrawn)
}

fn withdraw_again(tx: &Tx<'_>, held: &Held, now_ms: i64) -> Result<usize, StoreError> {
    Ok(tx
        .prepare_cached(
            "UPDATE sync_queue SET state = 'pending', mode = 'withdraw', finished_at_ms = NULL,
                 next_due_at_ms = :now
             WHERE op_id = :op_id",
        )?
        .execute(named_params! { ":now": now_ms, ":op_id": held.op_id.as_bytes() })?)
}

/// How far below its watermark a restored server may hold a sale as less than it became: as many as two pushes carry. A
/// sale becomes a fact, or is taken back, before much of what was made after it is sent.
const MOVED_WITHIN: u64 = 4_000;

/// Sales of this life that the server was asked for and that became a fact, or were taken back, later: one that was restored
/// may hold the question alone, at a seq that it knows. They are told again; to a server that knows, that is no matter.
/// How many. To be called after [`requeue_above`].
///
/// # Errors
/// Those of writing.
pub fn tell_moved_again(tx: &Tx<'_>, seq: u64, now_ms: i64) -> Result<usize, StoreError> {
    let moved = |state: &str, mode: &str| {
        let mut statement = tx.prepare_cached(
            "SELECT q.op_id, q.epoch, q.seq, 1 AS kept FROM sync_queue AS q JOIN device AS d ON d.epoch = q.epoch
             WHERE q.seq > :from AND q.kind = 'sale.complete' AND q.state = :state AND q.mode = :mode
             ORDER BY q.seq",
        )?;
        let from = int("sync_queue.seq", seq.saturating_sub(MOVED_WITHIN))?;
        let rows = statement.query(named_params! { ":from": from, ":state": state, ":mode": mode })?;
        all(rows, "sync_queue", Held::read)
    };
    let mut told = 0;
    for held in moved("acknowledged", "fact")? {
        told += usize::from(requeue(tx, &held, now_ms)?);
    }
    for held in moved("rejected", "withdraw")? {
        told += withdraw_again(tx, &held, now_ms)?;
    }
    Ok(told)
}

/// How far a server has seen one life of this register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenLife<'a> {
    /// The life.
    pub epoch: u32,
    /// Every seq up to here.
    pub seq: u64,
    /// Seqs above that.
    pub above: &'a [u64],
}

/// The same for the lives before this one: what the server does not hold of them goes again in this life, behind what
/// waits already. Of a life that is not among `seen` it holds nothing. How many go again.
///
/// # Errors
/// Those of writing.
pub fn requeue_earlier(tx: &Tx<'_>, seen: &[SeenLife<'_>], now_ms: i64) -> Result<usize, StoreError> {
    let mut statement = tx.prepare(
        "SELECT q.op_id, q.epoch, q.seq, q.body IS NOT NULL OR q.kind IN ('sale.complete', 'till.record') AS kept
         FROM sync_queue AS q JOIN device AS d ON q.epoch < d.epoch
         WHERE q.state = 'acknowledged' ORDER BY q.epoch, q.seq",
    )?;
    let mut requeued = 0;
    for held in all(statement.query([])?, "sync_queue", Held::read)? {
        let life = seen.iter().find(|life| life.epoch == held.epoch);
        let holds = life.is_some_and(|life| held.seq <= life.seq || life.above.contains(&held.seq));
        if holds || !requeue(tx, &held, now_ms)? {
            continue;
        }
        tx.prepare_cached(
            "UPDATE sync_queue SET epoch = (SELECT epoch FROM device), seq = (SELECT next_seq FROM device)
             WHERE op_id = :op_id",
        )?
        .execute(named_params! { ":op_id": held.op_id.as_bytes() })?;
        tx.execute("UPDATE device SET next_seq = next_seq + 1", [])?;
        requeued += 1;
    }
    Ok(requeued)
}

/// The server lives another life, and everything is read anew: where effects stood in the feed of the one before says
/// nothing any more. What the server holds is in whatever balance it sends next; what waits is in none of them. To be
/// called after what it does not hold was put back with [`requeue_above`] and [`requeue_earlier`].
///
/// # Errors
/// Those of writing.
pub fn forget_places(tx: &Tx<'_>) -> Result<(), StoreError> {
    let mut statement = tx.prepare(
        "SELECT DISTINCT q.op_id FROM stock_pending AS p JOIN sync_queue AS q ON q.op_id = p.op_id
         WHERE q.state = 'acknowledged' ORDER BY q.op_id",
    )?;
    for op_id in all(statement.query([])?, "sync_queue", |c| c.id::<OpId>("op_id"))? {
        stock::take_in(tx, op_id)?;
    }
    // A sale that was taken back moves nothing any more.
    let mut statement = tx.prepare(
        "SELECT op_id FROM sync_queue
         WHERE state <> 'acknowledged' AND state <> 'rejected' AND mode <> 'withdraw' AND feed_seq IS NOT NULL
         ORDER BY op_id",
    )?;
    for op_id in all(statement.query([])?, "sync_queue", |c| c.id::<OpId>("op_id"))? {
        stock::release(tx, op_id)?;
    }
    tx.execute(
        "UPDATE sync_queue SET feed_seq = iif(state = 'acknowledged', 0, NULL) WHERE feed_seq > 0",
        [],
    )?;
    Ok(())
}

/// An operation that a server had once.
struct Held {
    op_id: OpId,
    epoch: u32,
    seq: u64,
    /// Its body can be sent again.
    kept: bool,
}

impl Held {
    fn read(c: &Columns<'_, '_>) -> Result<Self, StoreError> {
        Ok(Self {
            op_id: c.id("op_id")?,
            epoch: c.count("epoch")?,
            seq: c.count("seq")?,
            kept: c.get("kept")?,
        })
    }
}

/// Makes an operation pending again that the server does not hold any more; `false` when it cannot be sent.
fn requeue(tx: &Tx<'_>, held: &Held, now_ms: i64) -> Result<bool, StoreError> {
    let Held { op_id, seq, kept, .. } = held;
    if !kept {
        tracing::warn!(%op_id, seq, "the server lost an operation whose body is kept nowhere any more");
        return Ok(false);
    }
    stock::release(tx, *op_id)?;
    tx.prepare_cached(
        // What the server had taken was done: a sale that once asked for admission is a fact.
        "UPDATE sync_queue SET state = 'pending', feed_seq = NULL, finished_at_ms = NULL, next_due_at_ms = :now,
             mode = CASE mode WHEN 'admit' THEN 'fact' ELSE mode END
         WHERE op_id = :op_id",
    )?
    .execute(named_params! { ":now": now_ms, ":op_id": op_id.as_bytes() })?;
    tx.prepare_cached(
        "UPDATE sync_queue SET waits_for = waits_for + 1
         WHERE op_id IN (SELECT op_id FROM sync_dependency WHERE depends_on = :op_id)",
    )?
    .execute(named_params! { ":op_id": op_id.as_bytes() })?;
    Ok(true)
}

/// Drops bodies that nobody will ask for again: acknowledged a week ago and in the server's backup, which holds this
/// epoch up to `backup_seq`; or acknowledged 90 days ago, also in an earlier life, of which no backup tells, with 20,000
/// newer ones in this life. A body that explains a movement stays, as documents do. At most `limit` of them; how many.
///
/// # Errors
/// Those of writing.
pub fn trim(tx: &Tx<'_>, backup_seq: u64, now_ms: i64, limit: u32) -> Result<usize, StoreError> {
    Ok(tx
        .prepare_cached(
            "UPDATE sync_queue SET body = NULL WHERE op_id IN (
                 SELECT q.op_id FROM sync_queue AS q JOIN device AS d
                 WHERE q.state = 'acknowledged' AND q.body IS NOT NULL AND q.finished_at_ms <= :before
                   AND ((q.epoch = d.epoch AND q.seq <= :backup_seq)
                       OR (q.finished_at_ms <= :at_last
                           AND iif(q.epoch = d.epoch, q.seq, 0) < d.next_seq - :newest))
                   AND NOT EXISTS (SELECT 1 FROM stock_movement AS m WHERE m.op_id = q.op_id)
                 ORDER BY q.epoch, q.seq LIMIT :limit)",
        )?
        .execute(named_params! {
            ":before": now_ms.saturating_sub(KEEP_BODY_MS),
            ":at_last": now_ms.saturating_sub(KEEP_BODY_AT_MOST_MS),
            ":newest": KEEP_NEWEST,
            ":backup_seq": int("sync_queue.seq", backup_seq)?,
            ":limit": limit,
        })?)
}

/// Numbers what the server has not acknowledged anew, from 1, in a new epoch; the next seq. Ids and bodies stay, for good:
/// the file that was here before may have sent what this one has not, so no later edit is drawn into it.
pub(crate) fn move_to_epoch(tx: &Tx<'_>, epoch: u32) -> Result<i64, StoreError> {
    let mut statement = tx.prepare(
        "SELECT op_id FROM sync_queue WHERE state <> 'acknowledged' AND state <> 'rejected' ORDER BY epoch, seq",
    )?;
    let open = all(statement.query([])?, "sync_queue", |c| c.id::<OpId>("op_id"))?;
    let mut next_seq = 1_i64;
    for op_id in open {
        tx.prepare_cached(
            "UPDATE sync_queue SET epoch = :epoch, seq = :seq, lease_until_ms = NULL, generation = generation + 1,
                 state = CASE state WHEN 'in_flight' THEN 'pending' ELSE state END
             WHERE op_id = :op_id",
        )?
        .execute(named_params! { ":epoch": epoch, ":seq": next_seq, ":op_id": op_id.as_bytes() })?;
        next_seq = next_seq.saturating_add(1);
    }
    Ok(next_seq)
}

/// Makes a failed operation and those that were parked because of it pending.
fn revive(tx: &Tx<'_>, op_id: OpId, now_ms: i64) -> Result<Vec<OpId>, StoreError> {
    let revived = tx
        .prepare_cached(
            "UPDATE sync_queue SET state = 'pending', next_due_at_ms = :now, finished_at_ms = NULL
             WHERE op_id = :op_id AND (state = 'dead' OR (state = 'parked' AND error_class <> 'dependency'))",
        )?
        .execute(named_params! { ":op_id": op_id.as_bytes(), ":now": now_ms })?;
    if revived == 0 {
        return Ok(Vec::new());
    }
    let mut all = vec![op_id];
    all.extend(go_on(tx, list_waiting(tx, op_id)?, now_ms)?);
    Ok(all)
}

/// Makes those pending that were parked only because of an operation that is no obstacle any more, and what waits for
/// them in turn. One that waits for another failure as well stays parked. Which ones go on.
pub(super) fn go_on(tx: &Tx<'_>, waiting: Vec<OpId>, now_ms: i64) -> Result<Vec<OpId>, StoreError> {
    let mut statement = tx.prepare_cached(
        "UPDATE sync_queue SET state = 'pending', next_due_at_ms = :now, error_class = NULL, error_code = NULL,
             error_params = NULL
         WHERE op_id = :op_id AND state = 'parked' AND error_class = 'dependency'
           AND NOT EXISTS (SELECT 1 FROM sync_dependency AS d JOIN sync_queue AS c ON c.op_id = d.depends_on
                           WHERE d.op_id = :op_id AND (c.state IN ('dead', 'rejected')
                               OR (c.state = 'parked' AND c.error_class = 'dependency')))",
    )?;
    let mut freed = Vec::new();
    let mut rest = waiting;
    while let Some(op_id) = rest.pop() {
        let changed = statement.execute(named_params! { ":op_id": op_id.as_bytes(), ":now": now_ms })?;
        if changed == 1 {
            rest.extend(list_waiting(tx, op_id)?);
            freed.push(op_id);
        }
    }
    Ok(freed)
}
