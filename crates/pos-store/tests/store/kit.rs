//! Builders: a register on a temporary folder, deterministic ids, products and sales.

use std::sync::atomic::{AtomicU64, Ordering};

use pos_domain::body::{EntityCreate, EntityKind, EntityUpdate};
use pos_domain::cart::PriceRules;
use pos_domain::chain::Link;
use pos_domain::document::{DocumentCustomer, DocumentHead, OriginalSale};
use pos_domain::merge::{Fields, Hlc};
use pos_domain::settings::ShopSettings;
use pos_domain::shift::DenominationCount;
use pos_domain::till::{AccountPayment, CashDirection, CashMovement, ShiftOpening, TillHead};
use pos_domain::{
    Cart, CartLine, CashierId, Category, ChainRecord, Currency, Customer, DeviceKey, Money, OfflinePolicy,
    OpId, OperationBody, OutletId, Product, Quantity, Rate, RequestId, RoundingMode, SaleDocument, SaleId,
    SaleKind, ShiftReport, Tender, TenderKind, TillContent, TillDocument,
};
use pos_store::device::NewDevice;
use pos_store::feed::IncomingRow;
use pos_store::queue::{ClaimLimits, Claimed, Lane, NewOperation, OpMode};
use pos_store::sales::NewSale;
use pos_store::settings::SettingRow;
use pos_store::till::NewTillDocument;
use pos_store::{
    Conn, OpenMode, Priority, Store, StoreError, Tx, chain, device, products, queue, sales, settings, till,
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_767_225_600_000;
pub(crate) const LEASE: i64 = 10_000;

pub(crate) struct Register {
    pub(crate) store: Store,
    folder: tempfile::TempDir,
}

impl Register {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), OpenMode::ReadWrite).unwrap();
        let register = Self { store, folder };
        register.write(|tx| {
            device::create(
                tx,
                &NewDevice {
                    device_id: id(1).into(),
                    tenant_id: id(2).into(),
                    outlet_id: id(3).into(),
                    name: "Till 1".to_owned(),
                    series: "R1".to_owned(),
                    public_key: key().public(),
                    created_at_ms: NOW,
                },
            )?;
            for (key, value) in shop().to_rows() {
                settings::put(tx, &SettingRow { key, value })?;
            }
            Ok(())
        });
        register
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().to_owned()
    }

    /// Closes the file and gives the folder, as a process that ended.
    pub(crate) fn close(self) -> tempfile::TempDir {
        self.store.close().unwrap();
        self.folder
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.try_write(job).unwrap()
    }

    pub(crate) fn try_write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store.write(Priority::Till, job)
    }

    pub(crate) fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.read(job).unwrap()
    }
}

/// The same id in each run.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n)
}

static NEXT: AtomicU64 = AtomicU64::new(1_000_000);

/// An id that nothing else in this test has.
pub(crate) fn fresh() -> Uuid {
    id(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

pub(crate) fn key() -> DeviceKey {
    DeviceKey::from_seed(&[7; 32])
}

pub(crate) fn gnf() -> Currency {
    Currency::from_iso("GNF").unwrap()
}

pub(crate) fn shop() -> ShopSettings {
    ShopSettings::new("Chez Aminata", gnf(), "fr-GN")
}

pub(crate) fn qty(units: i64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

pub(crate) fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

pub(crate) fn product(n: u128, code: &str, name: &str) -> Product {
    Product {
        product_id: id(n).into(),
        code: code.to_owned(),
        barcodes: Vec::new(),
        name: name.to_owned(),
        category_id: None,
        unit: "pcs".to_owned(),
        price: money(1_180),
        cost: None,
        tax_rate: Rate::from_ppm(180_000).unwrap(),
        track_stock: true,
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        picture: None,
        archived: false,
        tracking: pos_domain::serial::SerialTracking::None,
        packs: Vec::new(),
    }
}

pub(crate) fn category(n: u128, name: &str) -> Category {
    Category { category_id: id(n).into(), name: name.to_owned(), colour: "#336699".to_owned(), position: 1 }
}

pub(crate) fn customer(n: u128, name: &str) -> Customer {
    Customer {
        customer_id: id(n).into(),
        code: None,
        name: name.to_owned(),
        phone: None,
        note: None,
        credit_limit: None,
    }
}

pub(crate) fn fields(row: &impl Serialize) -> Fields {
    let Value::Object(fields) = serde_json::to_value(row).unwrap() else { panic!("a row is an object") };
    fields
}

/// A row as the server would send it.
pub(crate) fn incoming(
    entity: EntityKind,
    id: Uuid,
    rev: u64,
    seq: u64,
    row: &impl Serialize,
) -> IncomingRow {
    IncomingRow {
        seq,
        entity: entity.as_str().to_owned(),
        id,
        rev,
        deleted: false,
        data: Some(serde_json::value::to_raw_value(row).unwrap()),
    }
}

pub(crate) fn stock_row(product: Uuid, on_hand: i64, rev: u64, seq: u64) -> IncomingRow {
    let level = pos_domain::stock::StockLevel {
        product_id: product.into(),
        on_hand: qty(on_hand),
        oversold: Quantity::ZERO,
    };
    incoming(EntityKind::Stock, product, rev, seq, &level)
}

pub(crate) fn create_body(entity: EntityKind, id: Uuid, row: &impl Serialize) -> OperationBody {
    OperationBody::EntityCreate(EntityCreate {
        entity,
        id,
        fields: fields(row),
        opening_stock: None,
        hlc: Hlc::default(),
    })
}

pub(crate) fn update(
    entity: EntityKind,
    id: Uuid,
    base_rev: u64,
    base: Value,
    changes: Value,
) -> EntityUpdate {
    let object = |value: Value| value.as_object().unwrap().clone();
    EntityUpdate { entity, id, base_rev, base: object(base), changes: object(changes), hlc: Hlc::default() }
}

/// Queues an operation with nothing special about it.
pub(crate) fn enqueue(
    tx: &Tx<'_>,
    op_id: OpId,
    body: &OperationBody,
    depends_on: &[OpId],
) -> Result<u64, StoreError> {
    queue::enqueue(
        tx,
        &NewOperation { op_id, body, mode: OpMode::Fact, lane: Lane::Edit, depends_on, made_at_ms: NOW },
    )
}

pub(crate) fn limits(ops: u32) -> ClaimLimits {
    ClaimLimits { ops, bytes: 1 << 20, envelope_bytes: 0, now_ms: NOW, lease_until_ms: NOW + LEASE }
}

/// Claims one operation, which must be pending and alone.
pub(crate) fn claim(tx: &Tx<'_>, op_id: OpId) -> Result<Claimed, StoreError> {
    let mut claimed = queue::claim_one(tx, op_id, NOW + LEASE)?;
    assert_eq!(claimed.len(), 1, "the operation is pending and depends on nothing open");
    Ok(claimed.remove(0))
}

/// The whole way of an operation that the server has taken.
pub(crate) fn acknowledge(tx: &Tx<'_>, op_id: OpId, feed_seq: u64) -> Result<(), StoreError> {
    let claimed = claim(tx, op_id)?;
    let fenced = queue::acknowledge(tx, op_id, claimed.generation, feed_seq, NOW)?;
    assert_eq!(fenced, queue::Fenced::Done);
    Ok(())
}

/// A sale as the cashier confirmed it.
pub(crate) struct Confirmed {
    pub(crate) sale_id: SaleId,
    pub(crate) op_id: OpId,
    pub(crate) request_id: RequestId,
    pub(crate) body: OperationBody,
}

impl Confirmed {
    pub(crate) fn document(&self) -> &SaleDocument {
        let OperationBody::SaleComplete(document) = &self.body else { panic!("a sale") };
        document
    }

    pub(crate) fn insert(&self, tx: &Tx<'_>, mode: OpMode) -> Result<u64, StoreError> {
        self.insert_after(tx, mode, &[])
    }

    /// The same for a sale that waits for other operations.
    pub(crate) fn insert_after(
        &self,
        tx: &Tx<'_>,
        mode: OpMode,
        depends_on: &[OpId],
    ) -> Result<u64, StoreError> {
        sales::insert_pending(
            tx,
            &NewSale {
                body: &self.body,
                encoded: &self.body.encode()?,
                op_id: self.op_id,
                request_id: Some(self.request_id),
                mode,
                lane: Lane::Checkout,
                depends_on,
            },
        )
    }

    pub(crate) fn seal(&self, conn: &Conn) -> Result<ChainRecord, StoreError> {
        let device = device::get(conn)?;
        let link = Link {
            device_id: device.device_id,
            epoch: device.epoch,
            series: &device.series,
            kind: self.document().head.kind.into(),
            document_id: self.sale_id.into(),
            issued_at_ms: NOW + 5,
            document_hash: self.body.encode()?.hash,
        };
        Ok(ChainRecord::seal(chain::head(conn)?, link, &key()))
    }

    pub(crate) fn finalise(&self, tx: &Tx<'_>) -> Result<ChainRecord, StoreError> {
        let record = self.seal(tx)?;
        sales::finalise(tx, self.sale_id, &record)?;
        Ok(record)
    }
}

/// A sale (or, with a negative quantity, a refund) of each product, paid exactly.
pub(crate) fn confirm(lines: &[(&Product, i64)]) -> Confirmed {
    let cart = Cart {
        cart_id: fresh().into(),
        lines: lines.iter().map(|(product, n)| cart_line(product, *n)).collect(),
        discount: None,
        customer_id: None,
        note: Some("merci".to_owned()),
    };
    let total: i64 = lines.iter().map(|(product, n)| product.price.minor() * n).sum();
    let refund = total < 0;
    let head = DocumentHead {
        sale_id: fresh().into(),
        kind: if refund { SaleKind::Refund } else { SaleKind::Sale },
        business: "Chez Aminata".to_owned(),
        outlet_id: OutletId(id(3)),
        outlet: "Madina".to_owned(),
        device_id: id(1).into(),
        register: "Till 1".to_owned(),
        cashier_id: CashierId(id(4)),
        cashier: "Fatou".to_owned(),
        currency: gnf(),
        rules: PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp },
        cash_rounding: None,
        sold_at_ms: NOW,
        document_date: Some("2026-01-01T09:30:00".to_owned()),
        external_number: Some(format!("X{}", NEXT.load(Ordering::Relaxed))),
        original: refund.then(|| OriginalSale { sale_id: Some(id(999).into()), number: None }),
        shift_id: None,
        swap_number: None,
        approvals: Vec::new(),
    };
    let customer = DocumentCustomer { customer_id: id(500).into(), name: "Mamadou".to_owned() };
    let tenders = vec![Tender {
        kind: TenderKind::Mobile,
        amount: money(total),
        reference: Some("OM-1234".to_owned()),
    }];
    let document = SaleDocument::build(head, Some(customer), &cart, tenders).unwrap();
    Confirmed {
        sale_id: document.head.sale_id,
        op_id: fresh().into(),
        request_id: fresh().into(),
        body: OperationBody::SaleComplete(Box::new(document)),
    }
}

fn cart_line(product: &Product, n: i64) -> CartLine {
    CartLine {
        line_id: fresh().into(),
        product_id: product.product_id,
        code: product.code.clone(),
        name: product.name.clone(),
        unit: product.unit.clone(),
        qty: qty(n),
        unit_price: product.price,
        catalogue_price: product.price,
        tax_rate: product.tax_rate,
        discount: None,
        track_stock: product.track_stock,
        pack_size: None,
        serials: Vec::new(),
        trade_in: false,
        note: None,
    }
}

/// A product that the server knows, with stock on hand.
pub(crate) fn stocked(register: &Register, n: u128, on_hand: i64, seq: u64) -> Product {
    let product = product(n, &format!("P{n}"), &format!("Product {n}"));
    let rows = vec![
        incoming(EntityKind::Product, product.product_id.0, 1, seq, &product),
        stock_row(product.product_id.0, on_hand, 1, seq),
    ];
    register.write(move |tx| pos_store::feed::apply_rows(tx, &rows));
    product
}

/// The product as the register shows it.
pub(crate) fn shown_product(register: &Register, n: u128) -> Option<pos_store::Shared<Product>> {
    register.read(move |conn| products::find(conn, id(n).into()))
}

/// A document of the drawer made now, sealed and written; its place in the chain.
pub(crate) fn record_till(
    tx: &Tx<'_>,
    shift: Option<u128>,
    content: TillContent,
) -> Result<ChainRecord, StoreError> {
    let device = device::get(tx)?;
    let head = TillHead {
        document_id: fresh().into(),
        business: "Chez Aminata".to_owned(),
        outlet_id: OutletId(id(3)),
        outlet: "Madina".to_owned(),
        device_id: device.device_id,
        register: "Till 1".to_owned(),
        cashier_id: CashierId(id(4)),
        cashier: "Fatou".to_owned(),
        currency: gnf(),
        shift_id: shift.map(|n| id(n).into()),
        made_at_ms: NOW,
        approvals: Vec::new(),
    };
    let document = TillDocument { head, content };
    let (kind, document_id) = (document.kind(), document.head.document_id);
    let body = OperationBody::TillRecord(Box::new(document));
    let encoded = body.encode()?;
    let link = Link {
        device_id: device.device_id,
        epoch: device.epoch,
        series: &device.series,
        kind,
        document_id,
        issued_at_ms: NOW + 5,
        document_hash: encoded.hash,
    };
    let link = ChainRecord::seal(chain::head(tx)?, link, &key());
    let request_id = Some(fresh().into());
    let new = NewTillDocument {
        body: &body,
        encoded: &encoded,
        op_id: fresh().into(),
        request_id,
        depends_on: &[],
        link: &link,
    };
    till::insert(tx, &new)?;
    Ok(link)
}

pub(crate) fn opening(float: i64) -> TillContent {
    TillContent::ShiftOpening(ShiftOpening { float: money(float), count: Vec::new() })
}

pub(crate) fn spent(amount: i64) -> TillContent {
    TillContent::CashMovement(CashMovement {
        direction: CashDirection::Out,
        amount: money(amount),
        expense: Some("Transport".to_owned()),
        note: Some("taxi".to_owned()),
    })
}

pub(crate) fn debt_paid(amount: i64) -> TillContent {
    let customer = DocumentCustomer { customer_id: id(500).into(), name: "Mamadou".to_owned() };
    let cash = vec![Tender { kind: TenderKind::Cash, amount: money(amount), reference: None }];
    TillContent::AccountPayment(AccountPayment::build(customer, money(amount), cash, None, None).unwrap())
}

/// The Z of everything since the Z before, with `counted` in the drawer.
pub(crate) fn closing(conn: &Conn, counted: i64) -> Result<TillContent, StoreError> {
    let period = till::period_after(conn, till::place_of_last_closing(conn)?)?;
    let last = till::list_closings(conn, 0, 1)?.into_iter().next().map(|stored| stored.document.content);
    let (z_number, perpetual_before) = match last {
        Some(TillContent::ShiftClosing(report)) => (report.z_number, report.perpetual),
        Some(
            TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::AccountPayment(_),
        )
        | None => Default::default(),
    };
    let expected = period.totals.cash.expected().unwrap();
    let mut report = ShiftReport {
        z_number: z_number + 1,
        opened_at_ms: period.opened_at_ms,
        ranges: period.ranges,
        totals: period.totals,
        perpetual_before,
        perpetual: perpetual_before,
        count: vec![DenominationCount { value: money(1), count: u32::try_from(counted).unwrap() }],
        counted: money(counted),
        expected,
        difference: money(counted).minus(expected).unwrap(),
        open_carts: 1,
        unsynced: 2,
        note: Some("bonne nuit".to_owned()),
    };
    report.perpetual = perpetual_before.plus(report.documents(), &report.totals).unwrap();
    Ok(TillContent::ShiftClosing(Box::new(report)))
}
