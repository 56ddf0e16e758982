//! Backups: made, listed, copied to a second disk, and restored as a ceremony of the program, never as a copy of files.

use std::path::{Path, PathBuf};

use pos_store::backups::{self, Backup, Cause};
use pos_store::restore::{self, Intent};
use pos_store::verify::Depth;
use pos_store::{Conn, Store, StoreError, cashiers, counts, device, local, reading};
use serde_json::{Value, json};

use super::starting::{REPORT, RestoreNote, last_report};
use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::room;
use crate::view::{
    BackupList, BackupView, BackupWarning, BackupWarningCode, LifeCause, ReadingReport, RecoveryReport,
    RecoveryView,
};

/// The second folder, among what this register remembers for itself.
const FOLDER: &str = "backup_folder";
/// When the whole file was last found right.
const VERIFIED: &str = "verified_at_ms";
/// Code of the alarm that the server knows a newer copy of this register.
const FENCED: &str = "alarm.stale_epoch";

impl App {
    /// `backup.list`
    pub async fn list_backups(&self) -> Result<Outcome<BackupList>, AppError> {
        let backups = self.inner.store.backups();
        let (items, folder, verified_at_ms) = self
            .report(move |conn| {
                let items = backups::list(&backups).map_err(|e| AppError::file(&backups, e))?;
                let verified = local::find_setting(conn, VERIFIED)?.and_then(|at| at.as_i64());
                Ok((items, second_folder(conn)?, verified))
            })
            .await?;
        let (free_bytes, _) = room::look(self.dir());
        Ok(Outcome::read(BackupList {
            items: items.into_iter().map(BackupView::from).collect(),
            folder: folder.map(|folder| folder.to_string_lossy().into_owned()),
            warnings: self.warnings(),
            free_bytes,
            verified_at_ms,
        }))
    }

    /// `backup.make`: a verified copy now, and in the second folder when there is one.
    pub async fn make_backup(&self) -> Result<Outcome<BackupView>, AppError> {
        let backup = self.back_up(Cause::Person).await?;
        Ok(Outcome::changed(backup.into(), &[Topic::Settings]))
    }

    /// `backup.set_folder`: a second folder for copies, or none.
    pub async fn set_backup_folder(&self, folder: Option<String>) -> Result<Outcome<BackupList>, AppError> {
        let folder = folder.map(|folder| folder.trim().to_owned()).filter(|folder| !folder.is_empty());
        if let Some(folder) = folder.as_ref().filter(|folder| !Path::new(folder).is_dir()) {
            return Err(AppError::input("folder", format!("{folder} is no folder")));
        }
        self.write(move |tx| Ok(local::set_setting(tx, FOLDER, &json!(folder))?)).await?;
        self.settle_warning(BackupWarningCode::CopyFailed);
        Ok(Outcome { changed: vec![Topic::Settings], ..self.list_backups().await? })
    }

    /// `backup.restore`: sets the file of now aside, puts the backup in its place, brings the documents of the journal
    /// back and begins a new life. The rest comes from the server with the next sync.
    pub async fn restore_backup(&self, name: &str) -> Result<Outcome<RecoveryReport>, AppError> {
        let _nobody_sells = self.inner.checkout.lock().await;
        let folder = self.dir().to_owned();
        let backup = self.find_backup(name).await?;
        self.stage(&backup).await?;
        let (before, actor) = self.report(|conn| Ok((counts::of(conn)?.into(), actor(conn)?))).await?;
        // Whatever is final here must be in the journal before the file goes.
        self.keep().await?;
        self.stop_link().await;
        let note = RestoreNote { cause: LifeCause::Restored, actor, before: Some(before) };
        let note = serde_json::to_value(note).map_err(AppError::internal)?;
        let intent = Intent { backup: backup.name, quarantine: None, note };
        let replace = move |store: &Store| -> Result<Intent, AppError> {
            restore::decide(&folder, &intent)?;
            Ok(store.replace_file(intent)?)
        };
        let intent = self.inner.store.beside(replace).await?;
        self.settle_life(Some(intent)).await?;
        self.begin_session().await?;
        self.resume_work().await?;
        self.keep().await?;
        let report = self.read(last_report).await?;
        let report = report.ok_or_else(|| AppError::new(ErrorCode::StorageFailed))?;
        Ok(Outcome::changed(report, &Topic::ALL))
    }

    /// `recovery.report`
    pub async fn recovery(&self) -> Result<Outcome<RecoveryView>, AppError> {
        let (report, now, reading) = self
            .report(|conn| {
                let reading = reading::find(conn)?.map(ReadingReport::from);
                Ok((last_report(conn)?, counts::of(conn)?.into(), reading))
            })
            .await?;
        let alarm = self.sync_status().await?.value.alarm;
        let fenced = alarm.as_deref() == Some(FENCED);
        Ok(Outcome::read(RecoveryView { report, now, fenced, reading }))
    }

    /// `recovery.seen`: a person has read the report.
    pub async fn recovery_seen(&self) -> Result<Outcome<RecoveryView>, AppError> {
        self.write(|tx| {
            let Some(report) = last_report(tx)? else { return Ok(()) };
            let seen = serde_json::to_value(RecoveryReport { seen: true, ..report });
            Ok(local::set_setting(tx, REPORT, &seen.map_err(AppError::internal)?)?)
        })
        .await?;
        Ok(Outcome { changed: vec![Topic::Shop], ..self.recovery().await? })
    }

    /// `recovery.go_on`: the server knows a newer copy of this register and takes nothing more from here; the owner
    /// decides that this one goes on. The other copy is fenced then.
    pub async fn go_on_here(&self) -> Result<Outcome<RecoveryReport>, AppError> {
        let _nobody_sells = self.inner.checkout.lock().await;
        let link = self.joined_link().await?;
        let newest = link.newest_life().await?;
        let (epoch, actor) = self.read(|conn| Ok((device::get(conn)?.epoch, actor(conn)?))).await?;
        if newest <= epoch {
            return Err(AppError::new(ErrorCode::RecoveryNotFenced));
        }
        self.stop_link().await;
        let begun = self.go_on_above(newest, actor).await;
        // Whatever became of it, what is sold goes to the server.
        let resumed = self.resume_work().await;
        begun.and(resumed)?;
        let report = self.read(last_report).await?;
        let report = report.ok_or_else(|| AppError::new(ErrorCode::StorageFailed))?;
        Ok(Outcome::changed(report, &Topic::ALL))
    }

    /// A backup, its copy, and the rotation of both. A copy that fails is a warning.
    pub(crate) async fn back_up(&self, cause: Cause) -> Result<Backup, AppError> {
        let (app, now_ms) = (self.clone(), self.now_ms());
        let second = self.read(second_folder).await?;
        let make = move |_: &Store| app.back_up_blocking(cause, now_ms, second.as_deref());
        self.inner.store.beside(make).await
    }

    /// A backup before something that changes much at once. One that cannot be made is a warning and stops nobody.
    pub(crate) async fn save_before(&self, cause: Cause) {
        if let Err(error) = self.back_up(cause).await {
            tracing::warn!(code = error.code.as_str(), ?cause, "no backup was made before");
        }
    }

    fn back_up_blocking(&self, cause: Cause, now_ms: i64, second: Option<&Path>) -> Result<Backup, AppError> {
        let store = &self.inner.store;
        let bytes = std::fs::metadata(store.path()).map_or(0, |metadata| metadata.len());
        let made = room::check_for_backup(self.dir(), bytes)
            .and_then(|()| store.back_up(cause, now_ms).map_err(AppError::from));
        let backup = made.inspect_err(|error| self.warn(BackupWarningCode::BackupFailed, error))?;
        self.settle_warning(BackupWarningCode::BackupFailed);
        if let Some(second) = second {
            let copied = backups::copy_to(&store.backups(), &backup, second)
                .and_then(|()| backups::rotate(second, now_ms).map(drop));
            match copied.map_err(|e| AppError::file(second, e)) {
                Ok(()) => self.settle_warning(BackupWarningCode::CopyFailed),
                Err(error) => self.warn(BackupWarningCode::CopyFailed, &error),
            }
        }
        Ok(backup)
    }

    async fn find_backup(&self, name: &str) -> Result<Backup, AppError> {
        let (folder, name) = (self.inner.store.backups(), name.to_owned());
        let find = move |_: &Store| {
            let items = backups::list(&folder).map_err(|e| AppError::file(&folder, e))?;
            let found = items.into_iter().find(|backup| backup.name == name);
            found.ok_or_else(|| AppError::with(ErrorCode::BackupNotFound, json!({ "name": name })))
        };
        self.inner.store.beside(find).await
    }

    /// Lays a checked copy beside the file, if it is one of this register.
    async fn stage(&self, backup: &Backup) -> Result<(), AppError> {
        let (folder, name) = (self.dir().to_owned(), backup.name.clone());
        room::check_for_backup(&folder, backup.bytes)?;
        let own = self.read(|conn| Ok(device::get(conn)?.device_id)).await?;
        let stage = move |_: &Store| {
            let refused =
                |code, detail: String| AppError::with(code, json!({ "name": name, "detail": detail }));
            match restore::stage(&folder, &name) {
                Ok(Some(device_id)) if device_id == own => Ok(()),
                Ok(_) => {
                    restore::unstage(&folder)?;
                    Err(refused(ErrorCode::BackupOtherRegister, String::new()))
                }
                Err(error @ StoreError::Corrupt { .. }) => {
                    Err(refused(ErrorCode::BackupUnsound, error.to_string()).caused_by(error))
                }
                Err(error) => Err(error.into()),
            }
        };
        self.inner.store.beside(stage).await
    }

    /// The round that is made once a minute while a window is open: the hourly backup, the weekly check, the reserve,
    /// and a warning while there is little room.
    pub(crate) async fn upkeep(&self) {
        if let Err(error) = self.look_after().await {
            tracing::warn!(code = error.code.as_str(), "the round of upkeep was not finished");
        }
    }

    async fn look_after(&self) -> Result<(), AppError> {
        if self.read(|conn| Ok(device::find(conn)?)).await?.is_none() {
            return Ok(());
        }
        let (free, level) = room::look(self.dir());
        match level {
            room::Level::Plenty => self.settle_warning(BackupWarningCode::DiskLow),
            room::Level::Low | room::Level::Out => {
                let params = json!({ "free_bytes": free });
                self.warn(BackupWarningCode::DiskLow, &AppError::with(ErrorCode::StorageDiskLow, params));
            }
        }
        let app = self.clone();
        let lay = move |_: &Store| -> Result<(), AppError> {
            app.inner.room.keep_reserve(app.dir());
            Ok(())
        };
        self.inner.store.beside(lay).await?;
        self.check_journal().await?;
        if self.backup_is_due().await? {
            let sound = self.check_when_due().await?;
            self.back_up(Cause::Hourly).await?;
            // Older backups are not given up while the file is in doubt.
            if sound {
                let (folder, now_ms) = (self.inner.store.backups(), self.now_ms());
                let rotate = move |_: &Store| {
                    backups::rotate(&folder, now_ms).map(drop).map_err(|e| AppError::file(&folder, e))
                };
                self.inner.store.beside(rotate).await?;
            }
        }
        self.forget_pictures().await
    }

    /// An hour has passed, and something was written since the last backup.
    async fn backup_is_due(&self) -> Result<bool, AppError> {
        let (folder, now_ms) = (self.inner.store.backups(), self.now_ms());
        let look = move |store: &Store| -> Result<bool, AppError> {
            let newest = backups::list(&folder).map_err(|e| AppError::file(&folder, e))?.into_iter().next();
            let Some(newest) = newest else { return Ok(true) };
            let changed_at_ms = store.changed_at_ms().map_err(|e| AppError::file(store.path(), e))?;
            // Also when the clock went back: the distance counts.
            let hour_passed = now_ms.abs_diff(newest.made_at_ms) >= HOUR_MS;
            Ok(hour_passed && changed_at_ms > newest.made_at_ms)
        };
        self.inner.store.beside(look).await
    }

    /// Checks the whole file once a week; whether it was found right the last time.
    async fn check_when_due(&self) -> Result<bool, AppError> {
        let checked = self.read(|conn| Ok(local::find_setting(conn, VERIFIED)?)).await?;
        let now_ms = self.now_ms();
        let due = checked.and_then(|at| at.as_i64()).is_none_or(|at| now_ms.abs_diff(at) >= WEEK_MS);
        if due {
            self.check_file(Depth::Full).await?;
        }
        Ok(!self.warnings().iter().any(|warning| warning.code == BackupWarningCode::VerifyFound))
    }

    /// Checks the file, and warns of what is found.
    pub(crate) async fn check_file(&self, depth: Depth) -> Result<(), AppError> {
        let report = self.verify(depth == Depth::Full).await?.value;
        if !report.ok {
            let detail = report.findings.first().map(|finding| finding.detail.clone()).unwrap_or_default();
            let found = json!({ "findings": report.findings.len(), "first": detail });
            tracing::error!(findings = report.findings.len(), detail, "the file is not right");
            self.warn(BackupWarningCode::VerifyFound, &AppError::with(ErrorCode::StorageFailed, found));
            return Ok(());
        }
        if depth == Depth::Full {
            self.settle_warning(BackupWarningCode::VerifyFound);
            let now_ms = self.now_ms();
            self.write(move |tx| Ok(local::set_setting(tx, VERIFIED, &json!(now_ms))?)).await?;
        }
        Ok(())
    }

    /// What a person should know of backups, by kind.
    fn warnings(&self) -> Vec<BackupWarning> {
        self.lock_warnings().values().cloned().collect()
    }

    /// Notes something that a person should know; nothing waits for it.
    pub(crate) fn warn(&self, code: BackupWarningCode, error: &AppError) {
        tracing::warn!(?code, error = error.code.as_str(), params = %error.params, "a warning about backups");
        let detail = format!("{} {}", error.code.as_str(), error.params);
        let at_ms = self.now_ms();
        let mut warnings = self.lock_warnings();
        let known = warnings.contains_key(&code);
        warnings.entry(code).or_insert(BackupWarning { code, at_ms, detail });
        drop(warnings);
        if !known {
            self.announce(&[Topic::Settings]);
        }
    }

    /// What was warned of is over.
    pub(crate) fn settle_warning(&self, code: BackupWarningCode) {
        if self.lock_warnings().remove(&code).is_some() {
            self.announce(&[Topic::Settings]);
        }
    }
}

/// An hour in milliseconds.
const HOUR_MS: u64 = 60 * 60 * 1_000;
/// A week in milliseconds.
const WEEK_MS: u64 = 7 * 24 * HOUR_MS;

fn second_folder(conn: &Conn) -> Result<Option<PathBuf>, AppError> {
    let folder = local::find_setting(conn, FOLDER)?;
    Ok(folder.as_ref().and_then(Value::as_str).map(PathBuf::from))
}

/// Who stands at the register.
fn actor(conn: &Conn) -> Result<String, AppError> {
    let cashier = device::get(conn)?.cashier_id.map(|id| cashiers::find(conn, id)).transpose()?.flatten();
    Ok(cashier.map(|cashier| cashier.row.name).unwrap_or_default())
}
