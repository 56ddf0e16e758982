//! What one batch leaves for the next: products and balances as it committed them.
//!
//! A backlog of sales over a large catalogue would otherwise read most of it again in each transaction, page by page.
//! It is true as long as the feed's counter stands where that batch left it: whatever changes a product or a balance
//! moves the counter, in whichever transaction, program or server. Only what was committed comes here: a batch gives it
//! away as its last act, and whoever committed it keeps it.

use std::collections::HashMap;

use pos_domain::ProductId;
use uuid::Uuid;

use crate::batch::ProductFacts;
use crate::storage::business::BusinessRow;
use crate::storage::stock::LevelRow;

/// Most products that are remembered, some 20 MB: a large catalogue. Beyond it all are forgotten.
const MOST: usize = 100_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// Where the feed stood then.
    pub(crate) seq: u64,
    /// Whose change was the newest: a server that was put back may count up to the same place again.
    pub(crate) incarnation: Uuid,
    /// None that is deleted: such a row may be forgotten for good, which moves nothing in the feed.
    pub(crate) products: HashMap<ProductId, ProductFacts>,
    pub(crate) levels: HashMap<ProductId, LevelRow>,
}

impl Remembered {
    /// All of it while it is true, and nothing afterwards.
    pub(crate) fn while_true(self, business: &BusinessRow) -> Self {
        let stands = (self.seq, self.incarnation) == (business.feed_seq, business.incarnation);
        if stands { self } else { Self::default() }
    }

    /// All of it while it is small enough, and nothing otherwise.
    pub(crate) fn within_bounds(self) -> Self {
        if self.products.len().max(self.levels.len()) > MOST { Self::default() } else { self }
    }
}

#[cfg(test)]
mod tests {
    use pos_domain::Currency;
    use pos_domain::settings::ShopSettings;
    use pos_sqlite::OpenMode;

    use super::*;
    use crate::batch::{Batch, Failing, Origin};
    use crate::push::PushFault;
    use crate::storage::{Founding, Store, Tx};
    use crate::{Clock, Location};

    const NOBODY: Origin = Origin { device_id: None, op_id: None };
    const PRODUCT: ProductId = ProductId(Uuid::from_u128(1));

    fn store(folder: &tempfile::TempDir) -> Store {
        let settings = ShopSettings::new("Boutique", Currency::from_iso("GNF").unwrap(), "fr-GN");
        crate::found(folder.path(), &settings, &Clock::from_fn(|| 0)).unwrap();
        Store::open(&Location::embedded(folder.path()), OpenMode::ReadWrite, Founding::Never).unwrap()
    }

    /// Sets the balance in a batch of its own, and gives what that leaves.
    fn set(store: &Store, on_hand: i64) -> Remembered {
        let work = move |tx: Tx<'_>| -> Result<_, PushFault> {
            let mut batch = Batch::begin(tx, Failing::Together, 0, Remembered::default())?;
            batch.begin_operation();
            batch.set_level(PRODUCT, on_hand, 0, NOBODY)?;
            Ok(batch.finish()?.2)
        };
        store.write(work).unwrap()
    }

    /// The balance as the next batch sees it.
    fn seen(store: &Store, remembered: Remembered) -> LevelRow {
        let remembered = std::sync::Mutex::new(Some(remembered));
        let work = move |tx: Tx<'_>| -> Result<_, PushFault> {
            let remembered = remembered.lock().unwrap().take().unwrap();
            Ok(Batch::begin(tx, Failing::Together, 0, remembered)?.level(PRODUCT)?)
        };
        store.write(work).unwrap()
    }

    #[test]
    fn what_a_batch_committed_is_not_read_again_while_the_feed_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let first = set(&store, 5_000);
        let behind = |tx: Tx<'_>| tx.write("UPDATE stock_level SET on_hand_milli = 1", &[]);
        store.write(behind).unwrap();
        let level = seen(&store, first);
        assert_eq!((level.on_hand, level.rev), (5_000, 1), "nothing that moves the feed has changed it");
    }

    #[test]
    fn after_another_batch_nothing_of_an_earlier_one_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let first = set(&store, 5_000);
        drop(set(&store, 7_000));
        let level = seen(&store, first);
        assert_eq!((level.on_hand, level.rev), (7_000, 2), "the other batch moved the feed");
    }

    #[test]
    fn a_catalogue_beyond_the_bound_is_not_kept_in_memory() {
        let level = |n: usize| (ProductId(Uuid::from_u128(u128::try_from(n).unwrap())), LevelRow::default());
        let full = Remembered { levels: (0..MOST).map(level).collect(), ..Remembered::default() };
        assert_eq!(full.within_bounds().levels.len(), MOST);
        let beyond = Remembered { levels: (0..=MOST).map(level).collect(), ..Remembered::default() };
        assert_eq!(
            beyond.within_bounds().levels.len(),
            0,
            "all are forgotten, and read again when they are sold"
        );
    }
}
