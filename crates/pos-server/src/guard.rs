//! Runs a part of an operation so that nothing of it stays when it fails: in the database, and in the batch.
//!
//! A refused operation that leaves something behind would be a ghost, and one that takes its neighbours along would block
//! a register's queue. A savepoint for each prevents both, and costs a tenth of a sale. So a batch runs without any at
//! first; when something fails after its first write, the whole transaction is taken back and run again with them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::apply::ApplyError;
use crate::batch::{Batch, Failing};
use crate::push::PushFault;

/// Runs work so that whatever it did is undone when it fails, in the database and in the batch, even when this program
/// panics in it: the operations around it stand, or all of them run again.
pub(crate) fn guarded<T>(
    batch: &mut Batch<'_>,
    work: impl FnOnce(&mut Batch<'_>) -> Result<T, ApplyError>,
) -> Result<Result<T, ApplyError>, PushFault> {
    let (tx, failing) = (batch.tx, batch.failing);
    let run = || catch_unwind(AssertUnwindSafe(|| work(&mut *batch))).unwrap_or(Err(ApplyError::Panicked));
    let result = match failing {
        Failing::Alone => tx.savepoint(run)?,
        Failing::Together => {
            let before = tx.writes();
            match run() {
                // Refused before its first write, it has left nothing.
                Err(ApplyError::Refused(verdict)) if tx.writes() == before => {
                    Err(ApplyError::Refused(verdict))
                }
                Err(fault) => return Err(PushFault::HalfDone(fault)),
                Ok(value) => Ok(value),
            }
        }
    };
    if result.is_err() {
        batch.undo();
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use pos_domain::settings::ShopSettings;
    use pos_domain::{Currency, ProductId};
    use pos_protocol::{RejectReason, Verdict};
    use pos_sqlite::OpenMode;
    use uuid::Uuid;

    use super::*;
    use crate::batch::Origin;
    use crate::remembered::Remembered;
    use crate::storage::{Founding, Sql, Store, Tx, WriteFault};
    use crate::{Clock, Location, storage};

    const NOBODY: Origin = Origin { device_id: None, op_id: None };

    fn store(folder: &tempfile::TempDir) -> Store {
        let settings = ShopSettings::new("Boutique", Currency::from_iso("GNF").unwrap(), "fr-GN");
        crate::found(folder.path(), &settings, &Clock::from_fn(|| 0)).unwrap();
        Store::open(&Location::embedded(folder.path()), OpenMode::ReadWrite, Founding::Never).unwrap()
    }

    fn write_something(tx: Tx<'_>) -> Sql<()> {
        storage::audit::record(tx, 0, "half done", None, None, &serde_json::json!({}))
    }

    fn count_entries(tx: Tx<'_>) -> Sql<i64> {
        tx.get("SELECT count(*) AS kept FROM audit", &[], |row| row.get("kept"))
    }

    fn refusal() -> ApplyError {
        let (reason, detail) = (RejectReason::Validation, String::new());
        ApplyError::Refused(Box::new(Verdict::Rejected { reason, field: None, detail }))
    }

    #[test]
    fn together_an_early_refusal_takes_nobody_along_and_a_late_one_takes_the_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let product = ProductId(Uuid::from_u128(1));
        let work = move |tx: Tx<'_>| -> Result<(), PushFault> {
            let mut batch = Batch::begin(tx, Failing::Together, 0, Remembered::default())?;
            batch.begin_operation();
            batch.set_level(product, 5_000, 0, NOBODY)?;
            batch.begin_operation();
            let early = guarded(&mut batch, |batch| -> Result<(), ApplyError> {
                batch.set_level(product, 1_000, 0, NOBODY)?;
                Err(refusal())
            })?;
            assert!(matches!(early, Err(ApplyError::Refused(_))));
            assert_eq!(batch.level(product)?.on_hand, 5_000, "the operation before it stands");
            let late = guarded(&mut batch, |batch| -> Result<(), ApplyError> {
                write_something(batch.tx)?;
                Err(refusal())
            });
            late.map(drop)
        };
        let fault = store.write(work).unwrap_err();
        assert!(matches!(fault, WriteFault::Job(PushFault::HalfDone(ApplyError::Refused(_)))), "{fault:?}");
        let kept = store.read(pos_sqlite::ReadLane::Quick, count_entries).unwrap();
        assert_eq!(kept, 0, "what it had written went with everything");
    }

    #[test]
    fn an_operation_that_panics_leaves_nothing_in_the_file_or_the_batch() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let product = ProductId(Uuid::from_u128(1));
        let work = move |tx: Tx<'_>| -> Result<_, PushFault> {
            let mut batch = Batch::begin(tx, Failing::Alone, 0, Remembered::default())?;
            batch.begin_operation();
            batch.set_level(product, 5_000, 0, NOBODY)?;
            batch.begin_operation();
            let panicked = guarded(&mut batch, |batch| -> Result<(), ApplyError> {
                batch.set_level(product, 1_000, 0, NOBODY)?;
                batch.set_level(ProductId(Uuid::from_u128(2)), 1_000, 0, NOBODY)?;
                write_something(batch.tx)?;
                panic!("planted");
            })?;
            assert!(matches!(panicked, Err(ApplyError::Panicked)));
            assert_eq!(count_entries(tx)?, 0, "the savepoint took it back");
            assert_eq!(batch.level(product)?.on_hand, 5_000, "the operation before it stands");
            batch.finish()?;
            Ok(tx.get("SELECT count(*) AS balances FROM stock_level", &[], |row| row.get("balances"))?)
        };
        let balances: i64 = store.write(work).unwrap();
        assert_eq!(balances, 1, "the one that only the panic touched is not written");
    }
}
