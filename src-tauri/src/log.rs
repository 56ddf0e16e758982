//! The log of the process: to files in the data folder, one a day, two weeks of them.
//!
//! What is said is up to those who say it: no customer, no receipt and no secret is ever in a log.

use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Files kept, one a day.
const DAYS: usize = 14;
/// What is written down unless `COMPTOIR_LOG` says otherwise.
const DEFAULT: &str = "warn,pos_api=info,pos_app=info,pos_sync=info";

/// Begins to write. Without a folder to write to, the till works on and tells nothing.
pub(crate) fn write_to(data: &Path) {
    let filter = EnvFilter::try_from_env("COMPTOIR_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let folder = data.join("logs");
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("comptoir")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder);
    let Ok(files) = files else { return };
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(files).init();
}
