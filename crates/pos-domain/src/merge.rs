//! Field-level merging of edited rows, and the clocks that order edits.
//!
//! A row is a JSON object. Different fields merge; the same field with the same value is no matter; the same field
//! with different values is decided by its strategy, or becomes a dispute for a person. Causality is decided by
//! version vectors, never by a clock; the hybrid logical clock only breaks ties for last-write-wins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

use crate::settings::FieldStrategy;

/// The fields of a row.
pub type Fields = Map<String, Value>;

/// A hybrid logical clock reading (Kulkarni et al. 2014): physical milliseconds, then a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default, TS)]
pub struct Hlc {
    /// Physical part, milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub wall_ms: i64,
    /// Orders events within one millisecond, or while the physical clock stands still or runs back.
    pub counter: u32,
}

impl Hlc {
    /// The next reading after `self` when the physical clock says `now_ms`.
    #[must_use]
    pub fn tick(self, now_ms: i64) -> Self {
        #[cfg(feature = "planted")]
        if pos_planted::is(pos_planted::Bug::EditClockRunsBack) {
            return Self { wall_ms: now_ms, counter: 0 };
        }
        if now_ms > self.wall_ms {
            return Self { wall_ms: now_ms, counter: 0 };
        }
        // A full counter, as a broken machine might send, moves on to the next millisecond: a reading never repeats.
        self.counter.checked_add(1).map_or_else(
            || Self { wall_ms: self.wall_ms.saturating_add(1), counter: 0 },
            |counter| Self { wall_ms: self.wall_ms, counter },
        )
    }

    /// The next reading after both `self` and a reading received from elsewhere.
    #[must_use]
    pub fn receive(self, other: Self, now_ms: i64) -> Self {
        self.max(other).tick(now_ms)
    }
}

/// What each authority has seen of a row: authority -> revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(transparent)]
pub struct VersionVector(#[ts(type = "Record<string, number>")] pub BTreeMap<String, u64>);

/// How two version vectors stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Causality {
    /// Both have seen the same.
    Equal,
    /// The left one has seen everything of the right one, and more.
    After,
    /// The right one has seen everything of the left one, and more.
    Before,
    /// Neither has seen the other.
    Concurrent,
}

impl VersionVector {
    /// Compares what two vectors have seen.
    pub fn compare(&self, other: &Self) -> Causality {
        let ahead = |a: &Self, b: &Self| a.0.iter().any(|(k, v)| *v > b.0.get(k).copied().unwrap_or(0));
        match (ahead(self, other), ahead(other, self)) {
            (false, false) => Causality::Equal,
            (true, false) => Causality::After,
            (false, true) => Causality::Before,
            (true, true) => Causality::Concurrent,
        }
    }

    /// Has seen everything that either has seen.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        for (authority, rev) in &other.0 {
            let slot = joined.0.entry(authority.clone()).or_insert(0);
            *slot = (*slot).max(*rev);
        }
        joined
    }
}

/// One field that two people changed to different values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldDispute {
    /// Name of the field.
    pub field: String,
    /// Before either change.
    #[ts(type = "unknown")]
    pub base: Value,
    /// What the register brings.
    #[ts(type = "unknown")]
    pub incoming: Value,
    /// What the server has.
    #[ts(type = "unknown")]
    pub current: Value,
    /// Who won meanwhile; `manual` waits for a person.
    pub strategy: FieldStrategy,
}

/// The result of merging an edit into a row that has changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The row after the merge.
    pub fields: Fields,
    /// Fields whose value changed by the merge.
    pub changed: Vec<String>,
    /// Fields with two different new values, each with the strategy that decided it.
    pub disputes: Vec<FieldDispute>,
}

/// Merges an edit (`base` -> `changes`) into `current`.
///
/// `incoming_is_later` is the answer of the hybrid logical clocks and is used by last-write-wins only. While a
/// dispute waits for a person, the server's value stands.
pub fn merge_fields(
    base: &Fields,
    changes: &Fields,
    current: &Fields,
    strategy: impl Fn(&str) -> FieldStrategy,
    incoming_is_later: bool,
) -> Merged {
    let mut merged = Merged { fields: current.clone(), changed: Vec::new(), disputes: Vec::new() };
    for (field, incoming) in changes {
        let before = base.get(field).unwrap_or(&Value::Null);
        let now = current.get(field).unwrap_or(&Value::Null);
        if incoming == now {
            continue;
        }
        let take = if now == before {
            true
        } else {
            let strategy = strategy(field);
            merged.disputes.push(FieldDispute {
                field: field.clone(),
                base: before.clone(),
                incoming: incoming.clone(),
                current: now.clone(),
                strategy,
            });
            match strategy {
                FieldStrategy::ClientWins => true,
                FieldStrategy::LastWriteWins => incoming_is_later,
                FieldStrategy::ServerWins | FieldStrategy::Manual => false,
            }
        };
        if take {
            merged.fields.insert(field.clone(), incoming.clone());
            merged.changed.push(field.clone());
        }
    }
    merged
}

/// The fields of `after` that differ from `before`, and their values before.
pub fn diff(before: &Fields, after: &Fields) -> (Fields, Fields) {
    let changed: Vec<&String> =
        after.iter().filter(|(k, v)| before.get(*k) != Some(*v)).map(|(k, _)| k).collect();
    let pick = |from: &Fields| {
        changed
            .iter()
            .map(|k| ((*k).clone(), from.get(*k).cloned().unwrap_or(Value::Null)))
            .collect::<Fields>()
    };
    (pick(before), pick(after))
}
