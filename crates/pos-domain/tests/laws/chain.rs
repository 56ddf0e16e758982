//! The chain of one register: every link fits, and every change is seen.

use pos_domain::chain::{ChainHead, Link, Signature64, printed_number};
use pos_domain::{ChainFault, ChainRecord, DeviceKey, DocumentKind, Hash32};
use proptest::prelude::*;
use uuid::Uuid;

fn key(seed: u8) -> DeviceKey {
    DeviceKey::from_seed(&[seed; 32])
}

fn links() -> impl Strategy<Value = Vec<(bool, u128, i64, [u8; 8])>> {
    prop::collection::vec(any::<(bool, u128, i64, [u8; 8])>(), 1..4)
}

fn chain(links: &[(bool, u128, i64, [u8; 8])], key: &DeviceKey) -> Vec<ChainRecord> {
    let mut head = ChainHead::START;
    let seal = |(refund, document, issued_at_ms, text): &(bool, u128, i64, [u8; 8])| {
        let link = Link {
            device_id: Uuid::from_u128(13).into(),
            epoch: 1,
            series: "R1",
            kind: if *refund { DocumentKind::Refund } else { DocumentKind::Sale },
            document_id: Uuid::from_u128(*document).into(),
            issued_at_ms: *issued_at_ms,
            document_hash: Hash32::of(text),
        };
        let record = ChainRecord::seal(head, link, key);
        head = ChainHead { number: record.number, hash: record.hash };
        record
    };
    links.iter().map(seal).collect()
}

fn accept_all(records: &[ChainRecord], key: &DeviceKey) -> Result<ChainHead, ChainFault> {
    records.iter().try_fold(ChainHead::START, |head, record| head.accept(record, &key.public()))
}

/// The record with one bit of one of its parts turned.
fn tampered(record: &ChainRecord, part: u8, bit: usize) -> ChainRecord {
    fn turn<const N: usize>(mut bytes: [u8; N], bit: usize) -> [u8; N] {
        bytes[bit / 8 % N] ^= 1 << (bit % 8);
        bytes
    }
    let mut forged = record.clone();
    match part {
        0 => forged.device_id = pos_domain::DeviceId::from_bytes(turn(*record.device_id.as_bytes(), bit)),
        1 => forged.epoch ^= 1 << (bit % 32),
        2 => forged.series = format!("R{}", 2 + bit),
        3 => forged.number ^= 1 << (bit % 64),
        4 => {
            forged.kind =
                if record.kind == DocumentKind::Sale { DocumentKind::Refund } else { DocumentKind::Sale };
        }
        5 => {
            forged.document_id = pos_domain::DocumentId::from_bytes(turn(*record.document_id.as_bytes(), bit))
        }
        6 => forged.issued_at_ms ^= 1 << (bit % 64),
        7 => forged.document_hash = Hash32(turn(record.document_hash.0, bit)),
        8 => forged.previous_hash = Hash32(turn(record.previous_hash.0, bit)),
        9 => forged.hash = Hash32(turn(record.hash.0, bit)),
        10 => forged.signature = Signature64(turn(record.signature.0, bit)),
        other => panic!("part {other}"),
    }
    forged
}

/// How many parts a record has.
const PARTS: u8 = 11;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_chain_is_accepted_link_by_link_and_survives_json(links in links()) {
        let records = chain(&links, &key(1));
        let numbers: Vec<u64> = records.iter().map(|r| r.number).collect();
        prop_assert!(numbers.iter().copied().eq(1..=u64::try_from(records.len()).unwrap()), "from 1 without gaps");
        let text = serde_json::to_string(&records).unwrap();
        let read: Vec<ChainRecord> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &records);
        prop_assert!(accept_all(&read, &key(1)).is_ok());
    }

    #[test]
    fn any_turned_bit_of_any_part_is_found(links in links(), bit in 0_usize..512) {
        let records = chain(&links, &key(1));
        for place in 0..records.len() {
            for part in 0..PARTS {
                let mut forged = records.clone();
                forged[place] = tampered(&records[place], part, bit);
                prop_assert!(accept_all(&forged, &key(1)).is_err(), "link {} part {} bit {}", place, part, bit);
            }
        }
    }

    #[test]
    fn signatures_checked_together_are_right_exactly_when_each_is(links in links(), at in 0_usize..4, bit in 0_usize..512) {
        let records = chain(&links, &key(1));
        let signed = |records: &[ChainRecord]| -> Vec<_> { records.iter().map(|r| (r.hash, r.signature)).collect() };
        prop_assert!(key(1).public().check_all(&signed(&records)).is_ok());
        prop_assert!(key(2).public().check_all(&signed(&records)).is_err(), "another key's");
        let at = at % records.len();
        for part in [9, 10] {
            let mut forged = records.clone();
            forged[at] = tampered(&records[at], part, bit);
            prop_assert!(key(1).public().check_all(&signed(&forged)).is_err(), "link {} part {} bit {}", at, part, bit);
        }
    }

    #[test]
    fn a_forger_who_hashes_again_still_lacks_the_key(links in links(), bit in 0_usize..512, part in 0_u8..8) {
        let records = chain(&links, &key(1));
        let last = records.len() - 1;
        let mut forged = records.clone();
        forged[last] = tampered(&records[last], part, bit);
        forged[last].hash = forged[last].computed_hash();
        prop_assert!(accept_all(&forged, &key(1)).is_err(), "with the old signature");
        forged[last].signature = key(2).sign(&forged[last].hash);
        prop_assert!(accept_all(&forged, &key(1)).is_err(), "with another key's signature");
    }

    #[test]
    fn another_history_by_the_same_register_does_not_join(links in links(), other in links()) {
        let (told, retold) = (chain(&links, &key(1)), chain(&other, &key(1)));
        prop_assume!(told[0] != retold[0]);
        let mut fork = told.clone();
        fork.truncate(1);
        fork.extend(retold.into_iter().skip(1));
        prop_assert!(fork.len() == 1 || accept_all(&fork, &key(1)).is_err(), "a restored file cannot go on unseen");
    }

    #[test]
    fn a_link_left_out_doubled_or_moved_is_found(links in links(), at in 0_usize..8) {
        let records = chain(&links, &key(1));
        let at = at % records.len();
        let mut doubled = records.clone();
        doubled.insert(at, records[at].clone());
        prop_assert!(accept_all(&doubled, &key(1)).is_err());
        if at + 1 < records.len() {
            let mut without = records.clone();
            without.remove(at);
            prop_assert!(accept_all(&without, &key(1)).is_err(), "a hole below the end");
            let mut moved = records.clone();
            moved.swap(at, at + 1);
            prop_assert!(accept_all(&moved, &key(1)).is_err());
        }
    }
}

#[test]
fn each_fault_has_its_name() {
    let links = [(false, 1, 10, [0; 8]), (true, 2, 20, [1; 8])];
    let [first, second] = chain(&links, &key(1)).try_into().unwrap();
    let head = ChainHead::START.accept(&first, &key(1).public()).unwrap();
    let fault = |record: &ChainRecord| head.accept(record, &key(1).public()).unwrap_err();
    assert_eq!(fault(&first), ChainFault::Gap { expected: 2, found: 1 });
    assert_eq!(fault(&tampered(&second, 8, 0)), ChainFault::Unbound { number: 2 });
    assert_eq!(fault(&tampered(&second, 6, 0)), ChainFault::Changed { number: 2 });
    assert_eq!(fault(&tampered(&second, 10, 0)), ChainFault::BadSignature { number: 2 });
    let full = ChainHead { number: u64::MAX, hash: head.hash };
    assert!(
        matches!(full.accept(&second, &key(1).public()), Err(ChainFault::Gap { .. })),
        "no number after the last"
    );
}

#[test]
fn parts_do_not_run_into_each_other() {
    let link = |epoch: u32, series: &'static str| Link {
        device_id: Uuid::from_u128(13).into(),
        epoch,
        series,
        kind: DocumentKind::Sale,
        document_id: Uuid::from_u128(1).into(),
        issued_at_ms: 0,
        document_hash: Hash32::of(b"x"),
    };
    let hash = |series| ChainRecord::seal(ChainHead::START, link(1, series), &key(1)).hash;
    assert_ne!(hash("R1"), hash("R1\u{1}"), "each part has its length in front");
}

#[test]
fn printed_numbers_have_six_digits_or_more() {
    assert_eq!(printed_number("R1", 42), "R1-000042");
    assert_eq!(printed_number("R1.2", 1_234_567), "R1.2-1234567");
}

#[test]
fn a_secret_key_does_not_print() {
    assert_eq!(format!("{:?}", key(7)), "DeviceKey(secret)");
}
