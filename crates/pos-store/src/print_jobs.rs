//! What was asked of this register's printers: the queue that survives a restart and a dead printer.
//!
//! ```text
//! waiting -> printing -> done
//!    ^          |-----> failed --(retry)--> waiting
//!    '----------'          '---(cancel)---> cancelled
//! ```
//! Each printer takes its jobs in the order in which they were asked for, one at a time. Decides neither when something is
//! printed nor how often it is tried, and knows no bytes of a receipt: a receipt is made from its sale when its turn
//! comes, so that it says "duplicate" exactly when paper of it is out already.

mod job;

use pos_domain::SaleId;
use rusqlite::named_params;

pub use job::{Job, NewJob, Printer, Standing, State, Trouble, Work};

use crate::StoreError;
use crate::sales;
use crate::sql::{Columns, Conn, Tx, all, first, word};

macro_rules! JOB {
    () => {
        "job_no, printer, kind, sale_id, title, bytes, open_drawer, state, attempts, trouble, asked_at_ms,
         next_due_at_ms, give_up_at_ms, ended_at_ms"
    };
}

/// Asks for something to be printed; in the transaction that makes it.
///
/// # Errors
/// Those of writing.
pub fn ask(tx: &Tx<'_>, job: &NewJob) -> Result<i64, StoreError> {
    let (sale_id, bytes) = match &job.work {
        Work::Receipt(sale_id) => (Some(*sale_id.as_bytes()), None),
        Work::Page(bytes) => (None, Some(bytes)),
        Work::Drawer => (None, None),
    };
    tx.prepare_cached(
        "INSERT INTO print_job (printer, kind, sale_id, title, bytes, open_drawer, state, attempts, trouble,
             asked_at_ms, next_due_at_ms, give_up_at_ms, ended_at_ms)
         VALUES (:printer, :kind, :sale, :title, :bytes, :drawer, 'waiting', 0, NULL, :now, :now, :give_up, NULL)",
    )?
    .execute(named_params! {
        ":printer": job.printer.as_str(),
        ":kind": job.work.kind(),
        ":sale": sale_id,
        ":title": job.title,
        ":bytes": bytes,
        ":drawer": job.open_drawer || job.work == Work::Drawer,
        ":now": job.asked_at_ms,
        ":give_up": job.give_up_at_ms,
    })?;
    Ok(tx.last_insert_rowid())
}

/// Takes the first job of a printer, when it is due: none while one is on its way, or while the first one waits for its
/// next try, because no job overtakes another.
///
/// # Errors
/// Those of reading and writing.
pub fn claim(tx: &Tx<'_>, printer: Printer, now_ms: i64) -> Result<Option<Job>, StoreError> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        JOB!(),
        " FROM print_job WHERE printer = :printer AND state IN ('waiting', 'printing') ORDER BY job_no LIMIT 1"
    ))?;
    let head = first(statement.query(named_params! { ":printer": printer.as_str() })?, "print_job", read)?;
    let Some(head) = head.filter(|job| job.next_due_at_ms.is_some_and(|due| due <= now_ms)) else {
        return Ok(None);
    };
    tx.prepare_cached(
        "UPDATE print_job SET state = 'printing', attempts = attempts + 1, next_due_at_ms = NULL
         WHERE job_no = :no",
    )?
    .execute(named_params! { ":no": head.job_no })?;
    let attempts = head.attempts.saturating_add(1);
    Ok(Some(Job { state: State::Printing, attempts, next_due_at_ms: None, ..head }))
}

/// The printer took all of a job. A receipt's paper is noted in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn done(tx: &Tx<'_>, job: &Job, now_ms: i64) -> Result<(), StoreError> {
    note_paper(tx, job, now_ms)?;
    end(tx, job.job_no, "done", None, now_ms)
}

/// A try came to nothing; it is due again at `next_due_at_ms`. The drawer does not open a second time, and paper that may
/// be out is noted.
///
/// # Errors
/// Those of writing.
pub fn put_off(
    tx: &Tx<'_>,
    job: &Job,
    trouble: Trouble,
    next_due_at_ms: i64,
    now_ms: i64,
) -> Result<(), StoreError> {
    if trouble.may_have_printed() {
        note_paper(tx, job, now_ms)?;
    }
    tx.prepare_cached(
        "UPDATE print_job SET state = 'waiting', trouble = :trouble, next_due_at_ms = :due
         WHERE job_no = :no AND state = 'printing'",
    )?
    .execute(named_params! { ":trouble": trouble.as_str(), ":due": next_due_at_ms, ":no": job.job_no })?;
    Ok(())
}

/// A job came to nothing and is given up until a person asks for another try.
///
/// # Errors
/// Those of writing.
pub fn fail(tx: &Tx<'_>, job: &Job, trouble: Trouble, now_ms: i64) -> Result<(), StoreError> {
    if trouble.may_have_printed() {
        note_paper(tx, job, now_ms)?;
    }
    end(tx, job.job_no, "failed", Some(trouble), now_ms)
}

/// Jobs that were on their way when the program, or its last write, came to an end wait again, as interrupted: nobody
/// knows what of them is on paper. For whoever prints, before he begins; how many there were.
///
/// # Errors
/// Those of writing.
pub fn resume(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        JOB!(),
        " FROM print_job WHERE state IN ('waiting', 'printing') ORDER BY printer DESC, job_no"
    ))?;
    let mut open = all(statement.query([])?, "print_job", read)?;
    open.retain(|job| job.state == State::Printing);
    for job in &open {
        put_off(tx, job, Trouble::Interrupted, now_ms, now_ms)?;
    }
    Ok(open.len())
}

/// Asks again for a job that was given up, or for the next try of one that waits, now. `None` when there is no such job;
/// else where it stood before: anything but [`State::Waiting`] and [`State::Failed`] stays as it is.
///
/// # Errors
/// Those of writing.
pub fn retry(tx: &Tx<'_>, job_no: i64, now_ms: i64, give_up_at_ms: i64) -> Result<Option<State>, StoreError> {
    let Some(job) = find(tx, job_no)? else { return Ok(None) };
    tx.prepare_cached(
        "UPDATE print_job SET state = 'waiting', attempts = 0, next_due_at_ms = :now, give_up_at_ms = :give_up,
             ended_at_ms = NULL
         WHERE job_no = :no AND state IN ('waiting', 'failed')",
    )?
    .execute(named_params! { ":no": job_no, ":now": now_ms, ":give_up": give_up_at_ms })?;
    Ok(Some(job.state))
}

/// Gives a job up for good. As [`retry`], it leaves alone what is on its way or has ended.
///
/// # Errors
/// Those of writing.
pub fn cancel(tx: &Tx<'_>, job_no: i64, now_ms: i64) -> Result<Option<State>, StoreError> {
    let Some(job) = find(tx, job_no)? else { return Ok(None) };
    tx.prepare_cached(
        "UPDATE print_job SET state = 'cancelled', next_due_at_ms = NULL, bytes = NULL, ended_at_ms = :now
         WHERE job_no = :no AND state IN ('waiting', 'failed')",
    )?
    .execute(named_params! { ":no": job_no, ":now": now_ms })?;
    Ok(Some(job.state))
}

/// A job.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, job_no: i64) -> Result<Option<Job>, StoreError> {
    let mut statement =
        conn.prepare_cached(concat!("SELECT ", JOB!(), " FROM print_job WHERE job_no = :no"))?;
    first(statement.query(named_params! { ":no": job_no })?, "print_job", read)
}

/// The latest jobs, the newest first.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn, limit: u32) -> Result<Vec<Job>, StoreError> {
    let mut statement =
        conn.prepare_cached(concat!("SELECT ", JOB!(), " FROM print_job ORDER BY job_no DESC LIMIT :limit"))?;
    all(statement.query(named_params! { ":limit": limit })?, "print_job", read)
}

/// How the printers stand.
///
/// # Errors
/// Those of reading.
pub fn standing(conn: &Conn) -> Result<Standing, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT (SELECT count(*) FROM print_job WHERE state IN ('waiting', 'printing')) AS open,
             (SELECT count(*) FROM print_job WHERE state = 'failed') AS failed,
             (SELECT trouble FROM print_job WHERE state IN ('waiting', 'printing') AND trouble IS NOT NULL
              ORDER BY printer DESC, job_no LIMIT 1) AS trouble",
    )?;
    let standing = first(statement.query([])?, "print_job", |c| {
        Ok(Standing { open: c.count("open")?, failed: c.count("failed")?, trouble: trouble(c)? })
    })?;
    Ok(standing.unwrap_or_default())
}

/// Jobs that wait are due now, such as after another printer was chosen.
///
/// # Errors
/// Those of writing.
pub fn hurry(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    Ok(tx
        .prepare_cached("UPDATE print_job SET next_due_at_ms = :now WHERE state = 'waiting'")?
        .execute(named_params! { ":now": now_ms })?)
}

/// Whether there is something to print, or left over from before.
///
/// # Errors
/// Those of reading.
pub fn is_due(conn: &Conn, now_ms: i64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM print_job WHERE state IN ('waiting', 'printing')
             AND (next_due_at_ms IS NULL OR next_due_at_ms <= :now)) AS due",
    )?;
    Ok(first(statement.query(named_params! { ":now": now_ms })?, "print_job", |c| c.get("due"))?
        .unwrap_or(false))
}

/// When the next job of any printer is due, if one waits. Milliseconds since 1970 UTC.
///
/// # Errors
/// Those of reading.
pub fn next_due_ms(conn: &Conn) -> Result<Option<i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT min(next_due_at_ms) AS due FROM print_job WHERE state IN ('waiting', 'printing')",
    )?;
    Ok(first(statement.query([])?, "print_job", |c| c.get("due"))?.flatten())
}

/// Throws away jobs that ended well, or were cancelled, before `before_ms`; failed ones stay until somebody decides. What
/// was printed of a receipt is kept for ever in `receipt_print`.
///
/// # Errors
/// Those of writing.
pub fn forget(tx: &Tx<'_>, before_ms: i64) -> Result<usize, StoreError> {
    let forgotten = tx
        .prepare_cached(
            "DELETE FROM print_job WHERE ended_at_ms IS NOT NULL AND ended_at_ms < :before
                 AND state IN ('done', 'cancelled')",
        )?
        .execute(named_params! { ":before": before_ms })?;
    Ok(forgotten)
}

fn note_paper(tx: &Tx<'_>, job: &Job, now_ms: i64) -> Result<(), StoreError> {
    match &job.work {
        Work::Receipt(sale_id) => sales::record_print(tx, *sale_id, "printer", now_ms).map(|_| ()),
        Work::Page(_) | Work::Drawer => Ok(()),
    }
}

fn end(
    tx: &Tx<'_>,
    job_no: i64,
    state: &'static str,
    trouble: Option<Trouble>,
    now_ms: i64,
) -> Result<(), StoreError> {
    // A failed page keeps its bytes: it may be asked for again.
    tx.prepare_cached(
        "UPDATE print_job SET state = :state, trouble = :trouble, next_due_at_ms = NULL, ended_at_ms = :now,
             bytes = CASE WHEN :state = 'failed' THEN bytes END
         WHERE job_no = :no AND state = 'printing'",
    )?
    .execute(named_params! {
        ":state": state,
        ":trouble": trouble.map(Trouble::as_str),
        ":now": now_ms,
        ":no": job_no,
    })?;
    Ok(())
}

fn trouble(c: &Columns<'_, '_>) -> Result<Option<Trouble>, StoreError> {
    let code: Option<String> = c.get("trouble")?;
    code.map(|code| word("print_job.trouble", &code)).transpose()
}

fn read(c: &Columns<'_, '_>) -> Result<Job, StoreError> {
    let (job_no, printer) = (c.get("job_no")?, c.word("printer")?);
    let kind: String = c.get("kind")?;
    let sale_id: Option<SaleId> = c.opt_id("sale_id")?;
    let title = c.get("title")?;
    let bytes: Option<Vec<u8>> = c.get("bytes")?;
    let work = match (kind.as_str(), sale_id) {
        ("receipt", Some(sale_id)) => Work::Receipt(sale_id),
        ("drawer", None) => Work::Drawer,
        _ => Work::Page(bytes.unwrap_or_default()),
    };
    Ok(Job {
        job_no,
        printer,
        work,
        title,
        open_drawer: c.get("open_drawer")?,
        state: c.word("state")?,
        attempts: c.count("attempts")?,
        trouble: trouble(c)?,
        asked_at_ms: c.get("asked_at_ms")?,
        next_due_at_ms: c.get("next_due_at_ms")?,
        give_up_at_ms: c.get("give_up_at_ms")?,
        ended_at_ms: c.get("ended_at_ms")?,
    })
}
