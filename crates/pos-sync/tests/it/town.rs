//! A server with its business and registers that joined it, all real, in folders of their own.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pos_domain::body::{EntityCreate, EntityKind, OpeningStock};
use pos_domain::chain::Link;
use pos_domain::document::DocumentHead;
use pos_domain::merge::Hlc;
use pos_domain::settings::ShopSettings;
use pos_domain::{
    AttachmentHash, Cart, CartLine, Cashier, ChainRecord, Currency, DeviceId, DeviceKey, Money,
    OfflinePolicy, OpId, OperationBody, Product, Quantity, Rate, Role, SaleDocument, SaleId, SaleKind,
    Tender, TenderKind,
};
use pos_protocol::{
    ApiError, DigestAnswer, DigestRequest, FetchPiece, Hello, PairRequest, PairResponse, PieceGiven,
    PieceTaken, Problem, ProblemCode, PullRequest, PullResponse, PushRequest, PushResponse, SaleAnswer,
    SendPiece, SnapshotPage, SnapshotRequest, SyncApi,
};
use pos_server::{DeviceSession, Server};
use pos_store::device::{self, JoinedServer, NewDevice};
use pos_store::queue::{self, Claimed, Lane, NewOperation, OpMode};
use pos_store::sales::{self, NewSale};
use pos_store::{OpenMode, Priority, Store, StoreError, cashiers, chain, products, stock};
use pos_sync::status::{SyncState, SyncStatus};
use pos_sync::{Background, CheckoutAnswer, Parts, SaleVerdict, SyncHandle};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// Ids of one test rise; two tests never meet.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);
/// What every wait of a test is bounded by: a test that hangs says where.
const PATIENCE: Duration = Duration::from_secs(30);
/// Deadline of checkouts whose answer does come.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn new_id<T: From<Uuid>>() -> T {
    let n = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    T::from(Uuid::from_u64_pair(0x0190_0000_0000_7000 + (n >> 16), (2 << 62) | n))
}

pub(crate) fn now_ms() -> i64 {
    let elapsed = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    i64::try_from(elapsed.as_millis()).expect("before the year 292 million")
}

/// A server and its folder.
pub(crate) struct Town {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
}

impl Town {
    pub(crate) fn found() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = ShopSettings::new("Baobab", Currency::from_iso("GNF").expect("a currency"), "fr-GN");
        let clock = pos_server::Clock::system();
        let server = Server::open(folder.path(), Some(&settings), clock).expect("a server");
        Self { server, folder }
    }

    pub(crate) fn code(&self) -> String {
        pos_server::invite(self.folder.path(), &pos_server::Clock::system()).expect("a code").code
    }

    /// A register that joined, with its session on the server.
    pub(crate) async fn join(&self, name: &str) -> Register {
        let mut register = Register::new(name);
        let answer = self.server.pair(register.pair_request(self.code())).await.expect("joined");
        register.joined("http://127.0.0.1:1", &answer);
        register.meet(&self.server).await;
        register
    }

    /// Ends the server, copies its folder as a backup does, and opens both: the server, and what a restored one would
    /// be. No register may be in session.
    pub(crate) fn back_up(self) -> (Self, Self) {
        let Self { server, folder } = self;
        drop(server);
        let backup = tempfile::tempdir().expect("a folder");
        for entry in std::fs::read_dir(folder.path()).expect("the folder") {
            let entry = entry.expect("an entry");
            if entry.file_type().expect("a type").is_file() {
                std::fs::copy(entry.path(), backup.path().join(entry.file_name())).expect("copied");
            }
        }
        let open = |folder: TempDir| Self {
            server: Server::open(folder.path(), None, pos_server::Clock::system()).expect("a server"),
            folder,
        };
        (open(folder), open(backup))
    }
}

/// A register's file and keys.
pub(crate) struct Register {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) device_id: DeviceId,
    pub(crate) key: DeviceKey,
    pub(crate) name: String,
    session: Option<DeviceSession>,
}

impl Register {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), OpenMode::ReadWrite).expect("a file");
        let device_id: DeviceId = new_id();
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(device_id.as_bytes());
        Self {
            folder,
            store,
            device_id,
            key: DeviceKey::from_seed(&seed),
            name: name.to_owned(),
            session: None,
        }
    }

    pub(crate) fn pair_request(&self, code: String) -> PairRequest {
        PairRequest {
            code,
            device_id: self.device_id,
            register: self.name.clone(),
            public_key: self.key.public(),
            series: None,
            bring: None,
        }
    }

    pub(crate) fn joined(&self, url: &str, answer: &PairResponse) {
        let new = NewDevice {
            device_id: self.device_id,
            tenant_id: answer.business.tenant_id,
            outlet_id: answer.business.outlet_id,
            name: self.name.clone(),
            series: answer.series.clone(),
            public_key: self.key.public(),
            created_at_ms: now_ms(),
        };
        let server = JoinedServer { url: url.to_owned(), pins: vec![], authority: None, server_epoch: 0 };
        self.write(move |tx| {
            device::create(tx, &new)?;
            device::set_server(tx, &server)
        });
    }

    /// The register's program ended without any order, and starts again: the handle's tasks are gone and claims stand
    /// as they stood.
    pub(crate) async fn crash<A: SyncApi + 'static>(self, sync: SyncHandle<A>) -> Self {
        sync.shut_down(Duration::ZERO).await;
        drop(sync);
        let Self { folder, store, device_id, key, name, session } = self;
        drop(store);
        let reopening = async {
            loop {
                match Store::open(folder.path(), OpenMode::ReadWrite) {
                    // An aborted task gives its handle back when the runtime comes to it.
                    Err(StoreError::Held(_)) => tokio::task::yield_now().await,
                    other => return other.expect("the file opens again"),
                }
            }
        };
        let store = tokio::time::timeout(PATIENCE, reopening).await.expect("nobody holds the folder");
        let register = Self { folder, store, device_id, key, name, session };
        register.write(|tx| queue::recover_at_start(tx, now_ms()).map(drop));
        register
    }

    /// Takes on a cashier, queued as the use case does.
    pub(crate) fn hire(&self, name: &str) {
        let cashier = Cashier { cashier_id: new_id(), name: name.to_owned(), role: Role::Cashier };
        let operation = Queued {
            op_id: new_id(),
            body: create(EntityKind::Cashier, cashier.cashier_id.0, &cashier, None),
            depends_on: vec![],
        };
        self.write(move |tx| {
            cashiers::put(tx, &cashier)?;
            enqueue(tx, &operation)
        });
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&pos_store::Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(Priority::Till, job).expect("written")
    }

    pub(crate) fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&pos_store::Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.read(job).expect("read")
    }

    /// Is known to a server from now on.
    pub(crate) async fn meet(&mut self, server: &Server) {
        self.session = Some(server.session(self.device_id).await.expect("a session"));
    }

    /// Lets go of the server.
    pub(crate) fn part(&mut self) {
        self.session = None;
    }

    pub(crate) fn session(&self) -> DeviceSession {
        self.session.clone().expect("joined")
    }

    /// The way to the server, with faults at will.
    pub(crate) fn faulty(&self) -> FaultyApi<DeviceSession> {
        FaultyApi::over(self.session.clone().expect("joined"))
    }

    pub(crate) async fn start<A: SyncApi + 'static>(&self, api: A, background: Background) -> SyncHandle<A> {
        let stopwatch = Arc::new(|| std::time::Duration::ZERO);
        let parts = Parts { store: self.store.clone(), api, clock: Arc::new(now_ms), stopwatch, seed: 7 };
        SyncHandle::start(parts, background).await.expect("started")
    }

    /// Makes a product here, queued as the use case does.
    pub(crate) fn create_product(&self, code: &str, price: i64, stock: i64) -> Product {
        let product = product(code, price);
        let operation = create_of(&product, stock);
        let row = product.clone();
        self.write(move |tx| {
            products::put(tx, &row)?;
            enqueue(tx, &operation)
        });
        product
    }

    pub(crate) fn stock_of(&self, product: &Product) -> stock::ShownStock {
        let id = product.product_id;
        self.read(move |conn| stock::shown(conn, id))
    }

    pub(crate) fn counts(&self) -> queue::QueueCounts {
        self.read(queue::counts)
    }

    pub(crate) fn document(&self, product: &Product, units: i64) -> SaleDocument {
        let (device, cashiers) = self.read(|conn| Ok((device::get(conn)?, cashiers::list(conn)?)));
        let cashier = cashiers.first().expect("somebody stands at the till");
        let line = CartLine {
            line_id: new_id(),
            product_id: product.product_id,
            code: product.code.clone(),
            name: product.name.clone(),
            unit: product.unit.clone(),
            qty: Quantity::from_units(units).expect("a quantity"),
            unit_price: product.price,
            catalogue_price: product.price,
            tax_rate: product.tax_rate,
            discount: None,
            track_stock: product.track_stock,
            pack_size: None,
            serials: Vec::new(),
            trade_in: false,
            note: None,
        };
        let settings = ShopSettings::new("Baobab", Currency::from_iso("GNF").expect("a currency"), "fr-GN");
        let head = DocumentHead {
            sale_id: new_id(),
            kind: SaleKind::Sale,
            business: settings.business_name,
            outlet_id: device.outlet_id,
            outlet: settings.outlet_name,
            device_id: device.device_id,
            register: device.name,
            cashier_id: cashier.cashier_id,
            cashier: cashier.name.clone(),
            currency: settings.currency,
            rules: settings.rules,
            cash_rounding: None,
            sold_at_ms: now_ms(),
            document_date: None,
            external_number: None,
            original: None,
            shift_id: None,
            swap_number: None,
            approvals: Vec::new(),
        };
        let cart =
            Cart { cart_id: new_id(), lines: vec![line], discount: None, customer_id: None, note: None };
        let paid = Money::from_minor(product.price.minor() * units).expect("an amount");
        let tenders = vec![Tender { kind: TenderKind::Cash, amount: paid, reference: None }];
        SaleDocument::build(head, None, &cart, tenders).expect("a document")
    }

    /// Confirms a sale; the operation's claim when the server may be asked.
    pub(crate) fn confirm(
        &self,
        document: &SaleDocument,
        mode: OpMode,
        depends_on: &[OpId],
    ) -> (OpId, Vec<Claimed>) {
        let op_id: OpId = new_id();
        let body = OperationBody::SaleComplete(Box::new(document.clone()));
        let depends_on = depends_on.to_vec();
        let claimed = self.write(move |tx| {
            let encoded = body.encode()?;
            let sale = NewSale {
                body: &body,
                encoded: &encoded,
                op_id,
                request_id: None,
                mode,
                lane: Lane::Checkout,
                depends_on: &depends_on,
            };
            sales::insert_pending(tx, &sale)?;
            match mode {
                OpMode::Admit => queue::claim_one(tx, op_id, now_ms() + 60_000),
                OpMode::Fact | OpMode::Withdraw => Ok(Vec::new()),
            }
        });
        (op_id, claimed)
    }

    /// Makes a sale final after an answer, or as a fact.
    pub(crate) fn finalise(&self, sale_id: SaleId, op_id: OpId, verdict: Option<SaleVerdict>) {
        let (key, device_id) = (self.key.clone(), self.device_id);
        self.write(move |tx| {
            match &verdict {
                Some(verdict) => drop(verdict.write(tx, now_ms())?),
                None => match queue::find(tx, op_id)?.expect("queued").mode {
                    OpMode::Admit => queue::latch_to_fact(tx, op_id, now_ms())?,
                    OpMode::Fact | OpMode::Withdraw => {}
                },
            }
            let device = device::get(tx)?;
            let document_hash = queue::find(tx, op_id)?.expect("queued").head.body_hash;
            let link = Link {
                device_id,
                epoch: device.epoch,
                series: &device.series,
                kind: SaleKind::Sale.into(),
                document_id: sale_id.into(),
                issued_at_ms: now_ms(),
                document_hash,
            };
            let record = ChainRecord::seal(chain::head(tx)?, link, &key);
            sales::finalise(tx, sale_id, &record)
        });
    }

    /// The whole checkout as the use case does it.
    pub(crate) async fn sell<A: SyncApi + 'static>(
        &self,
        sync: &SyncHandle<A>,
        product: &Product,
        units: i64,
        deadline: Duration,
    ) -> Sold {
        let document = self.document(product, units);
        let sale_id = document.head.sale_id;
        let (op_id, claimed) = self.confirm(&document, OpMode::Admit, &[]);
        let answer = sync.checkout_push(claimed, deadline).await;
        match &answer {
            CheckoutAnswer::Applied(verdict) => self.finalise(sale_id, op_id, Some(verdict.clone())),
            CheckoutAnswer::Unknown(_) | CheckoutAnswer::Offline => {
                self.finalise(sale_id, op_id, None);
                sync.sale_finalised();
            }
            CheckoutAnswer::Short { answered, .. } | CheckoutAnswer::Rejected { answered, .. } => {
                let answered = *answered;
                self.write(move |tx| {
                    let fault = queue::OpFault {
                        class: queue::ErrorClass::Permanent,
                        code: "refused".to_owned(),
                        params: serde_json::Map::new(),
                    };
                    let _ = queue::reject(tx, answered.op_id, answered.generation, &fault, now_ms())?;
                    sales::roll_back(tx, sale_id, "refused", &serde_json::json!({}), now_ms())
                });
            }
        }
        Sold { op_id, answer }
    }
}

/// A sale as the cashier saw it.
pub(crate) struct Sold {
    pub(crate) op_id: OpId,
    pub(crate) answer: CheckoutAnswer,
}

/// An operation to be queued.
pub(crate) struct Queued {
    pub(crate) op_id: OpId,
    pub(crate) body: OperationBody,
    pub(crate) depends_on: Vec<OpId>,
}

pub(crate) fn enqueue(tx: &pos_store::Tx<'_>, queued: &Queued) -> Result<(), StoreError> {
    let operation = NewOperation {
        op_id: queued.op_id,
        body: &queued.body,
        mode: OpMode::Fact,
        lane: Lane::Edit,
        depends_on: &queued.depends_on,
        made_at_ms: now_ms(),
    };
    queue::enqueue(tx, &operation).map(drop)
}

pub(crate) fn product(code: &str, price: i64) -> Product {
    Product {
        product_id: new_id(),
        code: code.to_owned(),
        barcodes: vec![],
        name: format!("Product {code}"),
        category_id: None,
        unit: "pcs".to_owned(),
        price: Money::from_minor(price).expect("a price"),
        cost: None,
        tax_rate: Rate::from_ppm(180_000).expect("a rate"),
        track_stock: true,
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        picture: None,
        archived: false,
        tracking: pos_domain::serial::SerialTracking::None,
        packs: Vec::new(),
    }
}

pub(crate) fn create_of(product: &Product, stock: i64) -> Queued {
    let qty = Quantity::from_units(stock).expect("a quantity");
    let opening = OpeningStock { movement_id: new_id(), qty };
    let body = create(EntityKind::Product, product.product_id.0, product, Some(opening));
    Queued { op_id: new_id(), body, depends_on: vec![] }
}

fn create(
    entity: EntityKind,
    id: Uuid,
    row: &impl serde::Serialize,
    opening: Option<OpeningStock>,
) -> OperationBody {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(row) else {
        panic!("a row is an object")
    };
    let hlc = Hlc { wall_ms: now_ms(), counter: 0 };
    OperationBody::EntityCreate(EntityCreate { entity, id, fields, opening_stock: opening, hlc })
}

/// Waits until the status, read anew after each change, says so.
pub(crate) async fn wait_for<A: SyncApi + 'static>(
    sync: &SyncHandle<A>,
    what: &str,
    until: impl Fn(&SyncStatus) -> bool,
) -> SyncStatus {
    let mut watch = sync.watch();
    let waiting = async {
        loop {
            watch.mark_unchanged();
            let status = sync.status().await.expect("read");
            if until(&status) {
                return status;
            }
            watch.changed().await.expect("the exchange lives");
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(status) => status,
        Err(_) => panic!("waited in vain for: {what}; now {:?}", sync.status().await),
    }
}

pub(crate) async fn wait_synced<A: SyncApi + 'static>(sync: &SyncHandle<A>) -> SyncStatus {
    wait_for(sync, "everything is on the server", |s| {
        s.state == SyncState::Synced && s.pending == 0 && s.last_success_ms.is_some()
    })
    .await
}

/// What goes wrong with one push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server processes it, the answer is lost.
    LostReply,
    /// It never arrives.
    LostRequest,
    /// It arrives twice; the second answer comes back.
    Doubled,
    /// It is held up on the way and arrives after the next one; the sender hears nothing.
    Overtaken,
    /// A portal answers instead.
    Portal,
    /// 503 with a time to come back.
    Busy,
    /// Nothing ever comes back, nothing arrives.
    Hangs,
}

/// A way to a server on which things go wrong as planned.
#[derive(Clone)]
pub(crate) struct FaultyApi<A> {
    server: A,
    road: Arc<Road>,
}

/// The state of the way, shared with the test.
#[derive(Default)]
pub(crate) struct Road {
    plan: Mutex<VecDeque<Fault>>,
    held_up: Mutex<Vec<PushRequest>>,
    down: std::sync::atomic::AtomicBool,
    pub(crate) pushes: watch::Sender<u32>,
    pub(crate) hellos: AtomicU32,
    /// Snapshot pages by kind, in order.
    pub(crate) pages: Mutex<Vec<SnapshotRequest>>,
    /// The kind whose pages never come through; counting it asks for one row and does.
    pub(crate) breaks_at: Mutex<Option<EntityKind>>,
    /// Digests that were asked for.
    pub(crate) digests: AtomicU32,
    /// What is special about the server's digests.
    pub(crate) digests_are: Mutex<Digests>,
}

/// How digests are answered.
#[derive(Clone, Copy, Default)]
pub(crate) enum Digests {
    /// As the server does.
    #[default]
    True,
    /// Computed when the feed had moved on.
    Late,
    /// Not at all: the server is of an older version.
    Unknown,
}

impl<A> FaultyApi<A> {
    pub(crate) fn over(server: A) -> Self {
        Self { server, road: Arc::default() }
    }

    pub(crate) fn road(&self) -> Arc<Road> {
        Arc::clone(&self.road)
    }
}

impl Road {
    pub(crate) fn plan(&self, faults: &[Fault]) {
        self.plan.lock().expect("the plan").extend(faults);
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn pushes(&self) -> u32 {
        *self.pushes.borrow()
    }

    /// Waits until that many pushes have set out.
    pub(crate) async fn wait_for_push(&self, number: u32) {
        let mut pushes = self.pushes.subscribe();
        let waiting = pushes.wait_for(|pushes| *pushes >= number);
        tokio::time::timeout(PATIENCE, waiting).await.expect("a push sets out").expect("the road stays");
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(ApiError::Unreachable { detail: "the road is closed".to_owned() });
        }
        Ok(())
    }
}

impl<A: SyncApi> SyncApi for FaultyApi<A> {
    async fn hello(&self) -> Result<Hello, ApiError> {
        self.road.hellos.fetch_add(1, Ordering::SeqCst);
        self.road.check()?;
        self.server.hello().await
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        self.road.pushes.send_modify(|pushes| *pushes += 1);
        self.road.check()?;
        let no_answer = || ApiError::NoAnswer { detail: "lost on the way".to_owned() };
        let fault = self.road.plan.lock().expect("the plan").pop_front();
        match fault {
            None => {
                let answer = self.server.push(request).await;
                let held_up = std::mem::take(&mut *self.road.held_up.lock().expect("the road"));
                for late in held_up {
                    drop(self.server.push(late).await);
                }
                answer
            }
            Some(Fault::LostReply) => {
                self.server.push(request).await?;
                Err(no_answer())
            }
            Some(Fault::LostRequest) => Err(no_answer()),
            Some(Fault::Doubled) => {
                self.server.push(request.clone()).await?;
                self.server.push(request).await
            }
            Some(Fault::Overtaken) => {
                self.road.held_up.lock().expect("the road").push(request);
                Err(no_answer())
            }
            Some(Fault::Portal) => Err(ApiError::NotTheServer { detail: "200 OK, text/html".to_owned() }),
            Some(Fault::Busy) => Err(ApiError::Refused {
                problem: Problem {
                    code: ProblemCode::Unavailable,
                    detail: "busy".to_owned(),
                    retry_after_ms: Some(50),
                },
            }),
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        self.road.check()?;
        self.server.pull(request).await
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        self.road.check()?;
        let breaks_at = *self.road.breaks_at.lock().expect("the road");
        if request.limit > 1 && breaks_at.is_some_and(|kind| kind.as_str() == request.entity) {
            return Err(ApiError::NoAnswer { detail: "the link broke in the middle".to_owned() });
        }
        self.road.pages.lock().expect("the road").push(request.clone());
        self.server.snapshot(request).await
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        self.road.check()?;
        self.road.digests.fetch_add(1, Ordering::SeqCst);
        let special = *self.road.digests_are.lock().expect("the road");
        let mut answer = match special {
            Digests::True | Digests::Late => self.server.digest(request).await?,
            Digests::Unknown => {
                let (code, detail) = (ProblemCode::BadRequest, "no such path".to_owned());
                return Err(ApiError::Refused { problem: Problem { code, detail, retry_after_ms: None } });
            }
        };
        answer.mark.seq += u64::from(matches!(special, Digests::Late));
        Ok(answer)
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        self.server.find_sale(number).await
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        self.server.send_piece(hash, piece).await
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        self.server.fetch_piece(hash, request).await
    }
}

/// A server after it was restored from a backup: the same one in another life, so that older cursors mean nothing.
pub(crate) struct Restored<A>(pub(crate) A);

/// How many lives later.
const LIVES: u32 = 1;

impl<A: SyncApi> SyncApi for Restored<A> {
    async fn hello(&self) -> Result<Hello, ApiError> {
        let mut hello = self.0.hello().await?;
        hello.server_epoch += LIVES;
        Ok(hello)
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        let mut answer = self.0.push(request).await?;
        answer.server_epoch += LIVES;
        Ok(answer)
    }

    async fn pull(&self, mut request: PullRequest) -> Result<PullResponse, ApiError> {
        let Some(epoch) = request.cursor.server_epoch.checked_sub(LIVES).filter(|epoch| *epoch > 0) else {
            let code = ProblemCode::ResnapshotRequired;
            let problem = Problem { code, detail: "an older life".to_owned(), retry_after_ms: None };
            return Err(ApiError::Refused { problem });
        };
        request.cursor.server_epoch = epoch;
        let mut page = self.0.pull(request).await?;
        page.next.server_epoch += LIVES;
        Ok(page)
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        let mut page = self.0.snapshot(request).await?;
        page.mark.server_epoch += LIVES;
        Ok(page)
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        let mut answer = self.0.digest(request).await?;
        answer.mark.server_epoch += LIVES;
        Ok(answer)
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        self.0.find_sale(number).await
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        self.0.send_piece(hash, piece).await
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        self.0.fetch_piece(hash, request).await
    }
}
