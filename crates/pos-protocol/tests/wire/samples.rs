//! One value of everything that is sent.

use pos_domain::chain::{ChainHead, Link};
use pos_domain::merge::FieldDispute;
use pos_domain::settings::ShopSettings;
use pos_domain::{ChainRecord, Currency, DeviceKey, DocumentKind, FieldStrategy, Hash32, Quantity};
use pos_protocol::{
    Business, Cursor, FeedRow, Hello, Limits, MappedId, Mode, OpVerdict, Operation, OwnOp, PairRequest,
    PairResponse, PairingInvitation, Problem, ProblemCode, ProtocolRange, PullRequest, PullResponse,
    PushRequest, PushResponse, RejectReason, ShortLine, SnapshotPage, SnapshotRequest, Verdict, Watermark,
};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

/// A body whose bytes no JSON writer would choose: they must arrive all the same.
pub(crate) const ODD_BODY: &str = "{ \"b\":1.50,\"a\" : \"\\u00e9/\\/\" ,\n\"a\":[ ],\"n\":1e2}";

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

pub(crate) fn cursor(seq: u64) -> Cursor {
    Cursor {
        authority: id(0xA),
        server_epoch: 2,
        incarnation: id(0xB),
        schema: pos_protocol::ROW_SCHEMA,
        seq,
    }
}

pub(crate) fn row() -> FeedRow {
    FeedRow {
        seq: 17,
        entity: "product".into(),
        id: id(1),
        rev: 3,
        deleted: false,
        origin_device: Some(id(2).into()),
        origin_op: Some(id(3).into()),
        data: Some(raw(r#"{"name":"Riz"}"#)),
    }
}

pub(crate) fn tombstone() -> FeedRow {
    FeedRow { deleted: true, origin_device: None, origin_op: None, data: None, ..row() }
}

pub(crate) fn operation(body: &str) -> Operation {
    Operation {
        op_id: id(3).into(),
        seq: 9,
        kind: "sale.complete".into(),
        kind_version: 1,
        depends_on: vec![id(4).into()],
        mode: Mode::Admit,
        made_at_ms: 1_773_507_909_000,
        body: raw(body),
        body_hash: Hash32::of(body.as_bytes()),
    }
}

pub(crate) fn link() -> ChainRecord {
    let link = Link {
        device_id: id(2).into(),
        epoch: 1,
        series: "R1",
        kind: DocumentKind::Sale,
        document_id: id(5).into(),
        issued_at_ms: 1_773_507_909_000,
        document_hash: Hash32::of(b"document"),
    };
    ChainRecord::seal(ChainHead::START, link, &DeviceKey::from_seed(&[1; 32]))
}

pub(crate) fn push(body: &str) -> PushRequest {
    PushRequest {
        protocol: pos_protocol::PROTOCOL,
        device_id: id(2).into(),
        epoch: 1,
        operations: vec![operation(body)],
        chain: vec![link()],
        heard: None,
    }
}

pub(crate) fn verdicts() -> Vec<(&'static str, Verdict)> {
    let conflict_id = id(6).into();
    let qty = |units| Quantity::from_units(units).unwrap();
    let short = ShortLine {
        line_id: id(7).into(),
        product_id: id(8).into(),
        code: "RIZ5".into(),
        asked: qty(5),
        available: qty(2),
    };
    let mapped = MappedId { entity: "product".into(), local_id: id(1), server_id: id(9) };
    let dispute = FieldDispute {
        field: "price".into(),
        base: json!(1),
        incoming: json!(2),
        current: json!(3),
        strategy: FieldStrategy::Manual,
    };
    vec![
        (
            "applied",
            Verdict::Applied {
                feed_seq: 17,
                mapped_ids: vec![],
                rows: vec![],
                conflict_id: None,
                already_gone: false,
            },
        ),
        (
            "applied_in_full",
            Verdict::Applied {
                feed_seq: 17,
                mapped_ids: vec![mapped],
                rows: vec![row(), tombstone()],
                conflict_id: Some(conflict_id),
                already_gone: false,
            },
        ),
        ("insufficient_stock", Verdict::InsufficientStock { lines: vec![short] }),
        (
            "rejected",
            Verdict::Rejected {
                reason: RejectReason::Validation,
                field: Some("lines[0].amounts".into()),
                detail: "states another value".into(),
            },
        ),
        (
            "conflict",
            Verdict::Conflict { conflict_id, feed_seq: 17, fields: vec![dispute], rows: vec![row()] },
        ),
        ("blocked_by", Verdict::BlockedBy { op_id: id(4).into() }),
        ("gap", Verdict::Gap { expected: 5 }),
        ("body_mismatch", Verdict::BodyMismatch),
        ("stale_epoch", Verdict::StaleEpoch { current: 2 }),
        ("unknown_kind", Verdict::UnknownKind),
        ("retry", Verdict::Retry { after_ms: 1_500 }),
    ]
}

pub(crate) fn push_response() -> PushResponse {
    let verdicts = verdicts().into_iter().map(|(_, verdict)| verdict).take(2);
    PushResponse {
        verdicts: verdicts
            .zip([false, true])
            .map(|(verdict, duplicate)| OpVerdict { op_id: id(3).into(), duplicate, verdict })
            .collect(),
        chain_head: Some(ChainHead { number: 1, hash: link().hash }),
        chain_fault: None,
        server_epoch: 2,
        server_time_ms: 1_773_507_909_500,
    }
}

pub(crate) fn pull_request() -> PullRequest {
    PullRequest { cursor: cursor(16), limit: 5_000 }
}

pub(crate) fn pull_response() -> PullResponse {
    PullResponse {
        rows: vec![row(), tombstone()],
        own: vec![OwnOp { op_id: id(3).into(), feed_seq: 17 }],
        next: cursor(17),
        has_more: false,
        server_time_ms: 1_773_507_909_500,
    }
}

pub(crate) fn snapshot_request() -> SnapshotRequest {
    SnapshotRequest { entity: "product".into(), after: Some(id(1)), limit: 5_000 }
}

pub(crate) fn snapshot_page() -> SnapshotPage {
    SnapshotPage { rows: vec![row()], next: None, mark: cursor(17), total_rows: 1 }
}

pub(crate) fn hello() -> Hello {
    Hello {
        protocol: ProtocolRange { min: pos_protocol::OLDEST_PROTOCOL, max: pos_protocol::PROTOCOL },
        authority: id(0xA),
        server_epoch: 2,
        watermark: Watermark { device_id: id(2).into(), epoch: 1, seq: 9, above: vec![11] },
        earlier: vec![],
        backup_watermark: 7,
        feed_seq: 17,
        server_time_ms: 1_773_507_909_500,
        limits: Limits {
            batch_ops: 2_000,
            batch_bytes: 1 << 20,
            page_rows: 5_000,
            requests_per_second: 20,
            attachments: None,
        },
    }
}

pub(crate) fn business() -> Business {
    let currency = Currency::from_iso("GNF").unwrap();
    let settings = ShopSettings::new("Épicerie Diallo", currency, "fr-GN");
    Business { tenant_id: id(0xB).into(), outlet_id: id(0xC).into(), settings }
}

pub(crate) fn invitation() -> PairingInvitation {
    PairingInvitation {
        code: "7K3D-9QXM".into(),
        server: "https://192.168.1.10:7443".into(),
        pins: vec!["47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU".into()],
        expires_at_ms: 1_773_508_509_000,
    }
}

pub(crate) fn pair_request() -> PairRequest {
    PairRequest {
        code: "7K3D9QXM".into(),
        device_id: id(2).into(),
        register: "Caisse 1".into(),
        public_key: DeviceKey::from_seed(&[1; 32]).public(),
        series: None,
        bring: Some(business()),
    }
}

pub(crate) fn pair_response() -> PairResponse {
    PairResponse { token: "5e".repeat(32), business: business(), series: "R1".into() }
}

pub(crate) fn problem(code: ProblemCode) -> Problem {
    Problem { code, detail: "too many requests".into(), retry_after_ms: Some(1_000) }
}
