//! Links arrive as they were, sound or not, and sound ones travel without what they share.

use pos_domain::chain::{ChainHead, Link, Signature64};
use pos_domain::{ChainRecord, DeviceKey, DocumentKind, Hash32};
use pos_protocol::PushRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::samples::{id, push};

/// Links of one register, each bound to the one before it.
fn sealed(count: u64) -> Vec<ChainRecord> {
    let key = DeviceKey::from_seed(&[1; 32]);
    let mut head = ChainHead::START;
    let seal = |n: u64| {
        let link = Link {
            device_id: id(2).into(),
            epoch: 1,
            series: "R1",
            kind: DocumentKind::Sale,
            document_id: id(100 + u128::from(n)).into(),
            issued_at_ms: 1_773_507_909_000,
            document_hash: Hash32::of(&n.to_le_bytes()),
        };
        let record = ChainRecord::seal(head, link, &key);
        head = ChainHead { number: record.number, hash: record.hash };
        record
    };
    (0..count).map(seal).collect()
}

fn written(chain: Vec<ChainRecord>) -> Value {
    serde_json::to_value(PushRequest { chain, ..push("{}") }).unwrap()
}

fn read(push: Value) -> Result<Vec<ChainRecord>, serde_json::Error> {
    serde_json::from_value::<PushRequest>(push).map(|push| push.chain)
}

fn names(link: &Value) -> Vec<&str> {
    link.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_link_leaves_out_what_it_shares_with_the_one_before() {
    let push = written(sealed(3));
    let all = [
        "device_id",
        "epoch",
        "series",
        "number",
        "kind",
        "document_id",
        "issued_at_ms",
        "document_hash",
        "previous_hash",
        "signature",
    ];
    let mut first = names(&push["chain"][0]);
    first.sort_unstable();
    let mut all_sorted = all;
    all_sorted.sort_unstable();
    assert_eq!(first, all_sorted, "the first link shares nothing, and its hash is what its fields give");
    let mut third = names(&push["chain"][2]);
    third.sort_unstable();
    assert_eq!(third, ["document_hash", "document_id", "issued_at_ms", "kind", "signature"]);
    assert_eq!(read(push).unwrap(), sealed(3));
}

#[test]
fn links_with_every_field_are_read_as_well() {
    let mut push = written(Vec::new());
    push["chain"] = json!(sealed(3));
    assert_eq!(read(push).unwrap(), sealed(3), "as a register wrote them that leaves nothing out");
}

#[test]
fn a_first_link_that_leaves_something_out_is_refused() {
    let mut push = written(sealed(2));
    push["chain"].as_array_mut().unwrap().remove(0);
    assert!(read(push).is_err(), "there is nothing that it could share it with");
}

proptest! {
    #[test]
    fn whatever_is_wrong_with_links_they_arrive_as_they_were(
        faults in prop::collection::vec((0_usize..6, 0_u8..8, any::<u8>()), 0..12),
    ) {
        let mut chain = sealed(6);
        for (at, field, value) in faults {
            let link = &mut chain[at];
            match field {
                0 => link.device_id = id(u128::from(value)).into(),
                1 => link.epoch = u32::from(value),
                2 => link.series = format!("R{value}"),
                3 => link.number = if value == 0 { u64::MAX } else { u64::from(value) },
                4 => link.previous_hash = Hash32([value; 32]),
                5 => link.hash = Hash32([value; 32]),
                6 => link.signature = Signature64([value; 64]),
                _ => link.document_hash = Hash32([value; 32]),
            }
        }
        prop_assert_eq!(read(written(chain.clone())).unwrap(), chain);
    }
}
