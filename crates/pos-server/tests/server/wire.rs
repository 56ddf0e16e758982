//! Every document on the wire, as it is written. A change here is a change of the protocol.

use pos_domain::body::EntityKind;
use pos_domain::conflict::StockChange;
use pos_domain::merge::FieldDispute;
use pos_domain::settings::FieldStrategy;
use pos_domain::{ConflictId, DeviceId, Hash32, LineId, OpId, ProductId};
use pos_protocol::{
    AttachmentLimits, Cursor, DigestAnswer, DigestPart, FeedRow, Hello, Limits, MappedId, Mode, OpVerdict,
    Operation, OwnOp, Problem, ProblemCode, ProtocolRange, PullResponse, PushRequest, PushResponse,
    RejectReason, RowsDigest, ShortLine, SnapshotPage, Verdict, Watermark,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::harness::units;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn cursor(seq: u64) -> Cursor {
    Cursor { authority: id(1), server_epoch: 1, incarnation: id(9), schema: 1, seq }
}

fn row() -> FeedRow {
    FeedRow {
        seq: 42,
        entity: EntityKind::Stock.as_str().to_owned(),
        id: id(2),
        rev: 7,
        deleted: false,
        origin_device: Some(DeviceId(id(3))),
        origin_op: Some(OpId(id(4))),
        data: Some(
            RawValue::from_string(format!(r#"{{"product_id":"{}","on_hand":3000,"oversold":0}}"#, id(2)))
                .unwrap(),
        ),
    }
}

fn dispute() -> FieldDispute {
    FieldDispute {
        field: "name".to_owned(),
        base: "Lait".into(),
        incoming: "Lait frais".into(),
        current: "Lait entier".into(),
        strategy: FieldStrategy::Manual,
    }
}

/// The bytes on the wire, broken into lines.
fn written<T: serde::Serialize>(document: &T) -> String {
    serde_json::to_string_pretty(document).unwrap()
}

#[test]
fn verdicts_are_written_like_this() {
    let verdicts = [
        Verdict::Applied {
            feed_seq: 41,
            mapped_ids: vec![MappedId { entity: "product".to_owned(), local_id: id(5), server_id: id(2) }],
            rows: vec![row()],
            conflict_id: Some(ConflictId(id(6))),
            already_gone: false,
        },
        Verdict::Applied {
            feed_seq: 41,
            mapped_ids: vec![],
            rows: vec![],
            conflict_id: None,
            already_gone: false,
        },
        Verdict::InsufficientStock {
            lines: vec![ShortLine {
                line_id: LineId(id(7)),
                product_id: ProductId(id(2)),
                code: "LAIT".to_owned(),
                asked: units(5),
                available: units(2),
            }],
        },
        Verdict::Rejected {
            reason: RejectReason::Validation,
            field: Some("total".to_owned()),
            detail: "total: the document states another value than its parts give".to_owned(),
        },
        Verdict::Conflict {
            conflict_id: ConflictId(id(6)),
            feed_seq: 41,
            fields: vec![dispute()],
            rows: vec![],
        },
        Verdict::BlockedBy { op_id: OpId(id(4)) },
        Verdict::Gap { expected: 12 },
        Verdict::BodyMismatch,
        Verdict::StaleEpoch { current: 2 },
        Verdict::UnknownKind,
        Verdict::Retry { after_ms: 5_000 },
    ];
    let answers = verdicts.map(|verdict| OpVerdict { op_id: OpId(id(4)), duplicate: false, verdict });
    insta::assert_snapshot!("verdicts", written(&answers));
}

fn push() -> PushRequest {
    PushRequest {
        protocol: 1,
        device_id: DeviceId(id(3)),
        epoch: 1,
        operations: vec![Operation {
            op_id: OpId(id(4)),
            seq: 9,
            kind: "stock.adjust".to_owned(),
            kind_version: 1,
            depends_on: vec![OpId(id(8))],
            mode: Mode::Fact,
            made_at_ms: 1_767_603_600_000,
            body: RawValue::from_string(r#"{"reason":"loss","lines":[]}"#.to_owned()).unwrap(),
            body_hash: Hash32::GENESIS,
        }],
        chain: vec![],
        heard: None,
    }
}

#[test]
fn requests_and_answers_are_written_like_this() {
    let push = push();
    let answer = PushResponse {
        verdicts: vec![],
        chain_head: Some(pos_domain::chain::ChainHead::START),
        chain_fault: None,
        server_epoch: 1,
        server_time_ms: 1_767_603_600_000,
    };
    let pull = PullResponse {
        rows: vec![row(), FeedRow { deleted: true, data: None, ..row() }],
        own: vec![OwnOp { op_id: OpId(id(4)), feed_seq: 41 }],
        next: cursor(42),
        has_more: false,
        server_time_ms: 1_767_603_600_000,
    };
    let snapshot =
        SnapshotPage { rows: vec![row()], next: Some(id(2)), mark: cursor(42), total_rows: 20_000 };
    let digest = DigestAnswer {
        mark: cursor(42),
        parts: vec![DigestPart { from: id(2), sum: RowsDigest { rows: 2, hash: Hash32::GENESIS } }],
    };
    let hello = Hello {
        protocol: ProtocolRange { min: 1, max: 1 },
        authority: id(1),
        server_epoch: 1,
        watermark: Watermark { device_id: DeviceId(id(3)), epoch: 1, seq: 8, above: vec![10, 12] },
        earlier: vec![],
        backup_watermark: 0,
        feed_seq: 42,
        server_time_ms: 1_767_603_600_000,
        limits: Limits {
            batch_ops: 2_000,
            batch_bytes: 2 << 20,
            page_rows: 5_000,
            requests_per_second: 1_000,
            attachments: Some(AttachmentLimits {
                file_bytes: 512 * 1024,
                piece_bytes: 64 * 1024,
                total_bytes: 2 << 30,
            }),
        },
    };
    let problem = Problem {
        code: ProblemCode::Unavailable,
        detail: "the server cannot answer now".to_owned(),
        retry_after_ms: Some(1_000),
    };
    insta::assert_snapshot!("push", written(&push));
    insta::assert_snapshot!("push_answer", written(&answer));
    insta::assert_snapshot!("pull_answer", written(&pull));
    insta::assert_snapshot!("snapshot_answer", written(&snapshot));
    insta::assert_snapshot!("digest_answer", written(&digest));
    insta::assert_snapshot!("hello", written(&hello));
    insta::assert_snapshot!("problem", written(&problem));
}

#[tokio::test]
async fn a_conflict_is_written_like_this() {
    use crate::harness::*;
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 1)).await;
    till.tell(&till.sale(&[(&milk, 3)])).await;
    let mut conflict = till.conflict().await;
    // Ids differ from run to run; everything else is the server's own words.
    conflict.conflict_id = ConflictId(id(6));
    conflict.op_id = OpId(id(4));
    conflict.device_id = DeviceId(id(3));
    conflict.entity_id = id(9);
    conflict.sale_id = Some(pos_domain::SaleId(id(9)));
    conflict.shortages[0].line_id = LineId(id(7));
    conflict.shortages[0].product_id = ProductId(id(2));
    conflict.events[0].device_id = Some(DeviceId(id(3)));
    let renamed = |change: &mut StockChange| change.product_id = ProductId(id(2));
    conflict.choices.iter_mut().flat_map(|preview| &mut preview.stock).for_each(renamed);
    assert_eq!(conflict.choices[2].cash, money(-2_000));
    insta::assert_snapshot!("conflict", written(&conflict));
}

#[test]
fn the_examples_in_the_documentation_are_real() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("../../docs/PROTOCOL.md")).unwrap();
    let mut compared = 0;
    for block in text.split("```json ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let example = rest.split_once("\n```").unwrap().0;
        let path = root.join(format!("tests/server/snapshots/server__wire__{name}.snap"));
        let snapshot = std::fs::read_to_string(path).unwrap();
        let written = snapshot.splitn(3, "---\n").nth(2).unwrap();
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(example), read(written), "{name} is no longer written like this");
        compared += 1;
    }
    assert_eq!(compared, 9, "each document of the protocol has its example");
}
