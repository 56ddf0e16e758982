//! A business on a real server, and tills that join it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use pos_app::view::{CustomerDetails, Language, SaleCompleted};
use pos_app::{App, AppError, AppOptions, Clock, OpenAccess, ProductFilter};
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, Money, Product, Quantity, Tender, TenderKind};
use pos_server::http::{HttpServer, Listen};
use pos_server::{Records, Server};
use tempfile::TempDir;

/// A server on loopback and its folder.
pub(crate) struct Business {
    folder: TempDir,
    server: Server,
    http: Option<HttpServer>,
    pub(crate) address: SocketAddr,
}

impl Business {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = ShopSettings::new("Boutique", Currency::from_iso("GNF").unwrap(), "fr-GN");
        let server = Server::open(folder.path(), Some(&settings), pos_server::Clock::system()).unwrap();
        let mut business =
            Self { folder, server, http: None, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        business.start();
        business
    }

    /// Listens, at the address of before when there was one.
    pub(crate) fn start(&mut self) {
        let listen = Listen { address: self.address, data: self.folder.path().to_owned(), tls: false };
        let http = HttpServer::start(self.server.clone(), &listen).unwrap();
        self.address = http.address();
        self.http = Some(http);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(http) = self.http.take() {
            http.stop().await.unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn code(&self) -> String {
        pos_server::invite(self.folder.path(), &pos_server::Clock::system()).unwrap().code
    }

    pub(crate) fn records(&self) -> Records {
        Records::open(self.folder.path()).unwrap()
    }
}

/// A register and its folder.
pub(crate) struct Till {
    pub(crate) folder: TempDir,
    pub(crate) app: App,
}

pub(crate) fn options(folder: &std::path::Path) -> AppOptions {
    AppOptions {
        dir: folder.to_owned(),
        access: OpenAccess::Write,
        background_sync: false,
        clock: Clock::system(),
    }
}

impl Till {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(options(folder.path())).await.unwrap();
        Self { folder, app }
    }

    pub(crate) async fn demo() -> Self {
        let till = Self::new().await;
        till.app.create_demo(Language::Fr).await.unwrap();
        till
    }

    /// The demo shop, uploaded to a business through `url`.
    pub(crate) async fn joined(business: &Business, url: &str) -> Self {
        let till = Self::demo().await;
        till.app.connect_shop(url, &business.code()).await.unwrap();
        till
    }

    /// Ends the program as it would be ended by a power cut of its use case: the file stays as it is.
    pub(crate) async fn reopen(self) -> Self {
        let Self { folder, app } = self;
        app.close().await.unwrap();
        let app = App::open(options(folder.path())).await.unwrap();
        Self { folder, app }
    }

    pub(crate) async fn product(&self, code: &str) -> Product {
        self.app.find_product(code.to_owned()).await.unwrap().value.product
    }

    /// Sells the open cart for exact cash.
    pub(crate) async fn pay(&self) -> Result<SaleCompleted, AppError> {
        let due = self.app.cart().await.unwrap().value.payable_cash;
        let tender = Tender { kind: TenderKind::Cash, amount: due, reference: None };
        Ok(self.app.complete_sale(self.app.new_id(), vec![tender]).await?.value)
    }

    /// Puts products into the cart.
    pub(crate) async fn scan(&self, code: &str, pieces: i64) {
        let product = self.product(code).await;
        self.app.add_product(product.product_id, Quantity::from_units(pieces).unwrap()).await.unwrap();
    }

    pub(crate) async fn verify(&self) {
        let report = self.app.verify(true).await.unwrap().value;
        assert_eq!(report.findings, [], "the file agrees with itself");
    }

    pub(crate) async fn count_products(&self) -> u32 {
        let all = ProductFilter { limit: 500, ..ProductFilter::default() };
        self.app.list_products(all).await.unwrap().value.total.unwrap_or_default()
    }
}

/// Sum of all documents on a server.
pub(crate) fn total_on(business: &Business) -> i64 {
    business.records().totals().unwrap().iter().map(|t| t.total.minor()).sum()
}

pub(crate) fn minor(money: Money) -> i64 {
    money.minor()
}

/// Copies a folder as a person does: every file anew.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|e| (e.path(), e.file_name())).unwrap();
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Writes the bytes of a saved folder into the files of another one, so that these keep their places on the disk.
pub(crate) fn write_back(saved: &Path, folder: &Path) {
    for entry in fs::read_dir(saved).unwrap() {
        let (path, name) = entry.map(|e| (e.path(), e.file_name())).unwrap();
        if path.is_dir() {
            write_back(&path, &folder.join(name));
        } else {
            fs::write(folder.join(name), fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// A customer of whom nothing but the name is known.
pub(crate) fn named(name: &str) -> CustomerDetails {
    CustomerDetails { name: name.to_owned(), ..CustomerDetails::default() }
}
