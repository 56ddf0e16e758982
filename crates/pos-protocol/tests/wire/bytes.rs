//! Bodies arrive byte for byte, and cursors as they were given.

use pos_domain::Hash32;
use pos_protocol::{Cursor, CursorFault, PullResponse, PushRequest, Verdict};
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::samples::{ODD_BODY, cursor, push, raw, row, snapshot_page};

/// Sends a push and gives back the body that arrives, with its stated hash.
fn sent(body: &str) -> (String, Hash32) {
    let text = serde_json::to_vec(&push(body)).unwrap();
    let arrived: PushRequest = serde_json::from_slice(&text).unwrap();
    let operation = &arrived.operations[0];
    (operation.body.get().to_owned(), operation.body_hash)
}

/// JSON of any shape, in any of the ways to write it.
fn json_texts() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", " ", "\n", "\t "]);
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-0.0".to_owned()),
        Just("1E+2".to_owned()),
        Just("9007199254740993".to_owned()),
        Just("123456789012345678901234567890".to_owned()),
        Just(r#""\u00e9\/""#.to_owned()),
        "\\PC{0,10}".prop_map(|s| Value::from(s).to_string()),
    ];
    leaf.prop_recursive(3, 20, 4, move |inner| {
        let pair = (inner.clone(), space()).prop_map(|(value, gap)| format!("\"k\"{gap}:{gap}{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..4), space())
                .prop_map(|(v, gap)| format!("[{gap}{}{gap}]", v.join(&format!("{gap},")))),
            (prop::collection::vec(pair, 0..4), space())
                .prop_map(|(v, gap)| format!("{{{gap}{}{gap}}}", v.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn a_body_arrives_as_the_bytes_that_were_hashed(body in json_texts()) {
        let (arrived, stated) = sent(&body);
        prop_assert_eq!(&arrived, &body);
        prop_assert_eq!(Hash32::of(arrived.as_bytes()), stated);
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written(
        authority: u128,
        server_epoch: u32,
        incarnation: u128,
        schema: u16,
        seq: u64,
    ) {
        let (authority, incarnation) = (Uuid::from_u128(authority), Uuid::from_u128(incarnation));
        let cursor = Cursor { authority, server_epoch, incarnation, schema, seq };
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        let text = serde_json::to_string(&cursor).unwrap();
        prop_assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }

    #[test]
    fn any_other_text_is_no_cursor(text in "[0-9a-f.-]{0,60}|\\PC{0,30}") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }
}

#[test]
fn no_writer_would_have_chosen_these_bytes_and_they_arrive() {
    let (arrived, stated) = sent(ODD_BODY);
    assert_eq!(arrived, ODD_BODY, "spaces, doubled keys, escapes and number spellings stand");
    assert_eq!(Hash32::of(arrived.as_bytes()), stated);
    let rewritten = serde_json::from_str::<Value>(ODD_BODY).unwrap().to_string();
    assert_ne!(
        Hash32::of(rewritten.as_bytes()),
        stated,
        "the sample would show a writer that touches the body"
    );
}

#[test]
fn rows_of_the_feed_arrive_as_bytes_too() {
    let mut page = snapshot_page();
    page.rows[0].data = Some(raw(ODD_BODY));
    let text = serde_json::to_string(&page).unwrap();
    let arrived: pos_protocol::SnapshotPage = serde_json::from_str(&text).unwrap();
    assert_eq!(arrived.rows[0].data.as_ref().map(|d| d.get()), Some(ODD_BODY));
    assert_ne!(arrived.rows[0], row(), "rows with different bytes are different rows");
    let feed =
        PullResponse { rows: arrived.rows, own: vec![], next: cursor(1), has_more: true, server_time_ms: 0 };
    let text = serde_json::to_string(&feed).unwrap();
    assert!(text.contains(ODD_BODY), "{text}");
}

#[test]
fn rows_inside_a_verdict_arrive_as_bytes_too() {
    let mut carried = row();
    carried.data = Some(raw(ODD_BODY));
    let verdicts = [
        Verdict::Applied {
            feed_seq: 17,
            mapped_ids: vec![],
            rows: vec![carried.clone()],
            conflict_id: None,
            already_gone: false,
        },
        Verdict::Conflict {
            conflict_id: Uuid::from_u128(6).into(),
            feed_seq: 17,
            fields: vec![],
            rows: vec![carried],
        },
    ];
    for verdict in verdicts {
        let text = serde_json::to_string(&verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict, "rows compare by their bytes");
    }
}

#[test]
fn cursors_of_another_shape_are_refused() {
    let good = cursor(17).to_string();
    assert_eq!(good, "00000000-0000-0000-0000-00000000000a.2.00000000-0000-0000-0000-00000000000b.1.17");
    let bad = [
        String::new(),
        "17".into(),
        good.replace(".17", ""),
        format!("{good}.1"),
        good.replace(".17", ".-1"),
        good.replace(".17", ".18446744073709551616"),
        good.replace(".1.", ".65536."),
        good.replace("0000000a", "0000000g"),
        format!(" {good}"),
    ];
    for text in bad {
        assert_eq!(text.parse::<Cursor>(), Err(CursorFault), "{text:?}");
    }
}
