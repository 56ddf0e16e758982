//! What a use case answers: a value, and which things changed so that whoever shows them fetches them again.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A kind of thing that is shown somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The shop itself: first run, joining, people.
    Shop,
    /// The open cart and held ones.
    Cart,
    /// Completed sales.
    Sales,
    /// Products and categories.
    Products,
    /// Bytes of pictures that have arrived.
    Pictures,
    /// Customers.
    Customers,
    /// Stock.
    Stock,
    /// Queue, status, history.
    Sync,
    /// Conflicts.
    Conflicts,
    /// Settings.
    Settings,
    /// What customers owe.
    Accounts,
    /// The life of serial numbers.
    Serials,
    /// The drawer: shifts, cash in and out.
    Till,
    /// What was asked of the printers.
    Printing,
}

impl Topic {
    /// All topics, for a listener that missed some news.
    pub const ALL: [Self; 14] = [
        Self::Shop,
        Self::Cart,
        Self::Sales,
        Self::Products,
        Self::Pictures,
        Self::Customers,
        Self::Stock,
        Self::Sync,
        Self::Conflicts,
        Self::Settings,
        Self::Accounts,
        Self::Serials,
        Self::Till,
        Self::Printing,
    ];
}

/// The answer of a use case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Outcome<T> {
    /// The answer.
    pub value: T,
    /// What changed.
    pub changed: Vec<Topic>,
}

impl<T> Outcome<T> {
    /// Nothing changed.
    pub fn read(value: T) -> Self {
        Self { value, changed: Vec::new() }
    }

    /// Something changed.
    pub fn changed(value: T, changed: &[Topic]) -> Self {
        Self { value, changed: changed.to_vec() }
    }
}
