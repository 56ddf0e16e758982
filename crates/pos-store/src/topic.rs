//! What a write changed, in words that a screen can listen to.

use std::collections::BTreeSet;

/// Something that screens show and that a write may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Shared settings.
    Settings,
    /// Categories.
    Categories,
    /// Products and prices.
    Products,
    /// Bytes of products' pictures.
    Pictures,
    /// Stock.
    Stock,
    /// Customers.
    Customers,
    /// People.
    Cashiers,
    /// Disagreements.
    Conflicts,
    /// Sales and refunds.
    Sales,
    /// Carts.
    Carts,
    /// What customers owe.
    Accounts,
    /// The life of serial numbers.
    Serials,
    /// The drawer: shifts, cash in and out.
    Till,
    /// Operations and the exchange with the server.
    Sync,
}

/// What a write changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// What to read again.
    pub topics: BTreeSet<Topic>,
    /// Conflicts that this write opened, or opened again.
    pub conflicts_opened: u32,
    /// Rows that were written.
    pub rows: u32,
}

impl Changed {
    /// Adds what another write changed.
    pub fn join(&mut self, other: Self) {
        self.topics.extend(other.topics);
        self.conflicts_opened = self.conflicts_opened.saturating_add(other.conflicts_opened);
        self.rows = self.rows.saturating_add(other.rows);
    }
}
