//! Who changed each field of a row last, and how that is written.
//!
//! Nearly always one change made most of a row. Its stamp is written once for all the fields that are not named beside
//! it: written for each of them, stamps would be four fifths of a catalogue's bytes.

use std::collections::BTreeMap;

use pos_domain::DeviceId;
use pos_domain::merge::{Fields, Hlc};
use serde::{Deserialize, Serialize};

use super::{Sql, to_json, unreadable};

/// Who changed a field last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// The row's revision that this change made.
    pub(crate) rev: u64,
    /// The register, unless the server itself wrote it.
    pub(crate) device_id: Option<DeviceId>,
    /// The register's clock, for last-write-wins only.
    pub(crate) hlc: Hlc,
}

/// The stamps of a row by field.
pub(crate) type Stamps = BTreeMap<String, Stamp>;

/// The stamps of a row with these fields as text: `{field: stamp}`, or `[stamp, {field: stamp}]` where the first one is
/// that of every other field of the row.
pub(crate) fn write(stamps: &Stamps, fields: &Fields) -> Sql<String> {
    let all_stamped = fields.keys().all(|field| stamps.contains_key(field));
    let Some(usual) = stamps.values().min_by_key(|stamp| stamp.rev).filter(|_| all_stamped) else {
        return to_json(stamps);
    };
    let is_usual = |field: &String, stamp: &Stamp| stamp == usual && fields.contains_key(field);
    let others: BTreeMap<_, _> = stamps.iter().filter(|(field, stamp)| !is_usual(field, stamp)).collect();
    to_json(&(usual, others))
}

/// Reads what [`write`] wrote of a row with these fields.
pub(crate) fn read(text: &str, fields: &Fields) -> Sql<Stamps> {
    if !text.starts_with('[') {
        return serde_json::from_str(text).map_err(unreadable);
    }
    let (usual, mut stamps): (Stamp, Stamps) = serde_json::from_str(text).map_err(unreadable)?;
    for field in fields.keys() {
        stamps.entry(field.clone()).or_insert(usual);
    }
    Ok(stamps)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn stamp() -> impl Strategy<Value = Stamp> {
        (1_u64..4, 0_i64..2).prop_map(|(rev, wall_ms)| Stamp {
            rev,
            device_id: None,
            hlc: Hlc { wall_ms, counter: 0 },
        })
    }

    proptest! {
        #[test]
        fn whatever_is_stamped_reads_back_as_it_was(
            stamps in prop::collection::btree_map("[a-d*]", stamp(), 0..6),
            fields in prop::collection::btree_set("[a-d*]", 0..6),
        ) {
            let fields: Fields = fields.into_iter().map(|field| (field, Value::Null)).collect();
            let text = write(&stamps, &fields).unwrap();
            prop_assert_eq!(read(&text, &fields).unwrap(), stamps, "{}", text);
        }
    }

    #[test]
    fn one_change_of_many_fields_is_written_once() {
        let stamp = Stamp { rev: 1, device_id: None, hlc: Hlc { wall_ms: 1, counter: 0 } };
        let edited = Stamp { rev: 2, ..stamp };
        let fields: Fields =
            ["a", "b", "c"].map(|field| (field.to_owned(), Value::Null)).into_iter().collect();
        let stamps =
            [("a", stamp), ("b", edited), ("c", stamp)].map(|(field, stamp)| (field.to_owned(), stamp));
        let text = write(&stamps.into(), &fields).unwrap();
        assert_eq!(
            text,
            r#"[{"rev":1,"device_id":null,"hlc":{"wall_ms":1,"counter":0}},{"b":{"rev":2,"device_id":null,"hlc":{"wall_ms":1,"counter":0}}}]"#
        );
    }
}
