//! What a use case answers: a value, and which things changed so that whoever shows them fetches them again.

use pos_domain::Role;
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
}

impl Topic {
    /// All topics, for a listener that missed some news.
    pub const ALL: [Self; 10] = [
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

/// What a person must be allowed to do for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Look, and set up a machine that has no shop yet.
    Look,
    /// Ring up sales.
    Sell,
    /// Sell at another price than the catalogue's.
    OverridePrice,
    /// Change products, customers and stock.
    EditCatalogue,
    /// Pause, retry and repair sync.
    OperateSync,
    /// Decide conflicts.
    DecideConflicts,
    /// Change what the whole business shares.
    ChangeSettings,
}

impl Permission {
    /// The permission's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Sell => "sell",
            Self::OverridePrice => "override_price",
            Self::EditCatalogue => "edit_catalogue",
            Self::OperateSync => "operate_sync",
            Self::DecideConflicts => "decide_conflicts",
            Self::ChangeSettings => "change_settings",
        }
    }
}

impl Permission {
    /// Whether a role may do it. The defaults of the trade; editable roles come with the people's room.
    pub const fn allowed_to(self, role: Role) -> bool {
        match (role, self) {
            (Role::Owner, _) | (_, Self::Look | Self::Sell | Self::OperateSync) => true,
            (Role::Manager, Self::OverridePrice | Self::EditCatalogue | Self::DecideConflicts) => true,
            (Role::Manager, Self::ChangeSettings) => false,
            (
                Role::Cashier,
                Self::OverridePrice | Self::EditCatalogue | Self::DecideConflicts | Self::ChangeSettings,
            ) => false,
        }
    }
}
