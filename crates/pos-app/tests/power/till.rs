//! A register over a disk that can fail, and everything that its file says.

use std::path::{Path, PathBuf};

use pos_app::view::{Language, SaleCompleted};
use pos_app::{App, AppError, AppOptions, Clock, OpenAccess, ProductFilter};
use pos_domain::{RequestId, Tender, TenderKind};
use pos_testkit::crash::{CrashDisk, Image, keep_originals};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Products of the demo shop of which there is enough for every test here.
pub(crate) const PLENTY: [&str; 3] = ["RIZ-5KG", "SUCRE-1KG", "HUILE-1L"];
/// More sales than a test makes.
const ALL: u32 = 500;

/// The place of one register. A crash is played in it, not in a copy: registers tell a copy from the original.
pub(crate) struct Place(TempDir);

/// A register, its place, and the disk under it.
pub(crate) struct Till {
    pub(crate) place: Place,
    pub(crate) disk: CrashDisk,
    pub(crate) app: App,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.data()).unwrap();
        place
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Makes the folder what a crash left, with a disk that works. Nothing in it may be open.
    pub(crate) fn put_back(&self, image: &Image) -> CrashDisk {
        image.put_back(&self.data(), &self.originals()).unwrap();
        CrashDisk::watch(&self.data()).unwrap()
    }

    /// The register's notes beside its database know their own file from a copy.
    fn keep_originals(&self) {
        let is_note = |name: &Path| !name.to_string_lossy().contains(".db");
        keep_originals(&self.data(), &self.originals(), is_note).unwrap();
    }

    fn originals(&self) -> PathBuf {
        self.0.path().join("originals")
    }
}

/// Opens the register of a folder.
pub(crate) async fn open(folder: &Path, access: OpenAccess) -> Result<App, AppError> {
    let dir = folder.to_owned();
    App::open(AppOptions { dir, access, background_sync: false, clock: Clock::system() }).await
}

impl Till {
    /// A register in an empty folder.
    pub(crate) async fn new() -> Self {
        let place = Place::new();
        let disk = CrashDisk::watch(&place.data()).unwrap();
        Self::open(place, disk).await.unwrap()
    }

    /// One with the demo shop.
    pub(crate) async fn demo() -> Self {
        let till = Self::new().await;
        till.app.create_demo(Language::Fr).await.unwrap();
        till
    }

    pub(crate) async fn open(place: Place, disk: CrashDisk) -> Result<Self, AppError> {
        let app = open(&place.data(), OpenAccess::Write).await?;
        Ok(Self { place, disk, app })
    }

    /// Closes it in order. Its place, and the record of its disk.
    pub(crate) async fn close(self) -> (Place, CrashDisk) {
        let Self { place, disk, app } = self;
        app.close().await.unwrap();
        place.keep_originals();
        (place, disk)
    }

    /// What the open cart costs, in cash.
    pub(crate) async fn cash(&self) -> Vec<Tender> {
        cash(&self.app).await
    }
}

async fn cash(app: &App) -> Vec<Tender> {
    let amount = app.cart().await.unwrap().value.payable_cash;
    vec![Tender { kind: TenderKind::Cash, amount, reference: None }]
}

/// Puts one piece into the cart and sells the cart.
pub(crate) async fn sell_one(app: &App, code: &str) -> Result<SaleCompleted, AppError> {
    app.scan(code).await?;
    let request: RequestId = app.new_id();
    Ok(app.complete_sale(request, cash(app).await).await?.value)
}

/// What is wrong with a register's file and its second journal, in words; empty when nothing is.
pub(crate) async fn faults(app: &App) -> Vec<String> {
    let found = app.verify(true).await.unwrap().value.findings;
    found.into_iter().map(|finding| format!("{} {}", finding.code, finding.detail)).collect()
}

/// Everything that a person can see of a register's file: receipts word for word, stock, carts, customers, settings.
pub(crate) async fn books(app: &App) -> Result<Value, AppError> {
    let state = app.state().await?.value;
    let Some(shop) = state.shop else { return Ok(json!({ "shop": null })) };
    let mut sales = Vec::new();
    for sale in app.list_sales(String::new(), None, ALL).await?.value.items {
        let receipt = app.receipt(sale.sale_id).await?.value;
        sales.push(json!({ "summary": sale, "document": receipt.document, "text": receipt.text }));
    }
    let everything = ProductFilter { limit: ALL, ..ProductFilter::default() };
    let cart = app.cart().await?.value;
    Ok(json!({
        "sales": sales,
        "cart": { "lines": cart.lines, "total": cart.total },
        "held": app.held_carts().await?.value,
        "drawer": drawer(app).await?,
        "products": app.list_products(everything).await?.value.items,
        "customers": app.list_customers(String::new(), None, ALL).await?.value.items,
        "settings": shop.settings,
    }))
}

/// The open shift, what happened to the drawer since the last Z, and all Zs, word for word.
async fn drawer(app: &App) -> Result<Value, AppError> {
    let state = app.drawer_state().await?.value;
    let mut closings = Vec::new();
    for z in app.list_z(0, ALL).await?.value {
        closings.push(app.report_z(Some(z.z_number)).await?.value);
    }
    Ok(json!({ "open": state.open, "entries": state.entries, "totals": state.totals, "closings": closings }))
}

/// How many final documents of any kind the register ever made.
pub(crate) async fn documents(app: &App) -> usize {
    let x = app.report_x().await.unwrap().value;
    usize::try_from(x.perpetual.documents + x.z_number - 1).unwrap()
}

/// Printed numbers of all sales, the oldest first.
pub(crate) async fn numbers(app: &App) -> Vec<String> {
    let sales = app.list_sales(String::new(), None, ALL).await.unwrap().value.items;
    sales.into_iter().rev().map(|sale| sale.number).collect()
}

/// The number that follows on this register, such as `R1-000002` after one sale.
pub(crate) fn next_number(sales: usize) -> String {
    format!("R1-{:06}", sales + 1)
}
