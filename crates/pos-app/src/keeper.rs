//! What is kept beside the database: the journal of final documents and the high-water mark.
//!
//! Both are written behind the commit that they tell of, from what a reader of the file sees, off the way of a sale: a
//! receipt never waits for them. A program that is killed in between leaves them a moment behind; the next start
//! catches up. Neither is ever ahead of the file, so neither can raise a false alarm.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pos_store::journal::Journal;
use pos_store::mark::{self, Mark, MarkFile};
use pos_store::{Priority, Store, StoreError, device};
use tokio::sync::Notify;

use crate::app::{App, WeakApp};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::view::BackupWarningCode;

/// How long after a write the keeper sets to work, 100 ms: the two transactions of a checkout and the sales of a busy
/// minute then share one fsync, and none of them meets the fsync of the sale itself.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How often, without any write, the round of upkeep is made: a minute.
const ROUND: Duration = Duration::from_secs(60);

/// Journal and mark of one open register.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    /// `None` until there is a register, and when it is only read.
    open: Mutex<Option<Open>>,
    written: Arc<Notify>,
}

#[derive(Debug)]
struct Open {
    journal: Journal,
    mark: MarkFile,
    kept: bool,
}

impl Keeper {
    /// Something was committed.
    pub(crate) fn notice(&self) {
        self.written.notify_one();
    }

    /// Brings journal and mark up to the file. Blocks the calling thread; one at a time.
    fn step(&self, store: &Store) -> Result<(), StoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(device) = store.read(device::find)? else { return Ok(()) };
        if open.is_none() {
            let folder = store.folder();
            let journal = Journal::open(folder, device.device_id).map_err(StoreError::file)?;
            let mark = MarkFile::open(folder).map_err(StoreError::file)?;
            *open = Some(Open { journal, mark, kept: false });
        }
        let Some(Open { journal, mark: note, kept }) = open.as_mut() else { return Ok(()) };
        // Read before the journal is written: the mark must not tell of documents that the journal lacks.
        let reached = Mark::of(&device);
        journal.catch_up(store)?;
        note.write(&reached).map_err(StoreError::file)?;
        if !*kept {
            store.write(Priority::Sync, mark::note_kept)?;
            *kept = true;
        }
        Ok(())
    }
}

impl Keeper {
    /// Whether the journal still ends where this program left it; what it lacks is appended. Blocks the calling thread.
    fn check(&self, store: &Store) -> Result<bool, StoreError> {
        let whole = match self.open.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(open) => open.journal.is_whole().map_err(StoreError::file)?,
            None => true,
        };
        self.step(store)?;
        Ok(whole)
    }
}

impl App {
    /// Brings the journal up to the file; whether it still ended where this program had left it. One that is only read
    /// has none of its own to look after.
    pub(crate) async fn check_journal(&self) -> Result<bool, AppError> {
        if !self.may_write() {
            return Ok(true);
        }
        let app = self.clone();
        let whole = self.inner.store.beside(move |store| app.inner.keeper.check(store)).await?;
        if !whole {
            let error = AppError::new(ErrorCode::StorageFailed);
            tracing::error!("the journal of receipts was cut while this register ran; it is complete again");
            self.warn(BackupWarningCode::JournalFailed, &error);
        }
        Ok(whole)
    }

    /// Brings what is kept beside the database up to it, and returns when it is on the disk. A journal that cannot be
    /// written is a warning: selling goes on. A shop's register does it by itself a moment after each write; in a world in
    /// process the caller does.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn keep(&self) -> Result<(), AppError> {
        let app = self.clone();
        let kept = self.inner.store.beside(move |store| app.inner.keeper.step(store));
        match kept.await {
            Ok(()) => {
                self.settle_warning(BackupWarningCode::JournalFailed);
                Ok(())
            }
            Err(error) => {
                let error = AppError::from(error);
                self.warn(BackupWarningCode::JournalFailed, &error);
                Err(error)
            }
        }
    }

    /// Keeps up with the file until the register is closed, and makes the rounds of upkeep.
    pub(crate) fn keep_on(&self) {
        let written = Arc::clone(&self.inner.keeper.written);
        let app = self.downgrade();
        tokio::spawn(async move {
            loop {
                let by_write = tokio::select! {
                    () = written.notified() => true,
                    () = tokio::time::sleep(ROUND) => false,
                };
                if by_write {
                    tokio::time::sleep(DEBOUNCE).await;
                }
                if !round(&app, by_write).await {
                    return;
                }
            }
        });
    }
}

/// One turn; `false` when the register is closed.
async fn round(app: &WeakApp, by_write: bool) -> bool {
    let Some(app) = app.upgrade().filter(|app| !app.is_closed()) else { return false };
    if by_write {
        if let Err(error) = app.keep().await {
            tracing::warn!(code = error.code.as_str(), "the journal could not be written");
        }
    } else {
        app.upkeep().await;
    }
    true
}
