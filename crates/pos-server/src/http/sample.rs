//! One real value of each wire type, from which [`super::openapi`] derives schemas and examples.

use pos_domain::cart::PriceRules;
use pos_domain::chain::{ChainHead, Link};
use pos_domain::document::DocumentHead;
use pos_domain::settings::ShopSettings;
use pos_domain::{
    Cart, CartId, CartLine, CashierId, ChainRecord, Currency, DeviceId, DeviceKey, DocumentId, DocumentKind,
    Hash32, LineId, MediaType, Money, OpId, OutletId, ProductId, Quantity, Rate, RoundingMode, SaleDocument,
    SaleId, SaleKind, TenantId, Tender, TenderKind,
};
use pos_protocol::{
    Business, Cursor, DigestAnswer, DigestPart, FeedRow, Hello, Limits, Mode, OpVerdict, Operation, OwnOp,
    PROTOCOL, PairRequest, PairResponse, PieceGiven, PieceTaken, Problem, ProblemCode, ProtocolRange,
    PullResponse, PushRequest, PushResponse, ROW_SCHEMA, Returned, RowsDigest, SaleAnswer, SaleFound,
    SendPiece, SnapshotPage, Verdict, Watermark,
};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

/// A point in time for examples: 2026-01-05 09:00 UTC.
const NINE_MS: i64 = 1_767_603_600_000;

/// One path of the API.
pub(super) struct Described {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Name and whether it is required.
    pub(super) query: &'static [(&'static str, bool)],
    pub(super) needs_token: bool,
    pub(super) request: Option<Value>,
    pub(super) answer: Value,
    pub(super) answer_type: &'static str,
}

const JSON: &str = "application/json";

/// All paths.
#[expect(clippy::too_many_lines, reason = "a table: one entry per path")]
pub(super) fn operations() -> Vec<Described> {
    let plain = Described {
        method: "get",
        path: "/health",
        id: "health",
        summary: "Whether the process lives",
        query: &[],
        needs_token: false,
        request: None,
        answer: json!({ "live": true }),
        answer_type: JSON,
    };
    let with_token = |path, id, summary, query, answer| Described {
        path,
        id,
        summary,
        query,
        answer,
        needs_token: true,
        method: "get",
        request: None,
        answer_type: JSON,
    };
    let push =
        with_token("/v1/sync/push", "push", "Send operations and chain links", &[], value(&push_answer()));
    let stream =
        with_token("/v1/sync/stream", "stream", "Hints: the feed's seq as it moves", &[], json!("42"));
    vec![
        with_token("/v1/hello", "hello", "Greet", &[], value(&hello())),
        Described {
            method: "post",
            path: "/v1/pair",
            id: "pair",
            summary: "Join by a pairing code",
            request: Some(value(&pair_request())),
            answer: value(&pair_answer()),
            ..copy(&plain)
        },
        Described { method: "post", request: Some(value(&push_request())), ..push },
        with_token(
            "/v1/sync/pull",
            "pull",
            "Read the feed",
            &[("cursor", true), ("limit", true)],
            value(&pull_answer()),
        ),
        with_token(
            "/v1/sync/snapshot",
            "snapshot",
            "Read rows of one kind in key order",
            &[("entity", true), ("after", false), ("limit", true)],
            value(&snapshot_answer()),
        ),
        with_token(
            "/v1/sync/digest",
            "digest",
            "Digest rows of one kind, to compare both sides",
            &[("entity", true), ("from", true), ("until", false), ("parts", true)],
            value(&digest_answer()),
        ),
        Described { answer_type: "text/event-stream", ..stream },
        with_token(
            "/v1/sales/{number}",
            "findSale",
            "Look up a sale of any register by its printed number",
            &[],
            value(&sale_answer()),
        ),
        with_token(
            "/v1/attachments/{hash}",
            "fetchPiece",
            "Read bytes of a picture",
            &[("offset", true), ("limit", true)],
            value(&piece_given()),
        ),
        Described {
            method: "put",
            request: Some(value(&SendPiece { size: 5, offset: 0, bytes: b"bytes".to_vec() })),
            ..with_token(
                "/v1/attachments/{hash}",
                "sendPiece",
                "Send bytes of a picture",
                &[],
                value(&PieceTaken::Held { bytes: 5 }),
            )
        },
        Described {
            path: "/ready",
            id: "ready",
            summary: "Whether the database answers",
            answer: json!({ "ready": true }),
            ..copy(&plain)
        },
        Described {
            path: "/metrics",
            id: "metrics",
            summary: "Counters for Prometheus",
            answer: json!("comptoir_pushes_total 1"),
            answer_type: "text/plain",
            ..copy(&plain)
        },
        plain,
    ]
}

/// A problem.
pub(super) fn problem() -> Value {
    value(&Problem {
        code: ProblemCode::Unavailable,
        detail: "the server cannot answer now".to_owned(),
        retry_after_ms: Some(1_000),
    })
}

fn copy(of: &Described) -> Described {
    Described { request: None, answer: of.answer.clone(), ..*of }
}

fn value<T: Serialize>(of: &T) -> Value {
    serde_json::to_value(of).unwrap_or(Value::Null)
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x019b_8d9c_3180_7000_8000_0000_0000_0000 + n)
}

fn cursor() -> Cursor {
    Cursor { authority: id(1), server_epoch: 1, incarnation: id(9), schema: ROW_SCHEMA, seq: 42 }
}

fn business() -> Option<Business> {
    let currency = Currency::from_iso("GNF").ok()?;
    let settings = ShopSettings::new("Boutique Kaloum", currency, "fr-GN");
    Some(Business { tenant_id: TenantId(id(2)), outlet_id: OutletId(id(3)), settings })
}

fn key() -> DeviceKey {
    DeviceKey::from_seed(&[1; 32])
}

fn pair_request() -> PairRequest {
    PairRequest {
        code: "7K2M-9XQ4".to_owned(),
        device_id: DeviceId(id(4)),
        register: "Caisse 1".to_owned(),
        public_key: key().public(),
        series: None,
        bring: None,
    }
}

fn pair_answer() -> Option<PairResponse> {
    Some(PairResponse { token: "0".repeat(64), business: business()?, series: "R1".to_owned() })
}

fn push_request() -> Option<PushRequest> {
    let text = r#"{"reason":"receipt","lines":[],"reference":null,"document_date":null,"note":null}"#;
    let link = Link {
        device_id: DeviceId(id(4)),
        epoch: 1,
        series: "R1",
        kind: DocumentKind::Sale,
        document_id: DocumentId(id(7)),
        issued_at_ms: NINE_MS,
        document_hash: Hash32::of(text.as_bytes()),
    };
    Some(PushRequest {
        protocol: PROTOCOL,
        device_id: DeviceId(id(4)),
        epoch: 1,
        operations: vec![Operation {
            op_id: OpId(id(5)),
            seq: 9,
            kind: "stock.adjust".to_owned(),
            kind_version: 1,
            depends_on: vec![OpId(id(6))],
            mode: Mode::Fact,
            made_at_ms: NINE_MS,
            body: RawValue::from_string(text.to_owned()).ok()?,
            body_hash: Hash32::of(text.as_bytes()),
        }],
        chain: vec![ChainRecord::seal(ChainHead::START, link, &key())],
        heard: None,
    })
}

fn row() -> Option<FeedRow> {
    let product = id(8);
    let data = format!(r#"{{"product_id":"{product}","on_hand":3000,"oversold":0}}"#);
    Some(FeedRow {
        seq: 42,
        entity: "stock".to_owned(),
        id: product,
        rev: 7,
        deleted: false,
        origin_device: Some(DeviceId(id(4))),
        origin_op: Some(OpId(id(5))),
        data: Some(RawValue::from_string(data).ok()?),
    })
}

fn push_answer() -> PushResponse {
    let rows = row().into_iter().collect();
    let verdict = Verdict::Applied {
        feed_seq: 41,
        mapped_ids: Vec::new(),
        rows,
        conflict_id: None,
        already_gone: false,
    };
    PushResponse {
        verdicts: vec![OpVerdict { op_id: OpId(id(5)), duplicate: false, verdict }],
        chain_head: Some(ChainHead::START),
        chain_fault: None,
        server_epoch: 1,
        server_time_ms: NINE_MS,
    }
}

fn pull_answer() -> PullResponse {
    PullResponse {
        rows: row().into_iter().collect(),
        own: vec![OwnOp { op_id: OpId(id(5)), feed_seq: 41 }],
        next: cursor(),
        has_more: false,
        server_time_ms: NINE_MS,
    }
}

fn snapshot_answer() -> SnapshotPage {
    SnapshotPage { rows: row().into_iter().collect(), next: Some(id(8)), mark: cursor(), total_rows: 20_000 }
}

fn sale_answer() -> Option<SaleAnswer> {
    let (product_id, paid) = (ProductId(id(8)), Money::from_minor(5_000).ok()?);
    let line = CartLine {
        line_id: LineId(id(10)),
        product_id,
        code: "RIZ-25".to_owned(),
        name: "Riz 25 kg".to_owned(),
        unit: "sac".to_owned(),
        qty: Quantity::from_units(1).ok()?,
        unit_price: paid,
        catalogue_price: paid,
        tax_rate: Rate::ZERO,
        discount: None,
        track_stock: true,
        pack_size: None,
        serials: Vec::new(),
        trade_in: false,
        note: None,
    };
    let head = DocumentHead {
        sale_id: SaleId(id(7)),
        kind: SaleKind::Sale,
        business: "Boutique Kaloum".to_owned(),
        outlet_id: OutletId(id(3)),
        outlet: "Boutique Kaloum".to_owned(),
        device_id: DeviceId(id(4)),
        register: "Caisse 1".to_owned(),
        cashier_id: CashierId(id(11)),
        cashier: "Aïssatou".to_owned(),
        currency: Currency::from_iso("GNF").ok()?,
        rules: PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp },
        cash_rounding: None,
        sold_at_ms: NINE_MS,
        document_date: None,
        external_number: None,
        original: None,
        shift_id: None,
        swap_number: None,
        approvals: Vec::new(),
    };
    let cart =
        Cart { cart_id: CartId(id(12)), lines: vec![line], discount: None, customer_id: None, note: None };
    let tender = Tender { kind: TenderKind::Cash, amount: paid, reference: None };
    let document = SaleDocument::build(head, None, &cart, vec![tender]).ok()?;
    let returned = vec![Returned { product_id, qty: Quantity::from_units(1).ok()?, paid }];
    let number = "R1-000042".to_owned();
    Some(SaleAnswer::Found(Box::new(SaleFound { number, document, returned, voided: false })))
}

fn piece_given() -> PieceGiven {
    PieceGiven::Piece { size: 5, media_type: MediaType::Jpeg, bytes: b"bytes".to_vec() }
}

fn digest_answer() -> DigestAnswer {
    let sum = RowsDigest { rows: 20_000, hash: Hash32::GENESIS };
    DigestAnswer { mark: cursor(), parts: vec![DigestPart { from: id(8), sum }] }
}

fn hello() -> Hello {
    Hello {
        protocol: ProtocolRange { min: pos_protocol::OLDEST_PROTOCOL, max: PROTOCOL },
        authority: id(1),
        server_epoch: 1,
        watermark: Watermark { device_id: DeviceId(id(4)), epoch: 1, seq: 8, above: vec![10] },
        earlier: vec![],
        backup_watermark: 0,
        feed_seq: 42,
        server_time_ms: NINE_MS,
        limits: Limits {
            batch_ops: 2_000,
            batch_bytes: 2 << 20,
            page_rows: 5_000,
            requests_per_second: crate::limits::REQUESTS_PER_SECOND,
            attachments: Some(crate::attachments::LIMITS),
        },
    }
}
