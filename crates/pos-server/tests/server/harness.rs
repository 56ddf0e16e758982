//! A shop with a real server and registers that make real documents. Ids are counted, so a failing run repeats.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use pos_domain::body::{
    ConflictReopening, ConflictResolution, EntityCreate, EntityDelete, EntityKind, EntityUpdate,
    OpeningStock, StockAdjustment, StockAdjustmentLine,
};
use pos_domain::cart::PriceRules;
use pos_domain::chain::{ChainHead, Link};
use pos_domain::document::{DocumentHead, OriginalSale};
use pos_domain::merge::{Fields, Hlc};
use pos_domain::settings::ShopSettings;
use pos_domain::stock::{MovementReason, StockLevel};
use pos_domain::{
    Cart, CartId, CartLine, Cashier, CashierId, ChainRecord, Conflict, ConflictChoice, ConflictId, Currency,
    DeviceId, DeviceKey, LineId, Money, MovementId, OfflinePolicy, OpId, OperationBody, Product, ProductId,
    Quantity, Rate, Role, RoundingMode, SaleDocument, SaleId, SaleKind, Tender, TenderKind,
};
use pos_protocol::{
    Cursor, FeedRow, Mode, OpVerdict, Operation, PROTOCOL, PairRequest, PairResponse, PullRequest,
    PullResponse, PushRequest, PushResponse, SnapshotRequest, SyncApi, Verdict,
};
use pos_server::{Clock, DeviceSession, Server};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::store::Place;

/// 2026-01-05 09:00 UTC.
pub(crate) const OPENING_MS: i64 = 1_767_603_600_000;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A new id, ascending like those of registers.
pub(crate) fn next_id() -> Uuid {
    let n = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(OPENING_MS).unwrap() + n, &random).into_uuid()
}

pub(crate) fn units(n: i64) -> Quantity {
    Quantity::from_units(n).unwrap()
}

pub(crate) fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

/// A business with its server. The clock stands still until it is moved.
pub(crate) struct Shop {
    pub(crate) place: Place,
    pub(crate) server: Server,
    pub(crate) now: Arc<AtomicI64>,
}

/// A register that joined.
pub(crate) struct Register {
    pub(crate) session: DeviceSession,
    pub(crate) device_id: DeviceId,
    pub(crate) key: DeviceKey,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) joined: PairResponse,
    pub(crate) epoch: u32,
    pub(crate) seq: u64,
    pub(crate) chain: ChainHead,
    pub(crate) cashier_id: CashierId,
}

impl Shop {
    /// A GNF shop.
    pub(crate) fn open() -> Self {
        let place = Place::new();
        let now = Arc::new(AtomicI64::new(OPENING_MS));
        let currency = Currency::from_iso("GNF").unwrap();
        let settings = ShopSettings::new("Boutique Kaloum", currency, "fr-GN");
        let server = Server::open(&place.location, Some(&settings), clock(&now)).unwrap();
        Self { place, server, now }
    }

    /// Ends the server and starts it again in the same place.
    pub(crate) fn reopen(self) -> Self {
        let Self { place, server, now } = self;
        drop(server);
        let server = Server::open(&place.location, None, clock(&now)).unwrap();
        Self { place, server, now }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.place.folder.path().to_owned()
    }

    pub(crate) fn clock(&self) -> Clock {
        clock(&self.now)
    }

    pub(crate) fn pass_ms(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn request(&self, name: &str, code: String) -> (PairRequest, DeviceKey) {
        let device_id = DeviceId(next_id());
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(device_id.as_bytes());
        let key = DeviceKey::from_seed(&seed);
        let request = PairRequest {
            code,
            device_id,
            register: name.to_owned(),
            public_key: key.public(),
            series: None,
            bring: None,
        };
        (request, key)
    }

    /// A register that joined and has a cashier.
    pub(crate) async fn join(&self, name: &str) -> Register {
        let code = pos_server::invite(&self.place.location, &self.clock()).unwrap().code;
        let (request, key) = self.request(name, code);
        let device_id = request.device_id;
        let joined = self.server.pair(request).await.unwrap();
        let session = self.server.authenticate(&joined.token).await.unwrap();
        let cashier_id = CashierId(next_id());
        let mut register = Register {
            session,
            device_id,
            key,
            name: name.to_owned(),
            token: joined.token.clone(),
            joined,
            epoch: 1,
            seq: 0,
            chain: ChainHead::START,
            cashier_id,
        };
        let cashier = Cashier { cashier_id, name: "Aïssatou".to_owned(), role: Role::Manager };
        let verdict = register.send(register_create(EntityKind::Cashier, cashier_id.0, &cashier)).await;
        assert!(matches!(verdict, Verdict::Applied { .. }), "{verdict:?}");
        register
    }

    /// Every row of every kind, as a first sync sees it, by `(kind, id)`.
    pub(crate) async fn snapshot(&self, register: &Register, limit: u32) -> (Vec<FeedRow>, Cursor) {
        let mut rows = Vec::new();
        let mut mark = None;
        for kind in EntityKind::ALL {
            let mut after = None;
            loop {
                let request = SnapshotRequest { entity: kind.as_str().to_owned(), after, limit };
                let page = register.session.snapshot(request).await.unwrap();
                mark.get_or_insert(page.mark);
                rows.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        (rows, mark.unwrap())
    }
}

pub(crate) fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = Arc::clone(now);
    Clock::from_fn(move || now.load(Ordering::Relaxed))
}

/// A product at 1,000 with 18 % tax included, counted.
pub(crate) fn product(code: &str) -> Product {
    Product {
        product_id: ProductId(next_id()),
        code: code.to_owned(),
        barcodes: Vec::new(),
        name: format!("Produit {code}"),
        category_id: None,
        unit: "pcs".to_owned(),
        price: money(1_000),
        cost: None,
        tax_rate: Rate::parse_percent("18").unwrap(),
        track_stock: true,
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        picture: None,
        archived: false,
        tracking: pos_domain::serial::SerialTracking::None,
        packs: Vec::new(),
    }
}

pub(crate) fn fields<T: serde::Serialize>(row: &T) -> Fields {
    serde_json::from_value(serde_json::to_value(row).unwrap()).unwrap()
}

pub(crate) fn register_create<T: serde::Serialize>(entity: EntityKind, id: Uuid, row: &T) -> OperationBody {
    let hlc = Hlc { wall_ms: OPENING_MS, counter: 0 };
    OperationBody::EntityCreate(EntityCreate { entity, id, fields: fields(row), opening_stock: None, hlc })
}

pub(crate) fn product_create(product: &Product, opening: i64) -> OperationBody {
    let opening_stock =
        (opening > 0).then(|| OpeningStock { movement_id: MovementId(next_id()), qty: units(opening) });
    OperationBody::EntityCreate(EntityCreate {
        entity: EntityKind::Product,
        id: product.product_id.0,
        fields: fields(product),
        opening_stock,
        hlc: Hlc { wall_ms: OPENING_MS, counter: 0 },
    })
}

/// An edit of one field, at a time of the editor's clock.
pub(crate) fn edit(
    entity: EntityKind,
    id: Uuid,
    base_rev: u64,
    field: &str,
    (from, to): (Value, Value),
    at: i64,
) -> OperationBody {
    OperationBody::EntityUpdate(EntityUpdate {
        entity,
        id,
        base_rev,
        base: Fields::from_iter([(field.to_owned(), from)]),
        changes: Fields::from_iter([(field.to_owned(), to)]),
        hlc: Hlc { wall_ms: OPENING_MS + at, counter: 0 },
    })
}

pub(crate) fn delete(entity: EntityKind, id: Uuid, base_rev: u64) -> OperationBody {
    let hlc = Hlc { wall_ms: OPENING_MS + 50, counter: 0 };
    OperationBody::EntityDelete(EntityDelete { entity, id, base_rev, hlc })
}

pub(crate) fn adjust(product: &Product, reason: MovementReason, qty: i64) -> OperationBody {
    OperationBody::StockAdjust(StockAdjustment {
        reason,
        lines: vec![StockAdjustmentLine {
            movement_id: MovementId(next_id()),
            product_id: product.product_id,
            delta: units(qty),
            track_stock: true,
        }],
        reference: None,
        document_date: None,
        note: None,
    })
}

pub(crate) fn resolve(conflict_id: ConflictId, choice: ConflictChoice) -> ConflictResolution {
    ConflictResolution {
        conflict_id,
        choice,
        fields: Fields::new(),
        refund_sale_id: None,
        actor: "Mamadou".to_owned(),
        note: None,
        hlc: Hlc { wall_ms: OPENING_MS + 1_000, counter: 0 },
    }
}

pub(crate) fn reopen(conflict_id: ConflictId) -> OperationBody {
    OperationBody::ConflictReopen(ConflictReopening {
        conflict_id,
        actor: "Mamadou".to_owned(),
        note: None,
        hlc: Hlc { wall_ms: OPENING_MS + 2_000, counter: 0 },
    })
}

pub(crate) fn push_of(register: &Register, operations: Vec<Operation>) -> PushRequest {
    PushRequest {
        protocol: PROTOCOL,
        device_id: register.device_id,
        epoch: register.epoch,
        operations,
        chain: Vec::new(),
        heard: None,
    }
}

impl Register {
    /// The next operation of this register.
    pub(crate) fn operation(&mut self, body: &OperationBody, mode: Mode) -> Operation {
        self.seq += 1;
        operation(body, mode, self.seq)
    }

    /// Sends one fact and gives its verdict.
    pub(crate) async fn send(&mut self, body: OperationBody) -> Verdict {
        let operation = self.operation(&body, Mode::Fact);
        self.push(vec![operation]).await.remove(0).verdict
    }

    /// Asks whether a sale may be made.
    pub(crate) async fn ask(&mut self, document: &SaleDocument) -> (Operation, Verdict) {
        let body = OperationBody::SaleComplete(Box::new(document.clone()));
        let operation = self.operation(&body, Mode::Admit);
        let verdict = self.push(vec![operation.clone()]).await.remove(0).verdict;
        (operation, verdict)
    }

    /// Says that a sale was made.
    pub(crate) async fn tell(&mut self, document: &SaleDocument) -> Verdict {
        self.send(OperationBody::SaleComplete(Box::new(document.clone()))).await
    }

    pub(crate) async fn push(&self, operations: Vec<Operation>) -> Vec<OpVerdict> {
        self.push_all(push_of(self, operations)).await.verdicts
    }

    pub(crate) async fn push_all(&self, request: PushRequest) -> PushResponse {
        self.session.push(request).await.unwrap()
    }

    pub(crate) async fn pull(&self, cursor: Cursor, limit: u32) -> PullResponse {
        self.session.pull(PullRequest { cursor, limit }).await.unwrap()
    }

    /// The cursor before the first row.
    pub(crate) async fn start(&self) -> Cursor {
        let hello = self.session.hello().await.unwrap();
        Cursor {
            authority: hello.authority,
            server_epoch: hello.server_epoch,
            incarnation: Uuid::nil(),
            schema: pos_protocol::ROW_SCHEMA,
            seq: 0,
        }
    }

    /// One row as the feed shows it now.
    pub(crate) async fn row(&self, entity: EntityKind, id: Uuid) -> Option<FeedRow> {
        let mut cursor = self.start().await;
        loop {
            let page = self.pull(cursor, 5_000).await;
            if let Some(row) = page.rows.into_iter().find(|row| row.entity == entity.as_str() && row.id == id)
            {
                return Some(row);
            }
            if !page.has_more {
                return None;
            }
            cursor = page.next;
        }
    }

    pub(crate) async fn field(&self, entity: EntityKind, id: Uuid, field: &str) -> Value {
        let row = self.row(entity, id).await.expect("the row is in the feed");
        let data: Value = serde_json::from_str(row.data.expect("the row lives").get()).unwrap();
        data[field].clone()
    }

    /// `(on_hand, oversold)` in units.
    pub(crate) async fn stock(&self, product: &Product) -> (i64, i64) {
        let row = self.row(EntityKind::Stock, product.product_id.0).await.expect("the product is counted");
        let level: StockLevel = serde_json::from_str(row.data.unwrap().get()).unwrap();
        (level.on_hand.milli() / 1_000, level.oversold.milli() / 1_000)
    }

    /// All conflicts.
    pub(crate) async fn conflicts(&self) -> Vec<Conflict> {
        let request =
            SnapshotRequest { entity: EntityKind::Conflict.as_str().to_owned(), after: None, limit: 5_000 };
        let page = self.session.snapshot(request).await.unwrap();
        page.rows.iter().map(|row| serde_json::from_str(row.data.as_ref().unwrap().get()).unwrap()).collect()
    }

    /// The only conflict.
    pub(crate) async fn conflict(&self) -> Conflict {
        let mut all = self.conflicts().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub(crate) fn head(&self, kind: SaleKind) -> DocumentHead {
        let settings = &self.joined.business.settings;
        DocumentHead {
            sale_id: SaleId(next_id()),
            kind,
            business: settings.business_name.clone(),
            outlet_id: self.joined.business.outlet_id,
            outlet: settings.outlet_name.clone(),
            device_id: self.device_id,
            register: self.name.clone(),
            cashier_id: self.cashier_id,
            cashier: "Aïssatou".to_owned(),
            currency: settings.currency,
            rules: PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp },
            cash_rounding: None,
            sold_at_ms: OPENING_MS + 5_000,
            document_date: None,
            external_number: None,
            original: None,
            shift_id: None,
            swap_number: None,
            approvals: Vec::new(),
        }
    }

    /// A sale of quantities of products, paid exactly in cash.
    pub(crate) fn sale(&self, lines: &[(&Product, i64)]) -> SaleDocument {
        self.document(self.head(SaleKind::Sale), lines)
    }

    /// A refund of quantities of a sale.
    pub(crate) fn refund(&self, original: &SaleDocument, lines: &[(&Product, i64)]) -> SaleDocument {
        let mut head = self.head(SaleKind::Refund);
        head.original = Some(OriginalSale { sale_id: Some(original.head.sale_id), number: None });
        let lines: Vec<_> = lines.iter().map(|(product, qty)| (*product, -qty)).collect();
        self.document(head, &lines)
    }

    pub(crate) fn document(&self, head: DocumentHead, lines: &[(&Product, i64)]) -> SaleDocument {
        let lines: Vec<CartLine> = lines
            .iter()
            .map(|(product, qty)| CartLine {
                line_id: LineId(next_id()),
                product_id: product.product_id,
                code: product.code.clone(),
                name: product.name.clone(),
                unit: product.unit.clone(),
                qty: units(*qty),
                unit_price: product.price,
                catalogue_price: product.price,
                tax_rate: product.tax_rate,
                discount: None,
                track_stock: product.track_stock,
                pack_size: None,
                serials: Vec::new(),
                trade_in: false,
                note: None,
            })
            .collect();
        let total: i64 = lines.iter().map(|l| l.unit_price.minor() * l.qty.milli() / 1_000).sum();
        let tenders = match total {
            0 => Vec::new(),
            _ => vec![Tender { kind: TenderKind::Cash, amount: money(total), reference: None }],
        };
        let cart = Cart { cart_id: CartId(next_id()), lines, discount: None, customer_id: None, note: None };
        SaleDocument::build(head, None, &cart, tenders).unwrap()
    }

    /// The chain's next link for a document, as its operation carries it.
    pub(crate) fn seal(&mut self, document: &SaleDocument, operation: &Operation) -> ChainRecord {
        let series = match self.epoch {
            1 => self.joined.series.clone(),
            epoch => format!("{}.{epoch}", self.joined.series),
        };
        let link = Link {
            device_id: self.device_id,
            epoch: self.epoch,
            series: &series,
            kind: document.head.kind.into(),
            document_id: document.head.sale_id.into(),
            issued_at_ms: OPENING_MS + 6_000,
            document_hash: operation.body_hash,
        };
        let record = ChainRecord::seal(self.chain, link, &self.key);
        self.chain = ChainHead { number: record.number, hash: record.hash };
        record
    }
}

pub(crate) fn operation(body: &OperationBody, mode: Mode, seq: u64) -> Operation {
    let encoded = body.encode().unwrap();
    Operation {
        op_id: OpId(next_id()),
        seq,
        kind: encoded.kind.to_owned(),
        kind_version: encoded.kind_version,
        depends_on: Vec::new(),
        mode,
        made_at_ms: OPENING_MS + 4_000,
        body: RawValue::from_string(encoded.text).unwrap(),
        body_hash: encoded.hash,
    }
}

/// The same operation in another mode, as a register sends it again.
pub(crate) fn again(operation: &Operation, mode: Mode) -> Operation {
    Operation { mode, ..operation.clone() }
}

pub(crate) fn is_applied(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Applied { .. })
}

/// The reason and field of a refusal.
pub(crate) fn rejection(verdict: &Verdict) -> (String, String) {
    let Verdict::Rejected { reason, field, .. } = verdict else { panic!("not rejected: {verdict:?}") };
    (reason.as_str().to_owned(), field.clone().unwrap_or_default())
}

/// Where the effects of an applied operation begin in the feed.
pub(crate) fn feed_seq(verdict: &Verdict) -> u64 {
    let Verdict::Applied { feed_seq, .. } = verdict else { panic!("not applied: {verdict:?}") };
    *feed_seq
}
