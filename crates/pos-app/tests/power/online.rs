//! A checkout that the server answers, on a disk that breaks at any call of it.
//!
//! The sale is begun, asked for and ended in two transactions. When the disk breaks between them the cashier hears that
//! nobody knows yet, and the next press of the button must finish what was begun instead of selling it again.

use std::net::SocketAddr;

use pos_app::ErrorCode;
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, RequestId};
use pos_server::http::{HttpServer, Listen};
use pos_server::{Clock, Records, Server};
use pos_testkit::crash::{Fault, Lasts, Trouble};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::broken::{Meaning, meaning};
use crate::till::{PLENTY, Place, Till, faults, next_number, numbers};

/// A server on loopback, and its folder.
struct Business {
    folder: TempDir,
    http: HttpServer,
    code: String,
}

impl Business {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = ShopSettings::new("Boutique", Currency::from_iso("GNF").unwrap(), "fr-GN");
        let server = Server::open(folder.path(), Some(&settings), Clock::system()).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listen = Listen { address, data: folder.path().to_owned(), tls: false };
        let http = HttpServer::start(server, &listen).unwrap();
        let code = pos_server::invite(folder.path(), &Clock::system()).unwrap().code;
        Self { folder, http, code }
    }

    /// Minor units of all sales that it has.
    fn total(&self) -> i64 {
        let totals = Records::open(self.folder.path()).unwrap().totals().unwrap();
        totals.iter().map(|total| total.total.minor()).sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_a_broken_disk_left_between_question_and_end_is_finished_by_the_next_press() {
    let business = Business::open();
    let till = Till::demo().await;
    let url = format!("http://{}", business.http.address());
    till.app.connect_shop(&url, &business.code).await.unwrap();
    let (mut sold, mut total, mut left_pending) = (0, 0, 0);
    for nth in 1.. {
        till.app.scan(PLENTY[sold % PLENTY.len()]).await.unwrap();
        let (request, tenders): (RequestId, _) = (till.app.new_id(), till.cash().await);
        till.disk.fail(Fault { trouble: Trouble::Broken, nth, lasts: Lasts::UntilRepaired });
        let answer = till.app.complete_sale(request, tenders.clone()).await.map(|outcome| outcome.value);
        let has_struck = till.disk.repair();
        let pending = pending(&till.place);
        left_pending += pending;
        if pending > 0 {
            let doubt = matches!(meaning(&answer), Meaning::Unknown);
            assert!(doubt, "call {nth}: a sale that was begun is no refusal and no sale, {answer:?}");
        }

        let again = till.app.complete_sale(request, tenders).await;
        let again = again.unwrap_or_else(|e| panic!("call {nth}: {answer:?}, and then again {e:?}")).value;
        assert_eq!(again.number, next_number(sold), "call {nth}: one press is one sale, {answer:?}");
        sold += 1;
        total += again.total.minor();
        assert_eq!(numbers(&till.app).await.len(), sold, "call {nth}: and no other was made of it");
        assert_eq!(self::pending(&till.place), 0, "call {nth}: nothing is left open");
        if !has_struck {
            break;
        }
    }
    println!("{sold} checkouts online, {left_pending} left between question and end");
    assert!(left_pending > 0, "faults between the two transactions were met");

    let empty = till.app.complete_sale(till.app.new_id(), Vec::new()).await.unwrap_err();
    assert_eq!(empty.code, ErrorCode::CartEmpty, "what was sold is off the counter");
    assert_eq!(faults(&till.app).await, [""; 0], "the file agrees with itself");
    till.app.sync_now().await.unwrap();
    assert_eq!(business.total(), total, "the server has each sale once");
    till.close().await;
    business.http.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn once_its_disk_works_again_a_register_does_the_first_thing_that_the_sync_is_told() {
    let business = Business::open();
    let till = Till::demo().await;
    let url = format!("http://{}", business.http.address());
    till.app.connect_shop(&url, &business.code).await.unwrap();
    let mut struck = 0;
    for nth in 1.. {
        till.disk.fail(Fault { trouble: Trouble::Unwritable, nth, lasts: Lasts::UntilRepaired });
        let paused = till.app.pause_sync(true).await;
        let has_struck = till.disk.repair();
        let resumed = till.app.pause_sync(false).await;
        assert!(resumed.is_ok(), "call {nth}: {paused:?}, and then {resumed:?}");
        if !has_struck {
            break;
        }
        struck += u32::from(paused.is_err());
    }
    assert!(struck > 0, "the disk failed while something was written");
    till.app.sync_now().await.unwrap();
    till.close().await;
    business.http.stop().await.unwrap();
}

/// Sales that were begun and have no end, as another program sees them.
fn pending(place: &Place) -> u32 {
    let file = place.data().join(pos_store::FILE_NAME);
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = "SELECT count(*) FROM sale WHERE state = 'pending'";
    connection.query_row(count, [], |row| row.get(0)).unwrap()
}
