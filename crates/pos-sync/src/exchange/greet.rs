//! Meeting the server: is it the one that was joined, in the same life, and how far does it know this register?

use std::cmp::Ordering;

use pos_domain::chain::ChainHead;
use pos_protocol::{
    ApiError, Cursor, Hello, Limits, PROTOCOL, Problem, ProblemCode, PullRequest, ROW_SCHEMA, SyncApi,
};
use pos_store::audit::{self, AuditEntry};
use pos_store::device::Device;
use pos_store::queue::SeenLife;
use pos_store::{
    Conn, StoreError, Tx, attachments, chain, device, exchange, feed, first_sync, forks, life, queue,
};
use uuid::Uuid;

use super::{Exchange, MOST_PAGE_ROWS, SyncError};
use crate::engine::{Course, Event};
use crate::status::Alarm;

/// Bodies that are dropped per greeting once the server's backup holds them: a few milliseconds of work.
const TRIM_AT_ONCE: u32 = 200;

/// Who acted when nobody did.
const PROGRAM: &str = "Comptoir";

/// A greeting that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting {
    pub(crate) limits: Limits,
    pub(crate) course: Course,
}

impl<A: SyncApi> Exchange<A> {
    /// Greets, and notes what the server says of itself and of this register.
    pub(crate) async fn greet(&self) -> Result<Greeting, SyncError> {
        let result = self.greet_once().await;
        if result.is_ok() {
            self.note_success();
            let mut live = self.live();
            // A server that greets like this one has taken back what it had against this register. What it found in
            // operations or in the chain stays until a person has looked.
            if matches!(live.alarm, Some(Alarm::Denied | Alarm::OtherServer | Alarm::StaleEpoch)) {
                live.alarm = None;
            }
        }
        result
    }

    async fn greet_once(&self) -> Result<Greeting, SyncError> {
        let mut asked_ms = self.now_ms();
        let mut hello = self.api.hello().await?;
        if self.showed_what_it_forgot(&hello, asked_ms).await? {
            asked_ms = self.now_ms();
            hello = self.api.hello().await?;
        }
        let now_ms = self.now_ms();
        if PROTOCOL < hello.protocol.min || PROTOCOL > hello.protocol.max {
            return Err(upgrade_required(&hello).into());
        }
        // The server read its clock somewhere on the way: half of the way is the best guess.
        let ours_ms = asked_ms.saturating_add(now_ms.saturating_sub(asked_ms) / 2);
        #[cfg(feature = "planted")] // Incident 10.
        if pos_planted::is(pos_planted::Bug::ClockStopsTheSync)
            && hello.server_time_ms.abs_diff(ours_ms) > 60_000
        {
            return Err(ApiError::NoAnswer { detail: "the clocks differ".to_owned() }.into());
        }
        let limits = hello.limits;
        let first = {
            let mut live = self.live();
            live.page_rows = limits.page_rows.clamp(1, MOST_PAGE_ROWS);
            live.server_epoch = hello.server_epoch;
            live.attachments = limits.attachments;
            !std::mem::replace(&mut live.greeted, true)
        };
        let met = self
            .write(move |tx| {
                let offset_ms = hello.server_time_ms.saturating_sub(ours_ms);
                exchange::record_hello(tx, offset_ms, hello.backup_watermark)?;
                if first {
                    // This program or the server may be a newer one than last time.
                    queue::retry_parked(tx, now_ms)?;
                }
                meet(tx, &hello, asked_ms, now_ms)
            })
            .await?;
        let course = met.map_err(SyncError::Alarm)?;
        Ok(Greeting { limits, course })
    }

    /// A server that does not know any more what it had acknowledged, or greets in an earlier life than the one that was met,
    /// was put back. The register's place in the feed proves it, and it shall know, for the sake of those that cannot tell:
    /// it begins another life, which its next greeting says. Whether it does.
    async fn showed_what_it_forgot(&self, hello: &Hello, asked_ms: i64) -> Result<bool, SyncError> {
        let greeted = hello.clone();
        let cursor = self.read(move |conn| {
            let Some(device) = device::find(conn)? else { return Ok(None) };
            let met = device.server.as_ref().filter(|server| server.authority == Some(greeted.authority));
            let Some(met) = met else { return Ok(None) };
            match met.server_epoch.cmp(&greeted.server_epoch) {
                Ordering::Less => Ok(None),
                // Of a life that it knows nothing of any place is one that it has forgotten.
                Ordering::Greater => Ok(Some(Cursor {
                    server_epoch: met.server_epoch,
                    ..find_newest_place(conn)?.unwrap_or_else(|| beginning_of(&greeted))
                })),
                Ordering::Equal if has_forgotten(conn, &device, &greeted, asked_ms)? => {
                    find_newest_place(conn)
                }
                Ordering::Equal => Ok(None),
            }
        });
        let Some(cursor) = cursor.await? else { return Ok(false) };
        match self.api.pull(PullRequest { cursor, limit: 1 }).await {
            Ok(_) => Ok(false),
            Err(ApiError::Refused { problem }) if problem.code == ProblemCode::ResnapshotRequired => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Another life of the server than the one last met is greeted at once: it may have lost operations.
    pub(super) fn note_server_epoch(&self, server_epoch: u32) {
        let known = self.live().server_epoch;
        if known != 0 && known != server_epoch {
            self.tell(Event::SyncNow);
        }
    }
}

/// What the server says of itself decides what is to be done.
fn meet(tx: &Tx<'_>, hello: &Hello, asked_ms: i64, now_ms: i64) -> Result<Result<Course, Alarm>, StoreError> {
    if hello.watermark.epoch > device::get(tx)?.epoch && !life::is_unconfirmed(tx)? {
        return Ok(Err(Alarm::StaleEpoch));
    }
    let device = meet_this_life(tx, hello, now_ms)?;
    let Some(mut server) = device.server.clone() else { return Ok(Err(Alarm::OtherServer)) };
    if server.authority.is_some_and(|known| known != hello.authority) {
        return Ok(Err(Alarm::OtherServer));
    }
    let known_epoch = std::mem::replace(&mut server.server_epoch, hello.server_epoch);
    // A folder that was copied back keeps its epoch: only registers can tell that it forgot what it had acknowledged.
    let restored = (known_epoch != 0 && known_epoch != hello.server_epoch)
        || has_forgotten(tx, &device, hello, asked_ms)?;
    #[cfg(feature = "planted")] // Incident 11.
    let restored = restored && !pos_planted::is(pos_planted::Bug::RestoredServerIsNotToldAgain);
    if server.authority.is_none() || known_epoch != hello.server_epoch {
        server.authority = Some(hello.authority);
        device::set_server(tx, &server)?;
    }
    if restored {
        // In this transaction, so that a killed program reads everything anew as well.
        feed::forget_cursor(tx)?;
        first_sync::abandon(tx)?;
        attachments::offer_again(tx)?;
        let requeued = send_again(tx, &device, hello, now_ms)?;
        queue::forget_places(tx)?;
        tracing::warn!(requeued, "the server was restored from a backup; what it lost is sent again");
        return Ok(Ok(Course::Republish));
    }
    if hello.watermark.epoch == device.epoch {
        queue::trim(tx, hello.backup_watermark, now_ms, TRIM_AT_ONCE)?;
    }
    let fits = |cursor: Cursor| {
        (cursor.authority, cursor.server_epoch, cursor.schema)
            == (hello.authority, hello.server_epoch, ROW_SCHEMA)
    };
    let running = first_sync::find(tx)?;
    if running.as_ref().is_some_and(|running| !running.mark.parse().is_ok_and(fits)) {
        first_sync::abandon(tx)?;
    }
    let reads_everything = running.is_some() || !find_cursor(tx)?.is_some_and(fits);
    Ok(Ok(if reads_everything { Course::FirstSync } else { Course::Follow }))
}

/// The register as the server may know it from now on.
///
/// A life that was begun without asking may be one that the server has seen already, before the file went back; and a
/// file that went back together with everything beside it shows only here: the server has verdicts on seqs that this
/// file has not given yet. In both cases nothing of this life may be numbered any further.
fn meet_this_life(tx: &Tx<'_>, hello: &Hello, now_ms: i64) -> Result<Device, StoreError> {
    let device = device::get(tx)?;
    let known = &hello.watermark;
    let newest_seq = known.above.last().copied().unwrap_or(known.seq).max(known.seq);
    let ahead = known.epoch == device.epoch && newest_seq >= device.next_seq;
    let unconfirmed = life::is_unconfirmed(tx)?;
    if ahead || (unconfirmed && known.epoch >= device.epoch) {
        let epoch = life::begin(tx, known.epoch, now_ms)?;
        tracing::error!(
            epoch,
            server_epoch = known.epoch,
            newest_seq,
            "the server knows more of this register than its file; a new life begins"
        );
        let detail = serde_json::json!({
            "cause": "server_ahead", "from_epoch": device.epoch, "epoch": epoch, "server_seq": newest_seq,
        });
        let entry = AuditEntry {
            at_ms: now_ms,
            actor: PROGRAM.to_owned(),
            action: "life.begun".to_owned(),
            subject: None,
            detail,
        };
        audit::record(tx, &entry)?;
    }
    if unconfirmed || ahead {
        life::confirm(tx)?;
    }
    device::get(tx)
}

fn has_forgotten(conn: &Conn, device: &Device, hello: &Hello, asked_ms: i64) -> Result<bool, StoreError> {
    let known = &hello.watermark;
    let (seq, above) = if known.epoch == device.epoch { (known.seq, &known.above[..]) } else { (0, &[][..]) };
    Ok(queue::is_forgotten(conn, seq, above, asked_ms)?
        || queue::is_earlier_forgotten(conn, &lives_seen(hello), asked_ms)?)
}

/// How far the server knows each life of this register.
fn lives_seen(hello: &Hello) -> Vec<SeenLife<'_>> {
    let lives = hello.earlier.iter().chain([&hello.watermark]);
    lives.map(|known| SeenLife { epoch: known.epoch, seq: known.seq, above: &known.above }).collect()
}

/// Puts back what a restored server does not hold any more, operations and links of this life and of those before it.
fn send_again(tx: &Tx<'_>, device: &Device, hello: &Hello, now_ms: i64) -> Result<usize, StoreError> {
    chain::set_countersigned(tx, ChainHead::START)?;
    chain::owe_earlier(tx, &forks::list_lives(tx)?)?;
    let seen = lives_seen(hello);
    let this = seen.iter().find(|life| life.epoch == device.epoch);
    let (seq, above) = this.map_or((0, &[][..]), |life| (life.seq, life.above));
    // First those of this life, whose places stand: the others get places behind them.
    let requeued = queue::requeue_above(tx, seq, above, now_ms)?
        .saturating_add(queue::tell_moved_again(tx, seq, now_ms)?);
    Ok(requeued.saturating_add(queue::requeue_earlier(tx, &seen, now_ms)?))
}

/// Where this register stands in the feed; a cursor that is not readable is none.
pub(super) fn find_cursor(conn: &Conn) -> Result<Option<Cursor>, StoreError> {
    Ok(feed::find_cursor(conn)?.and_then(|text| text.parse().ok()))
}

/// The newest place in the feed that the server has told of: the cursor, or where the feed goes on after a first sync that
/// is still running.
fn find_newest_place(conn: &Conn) -> Result<Option<Cursor>, StoreError> {
    if let Some(cursor) = find_cursor(conn)? {
        return Ok(Some(cursor));
    }
    Ok(first_sync::find(conn)?.and_then(|running| running.mark.parse().ok()))
}

fn beginning_of(hello: &Hello) -> Cursor {
    Cursor {
        authority: hello.authority,
        server_epoch: hello.server_epoch,
        incarnation: Uuid::nil(),
        schema: ROW_SCHEMA,
        seq: 0,
    }
}

fn upgrade_required(hello: &Hello) -> ApiError {
    let detail = format!(
        "the server speaks {} to {}, this register {PROTOCOL}",
        hello.protocol.min, hello.protocol.max
    );
    ApiError::Refused {
        problem: Problem { code: ProblemCode::UpgradeRequired, detail, retry_after_ms: None },
    }
}
