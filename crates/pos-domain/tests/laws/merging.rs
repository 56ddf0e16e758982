//! Merging of edits: nothing is lost, nothing is touched that nobody touched, and doing it twice does it once.

use std::collections::BTreeSet;

use pos_domain::FieldStrategy;
use pos_domain::merge::{Fields, Merged, diff, merge_fields};
use proptest::prelude::*;
use serde_json::Value;

fn fields() -> impl Strategy<Value = Fields> {
    let value = prop_oneof![Just(Value::Null), (0_i64..3).prop_map(Value::from), Just(Value::from("x"))];
    prop::collection::btree_map("[a-e]", value, 0..5).prop_map(|map| map.into_iter().collect())
}

fn strategies() -> impl Strategy<Value = FieldStrategy> {
    prop::sample::select(vec![
        FieldStrategy::ServerWins,
        FieldStrategy::ClientWins,
        FieldStrategy::LastWriteWins,
        FieldStrategy::Manual,
    ])
}

fn get<'a>(fields: &'a Fields, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

/// The edit as an editor makes it: `base` and the fields that differ from it.
fn edit() -> impl Strategy<Value = (Fields, Fields)> {
    (fields(), fields()).prop_map(|(before, after)| diff(&before, &after))
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once((base, changes) in edit(), current in fields(), strategy in strategies(), later: bool) {
        let once = merge_fields(&base, &changes, &current, |_| strategy, later);
        let twice = merge_fields(&base, &changes, &once.fields, |_| strategy, later);
        prop_assert_eq!(&twice.fields, &once.fields);
        prop_assert!(twice.changed.is_empty(), "{:?}", twice.changed);
    }

    #[test]
    fn what_nobody_edited_stays((base, changes) in edit(), current in fields(), strategy in strategies(), later: bool) {
        let merged = merge_fields(&base, &changes, &current, |_| strategy, later);
        for (name, value) in &current {
            if !changes.contains_key(name) {
                prop_assert_eq!(merged.fields.get(name), Some(value));
            }
        }
        for name in merged.fields.keys() {
            prop_assert!(current.contains_key(name) || changes.contains_key(name), "{} came from nowhere", name);
        }
    }

    #[test]
    fn the_changed_list_is_what_changed((base, changes) in edit(), current in fields(), strategy in strategies(), later: bool) {
        let merged = merge_fields(&base, &changes, &current, |_| strategy, later);
        let differs = |(name, value): &(&String, &Value)| get(&current, name) != *value;
        let differ: BTreeSet<&String> = merged.fields.iter().filter(differs).map(|(name, _)| name).collect();
        prop_assert_eq!(merged.changed.iter().collect::<BTreeSet<_>>(), differ);
    }

    #[test]
    fn a_dispute_is_two_different_changes_and_nothing_else((base, changes) in edit(), current in fields(), strategy in strategies(), later: bool) {
        let merged = merge_fields(&base, &changes, &current, |_| strategy, later);
        for (name, incoming) in &changes {
            let (before, now) = (get(&base, name), get(&current, name));
            let disputed = merged.disputes.iter().find(|d| d.field == *name);
            prop_assert_eq!(disputed.is_some(), incoming != now && before != now, "{}", name);
            let kept = get(&merged.fields, name);
            match disputed {
                None => prop_assert_eq!(kept, incoming, "an undisputed change is made"),
                Some(dispute) => {
                    prop_assert_eq!((&dispute.base, &dispute.incoming, &dispute.current), (before, incoming, now));
                    let winner = match strategy {
                        FieldStrategy::ClientWins => incoming,
                        FieldStrategy::LastWriteWins if later => incoming,
                        FieldStrategy::LastWriteWins | FieldStrategy::ServerWins | FieldStrategy::Manual => now,
                    };
                    prop_assert_eq!(kept, winner, "by {:?}", strategy);
                }
            }
        }
    }

    #[test]
    fn edits_of_different_fields_meet_in_any_order(row in fields(), x in 10_i64..20, y in 10_i64..20, strategy in strategies()) {
        let one = |name: &str, value: i64| -> (Fields, Fields) {
            let base = [(name.to_owned(), get(&row, name).clone())].into_iter().collect();
            (base, [(name.to_owned(), Value::from(value))].into_iter().collect())
        };
        let apply = |to: &Fields, (base, changes): &(Fields, Fields)| -> Merged {
            merge_fields(base, changes, to, |_| strategy, false)
        };
        let (first, second) = (one("a", x), one("b", y));
        let ab = apply(&apply(&row, &first).fields, &second);
        let ba = apply(&apply(&row, &second).fields, &first);
        prop_assert_eq!(&ab.fields, &ba.fields);
        prop_assert!(ab.disputes.is_empty() && ba.disputes.is_empty());
    }

    #[test]
    fn an_edit_is_exactly_the_difference(before in fields(), after in fields()) {
        let (base, changes) = diff(&before, &after);
        prop_assert!(base.keys().eq(changes.keys()));
        for (name, value) in &after {
            prop_assert_eq!(changes.contains_key(name), before.get(name) != Some(value));
        }
        let merged = merge_fields(&base, &changes, &before, |_| FieldStrategy::Manual, false);
        prop_assert!(merged.disputes.is_empty(), "an edit of the row it was made on is no dispute");
        for (name, value) in &after {
            prop_assert_eq!(get(&merged.fields, name), value);
        }
    }
}
