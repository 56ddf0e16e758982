//! How use cases reach the register's file: reads, long reads, and writes whose outcome may be unknown.

use pos_store::{Conn, Priority, Tx};

use super::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::room;

impl App {
    /// Runs a read of the file on its own thread.
    pub(crate) async fn read<T, F>(&self, job: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Conn) -> Result<T, AppError> + Send + 'static,
    {
        self.inner.store.read_async(job).await
    }

    /// Runs a long read without delaying quick ones.
    pub(crate) async fn report<T, F>(&self, job: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Conn) -> Result<T, AppError> + Send + 'static,
    {
        self.inner.store.report_async(job).await
    }

    /// Runs a write of the till in one transaction. After an unknown outcome the file is reopened, so that the caller
    /// can look whether it was done.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, AppError> + Send + 'static,
    {
        if self.inner.store.is_stopped() {
            // While the file stays shut this write is refused, not unknown: nothing of it was tried.
            self.reopen_writer()?;
        }
        let result = self.inner.store.write_async(Priority::Till, job).await;
        if result.as_ref().is_err_and(|e| e.code == ErrorCode::StorageUnknownOutcome)
            && let Err(error) = self.reopen_writer()
        {
            tracing::error!(
                code = error.code.as_str(),
                "the outcome stays unknown until the file opens again"
            );
        }
        self.inner.keeper.notice();
        result
    }

    /// Like [`App::write`] for a sale in progress: on a full disk it gets the reserve and is written all the same.
    pub(crate) async fn write_sale<T, F>(&self, job: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, AppError> + Clone + Send + 'static,
    {
        match self.write(job.clone()).await {
            Err(e) if e.code == ErrorCode::StorageDiskFull && self.inner.room.give_reserve() => {
                self.write(job).await
            }
            other => other,
        }
    }

    /// Settles an unknown outcome. A full disk is the usual reason for one, and settling it takes room as well.
    fn reopen_writer(&self) -> Result<(), AppError> {
        let (_, level) = room::look(self.dir());
        if level == room::Level::Out {
            self.inner.room.give_reserve();
        }
        Ok(self.inner.store.reopen_writer()?)
    }
}
