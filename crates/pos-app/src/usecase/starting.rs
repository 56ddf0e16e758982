//! The first thing a register does with its file: is it the one that was last worked with here?
//!
//! A file that was damaged, put back, copied or restored is filled up from the journal and begins a new life, with words
//! for the owner. Everything after the file's own recovery is one transaction, so a machine that stops in the middle
//! does it again from the beginning.

use std::path::Path;

use pos_domain::DeviceKey;
use pos_store::audit::{self, AuditEntry};
use pos_store::device::Device;
use pos_store::jobs::{self, JobKind};
use pos_store::life::Because;
use pos_store::mark::{self, Judgement, Mismatch};
use pos_store::restore::{self, Intent};
use pos_store::{Conn, OpenMode, Store, StoreError, Tx, counts, device, journal, life, local};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refilling::{Refilled, refill};
use crate::app::App;
use crate::error::AppError;
use crate::link;
use crate::outcome::Topic;
use crate::view::{Counts, LifeCause, RecoveryReport, Unverified};

/// Where the last report is kept.
pub(crate) const REPORT: &str = "recovery";
/// Who acted when nobody did.
const PROGRAM: &str = "Comptoir";

/// What a restore notes for its report before the file goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RestoreNote {
    pub(crate) cause: LifeCause,
    pub(crate) actor: String,
    pub(crate) before: Option<Counts>,
}

/// Opens the file of a data folder for writing. A damaged one, and one that is gone although it was there, is set aside
/// and the newest sound backup takes its place; without a backup it stays as it is and the error is told.
pub(crate) fn open_file(dir: &Path) -> Result<(Store, Option<Intent>), AppError> {
    if let Some(intent) = restore::go_on(dir)? {
        return Ok((Store::open(dir, OpenMode::ReadWrite)?, Some(intent)));
    }
    let gone = !dir.join(pos_store::FILE_NAME).exists() && dir.join(mark::FILE_NAME).exists();
    if !gone {
        match Store::open(dir, OpenMode::ReadWrite) {
            Err(error @ StoreError::Corrupt { .. }) => {
                return from_backup(dir)?.ok_or_else(|| AppError::from(error));
            }
            other => return Ok((other?, None)),
        }
    }
    match from_backup(dir)? {
        Some(opened) => Ok(opened),
        None => Ok((Store::open(dir, OpenMode::ReadWrite)?, None)),
    }
}

fn from_backup(dir: &Path) -> Result<Option<(Store, Option<Intent>)>, AppError> {
    let note = RestoreNote { cause: LifeCause::Damaged, actor: String::new(), before: None };
    let note = serde_json::to_value(note).map_err(AppError::internal)?;
    let Some(intent) = restore::from_newest(dir, &note)? else { return Ok(None) };
    tracing::error!(backup = intent.backup, "the file was damaged; the newest sound backup took its place");
    Ok(Some((Store::open(dir, OpenMode::ReadWrite)?, Some(intent))))
}

/// Why a new life must begin, and above which.
struct Reason {
    note: RestoreNote,
    above: u32,
    /// The newest life that the server knows, if it could be asked.
    asked: Option<u32>,
    backup: Option<String>,
    quarantine: Option<String>,
}

impl App {
    /// Judges the file that was opened, and begins a new life when it is not the one that was last worked with.
    pub(crate) async fn settle_life(&self, intent: Option<Intent>) -> Result<(), AppError> {
        let Some(device) = self.read(|conn| Ok(device::find(conn)?)).await? else {
            return self.forget_restore();
        };
        let newest =
            journal::newest(self.dir(), device.device_id).map_err(|e| AppError::file(self.dir(), e))?;
        let dir = self.dir().to_owned();
        let judged = device.clone();
        let judgement = self.read(move |conn| Ok(mark::judge(&dir, conn, &judged)?)).await?;
        if let Some(mut reason) = reason(intent, judgement, newest, &device)? {
            reason.asked = self.newest_life_on_server(&device).await;
            self.begin_life(device, reason).await?;
        }
        self.forget_restore()
    }

    /// The server knows of a newer copy of this register, and the owner has decided that this one goes on.
    pub(crate) async fn go_on_above(&self, above: u32, actor: String) -> Result<(), AppError> {
        let device = self.read(|conn| Ok(device::get(conn)?)).await?;
        let note = RestoreNote { cause: LifeCause::Person, actor, before: None };
        let reason = Reason { note, above, asked: Some(above), backup: None, quarantine: None };
        self.begin_life(device, reason).await
    }

    /// Every note here may have gone back with the file; the server remembers the lives that it has seen.
    async fn newest_life_on_server(&self, device: &Device) -> Option<u32> {
        let token = self.keys().ok()?.as_ref().and_then(|keys| keys.server_token().cloned());
        link::ask_newest_life(self, device.server.as_ref()?, &token?).await
    }

    fn forget_restore(&self) -> Result<(), AppError> {
        match restore::find_intent(self.dir())? {
            Some(_) => Ok(restore::finish(self.dir())?),
            None => Ok(()),
        }
    }

    async fn begin_life(&self, device: Device, reason: Reason) -> Result<(), AppError> {
        let (dir, from) = (self.dir().to_owned(), (device.epoch, device.head.number));
        let read = move |_: &Store| {
            journal::read_from(&dir, device.device_id, Some(from)).map_err(|e| AppError::file(&dir, e))
        };
        let held = self.inner.store.beside(read).await?;
        let (key, now_ms, dir) = (self.signing_key()?, self.now_ms(), self.dir().to_owned());
        let report = self.write(move |tx| renew(tx, &dir, &key, &device, &held, reason, now_ms)).await?;
        tracing::warn!(
            cause = ?report.cause, from = report.from_epoch, to = report.epoch, series = report.series,
            refilled = report.documents_refilled, unverified = report.unverified.len(),
            "a new life of this register's file begins"
        );
        self.announce(&Topic::ALL);
        Ok(())
    }
}

/// Whether a new life must begin.
fn reason(
    intent: Option<Intent>,
    judgement: Judgement,
    newest: Option<(u32, u64)>,
    device: &Device,
) -> Result<Option<Reason>, AppError> {
    #[cfg(feature = "planted")] // Incident 3.
    if pos_planted::is(pos_planted::Bug::LifeGoesOnAfterRestore) {
        return Ok(None);
    }
    let mut above = newest.map_or(0, |(epoch, _)| epoch);
    let journal_ahead = newest.is_some_and(|newest| newest > (device.epoch, device.head.number));
    let cause = match judgement {
        Judgement::New | Judgement::Same if journal_ahead => Some(LifeCause::WentBack),
        Judgement::New | Judgement::Same => None,
        Judgement::Differs(mismatch, epoch) => {
            above = above.max(epoch);
            Some(match mismatch {
                Mismatch::Lost => LifeCause::MarkLost,
                Mismatch::OtherRegister => LifeCause::OtherRegister,
                Mismatch::Copied => LifeCause::Copied,
                Mismatch::WentBack => LifeCause::WentBack,
            })
        }
    };
    if let Some(Intent { backup, quarantine, note }) = intent {
        let note: RestoreNote = serde_json::from_value(note).map_err(AppError::internal)?;
        return Ok(Some(Reason { note, above, asked: None, backup: Some(backup), quarantine }));
    }
    let note = |cause| RestoreNote { cause, actor: String::new(), before: None };
    Ok(cause.map(|cause| Reason { note: note(cause), above, asked: None, backup: None, quarantine: None }))
}

/// The one transaction: documents back from the journal, a new life, the report.
fn renew(
    tx: &Tx<'_>,
    dir: &Path,
    key: &DeviceKey,
    found: &Device,
    held: &journal::Held,
    reason: Reason,
    now_ms: i64,
) -> Result<RecoveryReport, AppError> {
    let Refilled { documents, mut unverified } = refill(tx, key, held, now_ms)?;
    unverified.extend(end_lost_imports(tx, dir, now_ms)?);
    let above = reason.above.max(reason.asked.unwrap_or(0));
    let epoch = life::begin(tx, above, now_ms)?;
    if reason.asked.is_some() {
        life::confirm(tx)?;
    }
    let report = RecoveryReport {
        at_ms: now_ms,
        cause: reason.note.cause,
        actor: reason.note.actor,
        from_epoch: found.epoch,
        epoch,
        series: device::get(tx)?.series,
        backup: reason.backup,
        quarantine: reason.quarantine,
        before: reason.note.before,
        after: counts::of(tx)?.into(),
        documents_refilled: documents,
        unverified,
        seen: false,
    };
    keep_report(tx, &report)?;
    Ok(report)
}

/// Keeps a report where people and the audit trail find it.
pub(crate) fn keep_report(tx: &Tx<'_>, report: &RecoveryReport) -> Result<(), AppError> {
    let detail = serde_json::to_value(report).map_err(AppError::internal)?;
    local::set_setting(tx, REPORT, &detail)?;
    let actor = if report.actor.is_empty() { PROGRAM.to_owned() } else { report.actor.clone() };
    let action = "life.begun".to_owned();
    audit::record(tx, &AuditEntry { at_ms: report.at_ms, actor, action, subject: None, detail })?;
    Ok(())
}

/// The last report, if there ever was one.
pub(crate) fn last_report(conn: &Conn) -> Result<Option<RecoveryReport>, AppError> {
    let kept: Option<RecoveryReport> = match local::find_setting(conn, REPORT)? {
        None | Some(Value::Null) => None,
        Some(report) => serde_json::from_value(report).map(Some).map_err(AppError::internal)?,
    };
    // What the exchange begins by itself has no report of its own: the file stays as it is.
    let told = kept.as_ref().map_or(0, |report| report.epoch);
    let Some(begun) = life::find_begun(conn)?.filter(|begun| begun.epoch > told) else { return Ok(kept) };
    Ok(Some(RecoveryReport {
        at_ms: begun.at_ms,
        cause: match begun.because {
            Because::ServerAhead => LifeCause::ServerAhead,
            Because::Forked => LifeCause::Forked,
        },
        actor: String::new(),
        from_epoch: begun.from_epoch,
        epoch: begun.epoch,
        series: device::get(conn)?.series,
        backup: None,
        quarantine: None,
        before: None,
        after: counts::of(conn)?.into(),
        documents_refilled: 0,
        unverified: Vec::new(),
        seen: false,
    }))
}

/// Imports that ran when the backup was made and whose files are gone since: they were finished later, or never. What
/// they had loaded comes back with the next sync; what they had not must be imported again.
fn end_lost_imports(tx: &Tx<'_>, dir: &Path, now_ms: i64) -> Result<Vec<Unverified>, AppError> {
    let mut lost = Vec::new();
    for job in jobs::list_unfinished(tx, JobKind::Products)? {
        if super::importing::job_path(dir, job.file_hash).exists() {
            continue;
        }
        jobs::finish(tx, job.file_hash, now_ms)?;
        lost.push(Unverified {
            code: "import.unfinished".to_owned(),
            subject: job.file_name,
            detail: json!({ "done": job.done, "total": job.total }).to_string(),
        });
    }
    Ok(lost)
}
