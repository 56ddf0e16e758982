//! What is asked of checks and backups.

use serde::Deserialize;
use ts_rs::TS;

/// `verify.run`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RunVerify {
    /// Everything, not only the last thousand documents.
    pub full: bool,
}

/// `backup.restore`
#[derive(Debug, Deserialize, TS)]
pub struct RestoreBackup {
    /// Name of the backup.
    pub name: String,
}

/// `backup.set_folder`
#[derive(Debug, Deserialize, TS)]
pub struct SetBackupFolder {
    /// A folder that exists, such as on a removable disk; null for none.
    pub folder: Option<String>,
}
