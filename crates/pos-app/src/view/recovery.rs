//! Backups, and what a restore did.

use pos_domain::Quantity;
use pos_store::reading::Reading;
use pos_store::{backups, counts};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BackupCause {
    /// By the clock, because something had changed.
    Hourly,
    /// A person asked for it.
    Person,
    /// Before the rows of a server were read for the first time, or once more from the beginning.
    FirstSync,
    /// Before a product list was loaded.
    Import,
    /// Before a newer program changed the file's shape.
    Migration,
    /// The drawer was closed.
    Closing,
}

/// One backup: a verified copy of everything this register has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BackupView {
    /// Its name, by which it is restored.
    pub name: String,
    /// Why it was made.
    pub cause: BackupCause,
    /// When.
    pub made_at_ms: i64,
    /// Its size.
    pub bytes: u64,
}

/// Something about backups that a person should know. Nothing waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BackupWarning {
    /// What.
    pub code: BackupWarningCode,
    /// Since when.
    pub at_ms: i64,
    /// For support.
    pub detail: String,
}

/// What a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BackupWarningCode {
    /// The last backup could not be made.
    BackupFailed,
    /// The second folder is missing, full or read-only.
    CopyFailed,
    /// The journal of final documents could not be written.
    JournalFailed,
    /// The check of the file found something: see `verify.run`.
    VerifyFound,
    /// The disk will soon be full.
    DiskLow,
}

/// The backups of this register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BackupList {
    /// Newest first.
    pub items: Vec<BackupView>,
    /// A second folder, such as on a removable disk, that gets a copy of each.
    pub folder: Option<String>,
    /// What a person should know.
    pub warnings: Vec<BackupWarning>,
    /// Room on the disk, in bytes; null when the system does not tell.
    pub free_bytes: Option<u64>,
    /// When the whole file was last checked and found right.
    pub verified_at_ms: Option<i64>,
}

/// Why a new life of this register's file began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LifeCause {
    /// A person restored a backup.
    Restored,
    /// The file was damaged or gone; the newest sound backup took its place.
    Damaged,
    /// The file was older than what this register had done: somebody put an old one back.
    WentBack,
    /// The folder was copied from another place or machine.
    Copied,
    /// The note beside the file, by which all this is known, was lost.
    MarkLost,
    /// The note beside the file told of another register.
    OtherRegister,
    /// The server knew more of this register than the file did.
    ServerAhead,
    /// The server knew of another copy, and a person decided that this one goes on.
    Person,
    /// Another copy of this register worked in the same life.
    Forked,
}

/// How much a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Counts {
    /// Final documents.
    pub sales: u64,
    /// Products.
    pub products: u64,
    /// Customers.
    pub customers: u64,
    /// Sum of the stock of all products as shown.
    pub stock: Quantity,
    /// Operations that the server does not have yet.
    pub pending: u64,
}

/// Something that could not be brought back or checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Unverified {
    /// Stable code, such as `journal.gap`.
    pub code: String,
    /// The document or operation.
    pub subject: String,
    /// In words, for support.
    pub detail: String,
}

/// What happened when a new life of the file began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecoveryReport {
    /// When.
    pub at_ms: i64,
    /// Why.
    pub cause: LifeCause,
    /// Who asked for it; empty when nobody did.
    pub actor: String,
    /// Life of the file as it was found.
    pub from_epoch: u32,
    /// Life of the file now.
    pub epoch: u32,
    /// Series in which documents are numbered from now on.
    pub series: String,
    /// The backup that was put in place.
    pub backup: Option<String>,
    /// Folder, in the data folder, in which the old file was kept.
    pub quarantine: Option<String>,
    /// What the old file held, when it could be read.
    pub before: Option<Counts>,
    /// What the new one held, with the documents brought back and before the next sync.
    pub after: Counts,
    /// Final documents that came back from the journal, with their numbers.
    pub documents_refilled: u32,
    /// What could not be brought back or checked.
    pub unverified: Vec<Unverified>,
    /// A person has read this.
    pub seen: bool,
}

/// What a person is shown of the last restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RecoveryView {
    /// The last one; null when there never was one.
    pub report: Option<RecoveryReport>,
    /// What the file holds now.
    pub now: Counts,
    /// The server knows of a newer copy of this register and takes nothing from here: a person must decide whether this
    /// one goes on (`recovery.go_on`).
    pub fenced: bool,
    /// The last time that everything was read from the server; null before the first.
    pub reading: Option<ReadingReport>,
}

/// What this register held before and after everything was read from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ReadingReport {
    /// When it began, in milliseconds since 1970 UTC.
    pub began_at_ms: i64,
    /// When it ended; null while it runs.
    pub ended_at_ms: Option<i64>,
    /// Name of the backup that was made before; null when there was nothing to save, or no room.
    pub backup: Option<String>,
    /// What the file held before.
    pub before: Counts,
    /// What it held afterwards.
    pub after: Option<Counts>,
}

impl From<Reading> for ReadingReport {
    fn from(reading: Reading) -> Self {
        let Reading { began_at_ms, ended_at_ms, backup, before, after } = reading;
        Self { began_at_ms, ended_at_ms, backup, before: before.into(), after: after.map(Counts::from) }
    }
}

impl From<backups::Cause> for BackupCause {
    fn from(cause: backups::Cause) -> Self {
        match cause {
            backups::Cause::Hourly => Self::Hourly,
            backups::Cause::Person => Self::Person,
            backups::Cause::FirstSync => Self::FirstSync,
            backups::Cause::Import => Self::Import,
            backups::Cause::Migration => Self::Migration,
            backups::Cause::Closing => Self::Closing,
        }
    }
}

impl From<backups::Backup> for BackupView {
    fn from(backup: backups::Backup) -> Self {
        let backups::Backup { name, cause, made_at_ms, bytes } = backup;
        Self { name, cause: cause.into(), made_at_ms, bytes }
    }
}

impl From<counts::Counts> for Counts {
    fn from(counts: counts::Counts) -> Self {
        let counts::Counts { sales, products, customers, stock_milli, pending } = counts;
        // A sum that no shelf could hold would be a damaged file; nothing else hangs on this number.
        let stock = Quantity::from_milli(stock_milli).unwrap_or(Quantity::ZERO);
        Self { sales, products, customers, stock, pending }
    }
}
