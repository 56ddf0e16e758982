//! Whether a register holds the same rows as its server: digests over ranges of keys.
//!
//! Both sides compute them from the rows themselves, never from a running sum, so that a row which was lost, kept or
//! changed in a file is seen whatever the reason. A range whose digests differ is asked for again in smaller parts
//! until it is short enough to be read.

use pos_domain::account::AccountEntry;
use pos_domain::body::EntityKind;
use pos_domain::catalogue::HeldCart;
use pos_domain::merge::Fields;
use pos_domain::serial::SerialEvent;
use pos_domain::{Cashier, Category, Customer, Hash32, Product};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::feed::Cursor;

/// Most parts of one answer.
pub const MAX_DIGEST_PARTS: u32 = 64;

/// `GET /v1/sync/digest?entity=&from=&until=&parts=`: the rows of one kind with keys in `from..until`, tombstones left
/// out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestRequest {
    /// Kind of row.
    pub entity: String,
    /// The lowest key.
    pub from: Uuid,
    /// The first key that is not meant any more; none for the end.
    pub until: Option<Uuid>,
    /// Into about how many parts of equal size, at most [`MAX_DIGEST_PARTS`]; the answer may hold twice as many.
    pub parts: u32,
}

/// What the server holds in the range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestAnswer {
    /// The end of the feed when this was computed: it is comparable by who stands there.
    pub mark: Cursor,
    /// In ascending order; each reaches to the next one, the last one to the end of the range.
    pub parts: Vec<DigestPart>,
}

/// Some rows that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestPart {
    /// Key of the first row.
    pub from: Uuid,
    /// How many.
    #[serde(flatten)]
    pub sum: RowsDigest,
}

/// Count and digest of a set of rows. The digest is the exclusive or of the rows' own, so sets can be joined and the
/// order in which rows are read does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsDigest {
    /// How many.
    pub rows: u64,
    /// Their digests joined.
    pub hash: Hash32,
}

impl RowsDigest {
    /// Of no rows.
    pub const EMPTY: Self = Self { rows: 0, hash: Hash32([0; 32]) };

    /// Adds one row, by its [`row_digest`].
    pub fn add(&mut self, row: Hash32) {
        self.join(Self { rows: 1, hash: row });
    }

    /// Adds the rows of another set, none of which is in this one.
    pub fn join(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        for (mine, theirs) in self.hash.0.iter_mut().zip(other.hash.0) {
            *mine ^= theirs;
        }
    }
}

/// Divides rows that come in key order into parts of about equal size, in memory that does not grow with them: when
/// there are twice as many parts as asked for, neighbours are joined.
#[derive(Debug)]
pub struct Partition {
    most: usize,
    rows_per_part: u64,
    parts: Vec<DigestPart>,
}

impl Partition {
    /// For about `parts` parts.
    pub fn new(parts: u32) -> Self {
        let parts = parts.clamp(1, MAX_DIGEST_PARTS);
        let most = usize::try_from(parts).unwrap_or(1).saturating_mul(2);
        Self { most, rows_per_part: 1, parts: Vec::new() }
    }

    /// Adds the row with the next higher key.
    pub fn add(&mut self, key: Uuid, row: Hash32) {
        if let Some(last) = self.parts.last_mut().filter(|part| part.sum.rows < self.rows_per_part) {
            last.sum.add(row);
            return;
        }
        if self.parts.len() == self.most {
            self.join_neighbours();
        }
        let mut sum = RowsDigest::EMPTY;
        sum.add(row);
        self.parts.push(DigestPart { from: key, sum });
    }

    /// The parts.
    pub fn finish(self) -> Vec<DigestPart> {
        self.parts
    }

    fn join_neighbours(&mut self) {
        self.rows_per_part = self.rows_per_part.saturating_mul(2);
        let mut joined: Vec<DigestPart> = Vec::with_capacity(self.most);
        for (place, part) in self.parts.drain(..).enumerate() {
            match joined.last_mut() {
                Some(left) if !place.is_multiple_of(2) => left.sum.join(part.sum),
                Some(_) | None => joined.push(part),
            }
        }
        self.parts = joined;
    }
}

/// The digest of one row: its kind, key, revision and every field, in an order and spelling of their own, so that
/// neither the order of the fields nor one that a program leaves out at its usual value makes a difference.
pub fn row_digest(kind: EntityKind, id: Uuid, rev: u64, fields: Fields) -> Hash32 {
    let fields = match kind {
        EntityKind::Product => spelt_out::<Product>(fields),
        EntityKind::Category => spelt_out::<Category>(fields),
        EntityKind::Customer => spelt_out::<Customer>(fields),
        EntityKind::Cashier => spelt_out::<Cashier>(fields),
        EntityKind::HeldCart => spelt_out::<HeldCart>(fields),
        EntityKind::AccountEntry => spelt_out::<AccountEntry>(fields),
        EntityKind::SerialEvent => spelt_out::<SerialEvent>(fields),
        EntityKind::Setting | EntityKind::Stock | EntityKind::Conflict => fields,
    };
    let mut fields = Value::Object(fields);
    fields.sort_all_objects();
    Hash32::of(format!("{}\n{id}\n{rev}\n{fields}", kind.as_str()).as_bytes())
}

/// The fields as this program would write them; those it does not know stay as they are.
fn spelt_out<T: Serialize + DeserializeOwned>(fields: Fields) -> Fields {
    let row = serde_json::from_value::<T>(Value::Object(fields.clone())).and_then(serde_json::to_value);
    match row {
        Ok(Value::Object(mut known)) => {
            for (name, value) in fields {
                known.entry(name).or_insert(value);
            }
            known
        }
        Ok(_) | Err(_) => fields,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(fields) = value else { panic!("an object") };
        fields
    }

    fn product(value: Value) -> Hash32 {
        row_digest(EntityKind::Product, Uuid::nil(), 3, fields(value))
    }

    #[test]
    fn every_field_counts_and_their_order_does_not() {
        let id = "01900000-0000-7000-8000-000000000001";
        let row = json!({
            "product_id": id, "code": "C", "barcodes": [], "name": "N", "category_id": null, "unit": "pcs",
            "price": 1, "cost": null, "tax_rate": 0, "track_stock": true, "offline_policy": "allow",
            "favourite": false, "picture": null, "archived": false,
        });
        let digest = product(row.clone());
        let turned: Fields = fields(row.clone()).into_iter().rev().collect();
        assert_eq!(product(Value::Object(turned)), digest, "an object has no order");
        for name in fields(row.clone()).keys() {
            let mut other = row.clone();
            other[name] = json!("something else");
            assert_ne!(product(other), digest, "a change of {name} is seen");
        }
        let mut newer = row.clone();
        newer["shade"] = json!("blue");
        assert_ne!(product(newer), digest, "a field of a newer program counts too");
        assert_ne!(
            row_digest(EntityKind::Product, Uuid::nil(), 4, fields(row.clone())),
            digest,
            "the revision counts"
        );
        assert_ne!(row_digest(EntityKind::Product, Uuid::max(), 3, fields(row)), digest, "the key counts");
    }

    proptest! {
        #[test]
        fn parts_hold_every_row_once_and_stay_few(rows in 0_u32..5_000, parts in 1_u32..40) {
            let row = |n: u32| Hash32::of(&n.to_le_bytes());
            let mut partition = Partition::new(parts);
            let mut all = RowsDigest::EMPTY;
            for n in 0..rows {
                partition.add(Uuid::from_u128(n.into()), row(n));
                all.add(row(n));
            }
            let found = partition.finish();
            prop_assert!(found.len() <= 2 * usize::try_from(parts).unwrap(), "{} parts", found.len());
            prop_assert!(found.is_sorted_by(|a, b| a.from < b.from));
            let ends = found.iter().skip(1).map(|p| p.from.as_u128()).chain([rows.into()]);
            for (part, end) in found.iter().zip(ends) {
                let mut expected = RowsDigest::EMPTY;
                for n in part.from.as_u128()..end {
                    expected.add(row(u32::try_from(n).unwrap()));
                }
                prop_assert_eq!(part.sum, expected, "a part holds what lies between its key and the next");
            }
            let mut joined = RowsDigest::EMPTY;
            for part in found {
                joined.join(part.sum);
            }
            prop_assert_eq!(joined, all);
        }
    }
}
