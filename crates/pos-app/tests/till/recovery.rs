//! Registers that were damaged, put back, copied, restored or wiped, with the real file and the real server.

use std::fs;
use std::path::PathBuf;

use pos_app::view::{LifeCause, RecoveryReport, SaleCompleted};
use pos_app::{App, ErrorCode};
use pos_domain::{Tender, TenderKind};
use tempfile::TempDir;

use crate::shop::{Business, Till, copy_folder, named, options, total_on, write_back};

impl Till {
    async fn sell(&self, code: &str, pieces: i64) -> SaleCompleted {
        self.scan(code, pieces).await;
        self.pay().await.unwrap()
    }

    async fn backup(&self) -> String {
        self.app.make_backup().await.unwrap().value.name
    }

    async fn report(&self) -> RecoveryReport {
        self.app.recovery().await.unwrap().value.report.unwrap()
    }

    async fn was_never_restored(&self) -> bool {
        self.app.recovery().await.unwrap().value.report.is_none()
    }

    async fn numbers(&self) -> Vec<String> {
        let sales = self.app.list_sales(String::new(), None, 100).await.unwrap().value.items;
        let mut numbers: Vec<_> = sales.into_iter().map(|sale| sale.number).collect();
        numbers.sort();
        numbers
    }

    /// Ends the program in order.
    async fn close(self) -> TempDir {
        self.app.close().await.unwrap();
        self.folder
    }

    async fn open(folder: TempDir) -> Self {
        let app = App::open(options(folder.path())).await.unwrap();
        Self { folder, app }
    }

    async fn sync(&self) {
        self.app.sync_now().await.unwrap();
        let status = self.app.sync_status().await.unwrap().value;
        assert_eq!((status.pending, status.dead), (0, 0), "everything is on the server");
        assert_eq!(status.alarm, None, "and nothing is wrong");
    }
}

fn file_of(folder: &TempDir) -> PathBuf {
    folder.path().join("register.db")
}

async fn agree(business: &Business, till: &Till, expected: i64) {
    assert_eq!(total_on(business), expected, "every sale is on the server once");
    assert_eq!(business.records().verify().unwrap(), [], "the server agrees with itself");
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_comes_back_whole_and_sells_on_under_a_new_series() {
    let mut business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let first = till.sell("RIZ-5KG", 2).await;
    let name = till.backup().await;
    let second = till.sell("RIZ-5KG", 3).await;
    business.stop().await;
    let third = till.sell("RIZ-5KG", 1).await;
    let report = till.app.restore_backup(&name).await.unwrap().value;
    assert_eq!((report.cause, report.documents_refilled), (LifeCause::Restored, 2), "{report:?}");
    assert_eq!(report.unverified, [], "nothing is missing");
    assert_eq!((report.before.unwrap().sales, report.after.sales), (3, 3));
    assert_eq!((report.from_epoch, report.epoch, report.series.as_str()), (1, 2, "R1.2"));
    assert_eq!(
        till.numbers().await,
        ["R1-000001", "R1-000002", "R1-000003"],
        "with the numbers on the paper"
    );
    for sold in [&second, &third] {
        let again = till.app.receipt(sold.sale_id).await.unwrap().value;
        assert_eq!(again.document, sold.receipt.document, "the same document");
    }
    let quarantine = till.folder.path().join(report.quarantine.unwrap());
    assert!(quarantine.join("register.db").exists(), "the file of before is kept");
    let fourth = till.sell("RIZ-5KG", 4).await;
    assert_eq!(fourth.number, "R1.2-000001", "no number is given twice");
    business.start();
    till.sync().await;
    let sum = [&first, &second, &third, &fourth].iter().map(|sold| sold.total.minor()).sum();
    agree(&business, &till, sum).await;
    assert_eq!(business.records().stock("RIZ-5KG").unwrap().unwrap().on_hand.milli(), 30_000);
    let shown = till.app.find_stock("RIZ-5KG".into()).await.unwrap().value.stock.unwrap().shown;
    assert_eq!(shown.milli(), 30_000, "and the register shows what is there");
    let till = till.reopen().await;
    assert_eq!(till.report().await.epoch, 2, "the next start begins no other life");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_put_back_by_hand_is_noticed_and_filled_up() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let first = till.sell("RIZ-5KG", 2).await;
    let folder = till.close().await;
    let old = fs::read(file_of(&folder)).unwrap();
    let till = Till::open(folder).await;
    assert!(till.was_never_restored().await, "an ordinary start is no news");
    let second = till.sell("RIZ-5KG", 3).await;
    let folder = till.close().await;
    fs::write(file_of(&folder), old).unwrap();
    let till = Till::open(folder).await;
    let report = till.report().await;
    assert_eq!((report.cause, report.documents_refilled), (LifeCause::WentBack, 1), "{report:?}");
    let third = till.sell("RIZ-5KG", 1).await;
    assert_eq!(till.numbers().await, ["R1-000001", "R1-000002", "R1.2-000001"]);
    till.sync().await;
    let sum = [&first, &second, &third].iter().map(|sold| sold.total.minor()).sum();
    agree(&business, &till, sum).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_folder_used_in_two_places_loses_and_doubles_nothing() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let mut sold = vec![till.sell("RIZ-5KG", 1).await];
    let folder = till.close().await;
    let copied = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), copied.path());
    let (original, copy) = (Till::open(folder).await, Till::open(copied).await);
    assert!(original.was_never_restored().await, "the original is itself");
    assert_eq!(copy.report().await.cause, LifeCause::Copied, "the copy knows that it is one");
    sold.push(copy.sell("RIZ-5KG", 2).await);
    sold.push(original.sell("RIZ-5KG", 3).await);
    let numbers: Vec<_> = sold.iter().map(|sale| sale.number.as_str()).collect();
    assert_eq!(numbers, ["R1-000001", "R1.2-000001", "R1-000002"], "no number stands on two receipts");
    copy.sync().await;
    let fenced = original.app.sync_now().await.unwrap_err();
    assert_eq!(fenced.params["code"], "alarm.stale_epoch", "the server takes one life of a register only");
    assert!(original.app.recovery().await.unwrap().value.fenced, "and a person is told");
    sold.push(original.sell("RIZ-5KG", 4).await);
    let report = original.app.go_on_here().await.unwrap().value;
    assert_eq!((report.cause, report.series.as_str()), (LifeCause::Person, "R1.3"));
    original.sync().await;
    let sum = sold.iter().map(|sale| sale.total.minor()).sum();
    agree(&business, &original, sum).await;
    let fenced = copy.app.sync_now().await.unwrap_err();
    assert_eq!(fenced.params["code"], "alarm.stale_epoch", "now the copy is the fenced one");
    assert_eq!(
        original.app.go_on_here().await.unwrap_err().code,
        ErrorCode::RecoveryNotFenced,
        "whom the server listens to has nothing to decide"
    );
}

/// Database, mark and journal all went back together, each in its old place: only the server can know.
#[tokio::test(flavor = "multi_thread")]
async fn a_register_whose_disk_did_not_let_it_go_on_still_knows_its_server() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let folder = till.close().await;
    let copied = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), copied.path());
    let (original, copy) = (Till::open(folder).await, Till::open(copied).await);
    copy.sell("RIZ-5KG", 1).await;
    copy.sync().await;
    original.sell("RIZ-5KG", 2).await;
    original.app.sync_now().await.unwrap_err();
    let file = rusqlite::Connection::open(file_of(&original.folder)).unwrap();
    let refuses = "CREATE TRIGGER full BEFORE INSERT ON device_epoch BEGIN SELECT raise(ABORT, 'full'); END";
    file.execute_batch(refuses).unwrap();
    assert_eq!(original.app.go_on_here().await.unwrap_err().code, ErrorCode::StorageFailed);
    let fenced = original.app.sync_now().await.unwrap_err();
    assert_eq!(
        fenced.params["code"], "alarm.stale_epoch",
        "it asks the server, and nobody has to start it again"
    );
    file.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(original.app.go_on_here().await.unwrap().value.cause, LifeCause::Person);
    original.sync().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_note_beside_the_file_can_show_the_server_shows() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let first = till.sell("RIZ-5KG", 2).await;
    till.sync().await;
    let folder = till.close().await;
    let saved = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), saved.path());
    let till = Till::open(folder).await;
    let lost = till.sell("RIZ-5KG", 3).await;
    till.sync().await;
    let folder = till.close().await;
    write_back(saved.path(), folder.path());
    let till = Till::open(folder).await;
    assert!(till.was_never_restored().await, "nothing beside the file tells");
    till.sync().await;
    assert_eq!(till.report().await.cause, LifeCause::ServerAhead);
    let third = till.sell("RIZ-5KG", 1).await;
    assert_eq!(third.number, "R1.2-000001", "the number that was given out is not given again");
    till.sync().await;
    let sum = [&first, &lost, &third].iter().map(|sold| sold.total.minor()).sum();
    agree(&business, &till, sum).await;
    let shown = till.app.find_stock("RIZ-5KG".into()).await.unwrap().value.stock.unwrap().shown;
    assert_eq!(shown.milli(), 34_000, "the sale that the file forgot is in the server's balance");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_back_twice_never_begins_the_same_life_twice() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let mut sum = till.sell("RIZ-5KG", 1).await.total.minor();
    till.sync().await;
    let folder = till.close().await;
    let saved = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), saved.path());
    let mut seen = Vec::new();
    let mut folder = folder;
    for turn in 0..3 {
        // Everything went back, and lies in new files: each time the register thinks that it begins life 2.
        fs::remove_dir_all(folder.path()).unwrap();
        copy_folder(saved.path(), folder.path());
        let till = Till::open(folder).await;
        let offline = till.sell("RIZ-5KG", 1 + turn).await;
        sum += offline.total.minor();
        till.sync().await;
        let online = till.sell("RIZ-5KG", 1).await;
        sum += online.total.minor();
        till.sync().await;
        agree(&business, &till, sum).await;
        seen.push(till.report().await.epoch);
        folder = till.close().await;
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "each turn ends in a life of its own: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_the_header_brings_the_shop_back_from_backup_journal_and_server() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let mut sold = vec![till.sell("RIZ-5KG", 2).await];
    till.backup().await;
    sold.push(till.sell("RIZ-5KG", 3).await);
    let customer = till.app.create_customer(named("Aïssatou")).await.unwrap().value;
    till.sync().await;
    let folder = till.close().await;
    let mut bytes = fs::read(file_of(&folder)).unwrap();
    bytes[..100].fill(0xA5);
    fs::write(file_of(&folder), &bytes).unwrap();
    let till = Till::open(folder).await;
    let report = till.report().await;
    assert_eq!((report.cause, report.documents_refilled), (LifeCause::Damaged, 1), "{report:?}");
    let quarantined = till.folder.path().join(report.quarantine.unwrap()).join("register.db");
    assert_eq!(fs::read(quarantined).unwrap(), bytes, "the damaged file is kept as it was");
    assert_eq!(till.numbers().await, ["R1-000001", "R1-000002"]);
    sold.push(till.sell("RIZ-5KG", 1).await);
    till.sync().await;
    let customers = till.app.list_customers(String::new(), None, 100).await.unwrap().value.items;
    assert!(
        customers.iter().any(|c| c.customer.name == customer.customer.name),
        "the server brings the rest back"
    );
    agree(&business, &till, sold.iter().map(|sale| sale.total.minor()).sum()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_file_comes_back_and_a_damaged_backup_is_passed_over() {
    let till = Till::demo().await;
    till.sell("RIZ-5KG", 2).await;
    till.backup().await;
    till.sell("RIZ-5KG", 1).await;
    let folder = till.close().await;
    fs::remove_file(file_of(&folder)).unwrap();
    // A newer one that is damaged.
    fs::write(folder.path().join("backups/register-29990101T000000Z-hourly.db"), [7; 9_000]).unwrap();
    let till = Till::open(folder).await;
    assert_eq!(till.report().await.cause, LifeCause::Damaged);
    assert_eq!(till.numbers().await, ["R1-000001", "R1-000002"], "nothing that was sold is gone");
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_without_a_backup_is_left_as_it_is() {
    let folder = Till::demo().await.close().await;
    let garbage = vec![0x5A; 8_192];
    fs::write(file_of(&folder), &garbage).unwrap();
    let refused = App::open(options(folder.path())).await.err().expect("there is nothing to open");
    assert_eq!(refused.code, ErrorCode::StorageCorrupt);
    assert_eq!(fs::read(file_of(&folder)).unwrap(), garbage, "support can still look at it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_cut_short_or_lost_begins_a_new_life() {
    for cut in [None, Some(0), Some(100)] {
        let till = Till::demo().await;
        till.sell("RIZ-5KG", 2).await;
        let folder = till.close().await;
        let mark = folder.path().join("mark");
        match cut {
            None => fs::remove_file(&mark).unwrap(),
            Some(bytes) => fs::File::options().write(true).open(&mark).unwrap().set_len(bytes).unwrap(),
        }
        let till = Till::open(folder).await;
        assert_eq!(till.report().await.cause, LifeCause::MarkLost, "cut to {cut:?}");
        assert_eq!(till.sell("RIZ-5KG", 1).await.number, "R1.2-000001");
        let till = till.reopen().await;
        assert_eq!(till.report().await.epoch, 2, "once");
        till.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_stopped_while_it_makes_its_first_mark_stays_in_its_life() {
    for written in [None, Some(0), Some(100)] {
        let folder = Till::demo().await.close().await;
        let file = rusqlite::Connection::open(file_of(&folder)).unwrap();
        assert_eq!(file.execute("DELETE FROM device_setting WHERE key = 'mark_kept'", []).unwrap(), 1);
        file.close().unwrap();
        let mark = folder.path().join("mark");
        match written {
            None => fs::remove_file(&mark).unwrap(),
            Some(bytes) => fs::File::options().write(true).open(&mark).unwrap().set_len(bytes).unwrap(),
        }
        let till = Till::open(folder).await;
        assert!(
            till.was_never_restored().await,
            "{written:?} bytes: nothing was given out that is not in the file"
        );
        assert_eq!(till.sell("RIZ-5KG", 1).await.number, "R1-000001", "{written:?} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_folder_stays_the_same_register() {
    let till = Till::demo().await;
    till.sell("RIZ-5KG", 2).await;
    let folder = till.close().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let to = elsewhere.path().join("moved");
    fs::rename(folder.path(), &to).unwrap();
    let app = App::open(options(&to)).await.unwrap();
    assert!(app.recovery().await.unwrap().value.report.is_none(), "only its name has changed");
    app.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_lost_its_end_is_completed_and_one_that_was_changed_is_found() {
    let till = Till::demo().await;
    for _ in 0..3 {
        till.sell("RIZ-5KG", 1).await;
    }
    let folder = till.close().await;
    let of_register = fs::read_dir(folder.path().join("journal")).unwrap().next().unwrap().unwrap().path();
    let segment = of_register.join("000001.log");
    let whole = fs::metadata(&segment).unwrap().len();
    fs::File::options().write(true).open(&segment).unwrap().set_len(whole - 5).unwrap();
    let till = Till::open(folder).await;
    let folder = till.close().await;
    let till = Till::open(folder).await;
    till.verify().await;
    let folder = till.close().await;
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let till = Till::open(folder).await;
    let report = till.app.verify(true).await.unwrap().value;
    assert!(report.findings.iter().any(|f| f.code == "journal.gap"), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_cut_while_the_register_runs_is_noticed_and_completed() {
    let till = Till::demo().await;
    for _ in 0..3 {
        till.sell("RIZ-5KG", 1).await;
    }
    till.verify().await;
    let folder = till.folder.path().join("journal");
    let of_register = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let segment = of_register.join("000001.log");
    let whole = fs::metadata(&segment).unwrap().len();
    fs::File::options().write(true).open(&segment).unwrap().set_len(whole - 5).unwrap();
    let report = till.app.verify(true).await.unwrap().value;
    let codes: Vec<_> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["journal.cut"], "nobody has to start it again to hear of it");
    till.verify().await;
    till.sell("RIZ-5KG", 1).await;
    let till = Till::open(till.close().await).await;
    assert!(till.was_never_restored().await, "and the next start finds nothing wrong");
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_press_after_a_restore_finds_the_sale_that_the_journal_brought_back() {
    let till = Till::demo().await;
    let name = till.backup().await;
    let press = till.app.new_id();
    till.scan("RIZ-5KG", 1).await;
    let due = till.app.cart().await.unwrap().value.payable_cash;
    let tender = Tender { kind: TenderKind::Cash, amount: due, reference: None };
    let sold = till.app.complete_sale(press, vec![tender.clone()]).await.unwrap().value;
    let report = till.app.restore_backup(&name).await.unwrap().value;
    assert_eq!(report.documents_refilled, 1, "the backup is older than the sale");
    // The window never saw the answer, and its cart is as it was when the backup was made.
    till.scan("RIZ-5KG", 1).await;
    let again = till.app.complete_sale(press, vec![tender]).await.unwrap().value;
    assert_eq!(again.sale_id, sold.sale_id, "one press, one sale");
    assert_eq!(till.numbers().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_that_are_damaged_unknown_or_of_another_register_change_nothing() {
    let (till, other) = (Till::demo().await, Till::demo().await);
    till.sell("RIZ-5KG", 2).await;
    let (own, others) = (till.backup().await, other.backup().await);
    let backups = till.folder.path().join("backups");
    let mut bytes = fs::read(backups.join(&own)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0xFF);
    fs::write(backups.join("register-20200101T000000Z-hourly.db"), &bytes).unwrap();
    let foreign = "register-20200102T000000Z-hourly.db";
    fs::copy(other.folder.path().join("backups").join(others), backups.join(foreign)).unwrap();
    for (name, code) in [
        ("register-20200101T000000Z-hourly.db", ErrorCode::BackupUnsound),
        (foreign, ErrorCode::BackupOtherRegister),
        ("../register.db", ErrorCode::BackupNotFound),
    ] {
        assert_eq!(till.app.restore_backup(name).await.unwrap_err().code, code, "{name}");
    }
    assert!(till.was_never_restored().await);
    assert_eq!(till.sell("RIZ-5KG", 1).await.number, "R1-000002", "it sells on as if nothing had been asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_folder_gets_each_backup_and_its_loss_is_only_a_warning() {
    let till = Till::demo().await;
    let disk = tempfile::tempdir().unwrap();
    let folder = disk.path().to_string_lossy().into_owned();
    till.app.set_backup_folder(Some(folder)).await.unwrap();
    let first = till.backup().await;
    assert!(disk.path().join(&first).exists(), "it has its copy");
    disk.close().unwrap();
    till.sell("RIZ-5KG", 1).await;
    till.backup().await;
    let list = till.app.list_backups().await.unwrap().value;
    assert!(!list.items.is_empty(), "the disk that was pulled out hinders nothing");
    assert_eq!(list.warnings.len(), 1, "{:?}", list.warnings);
    let missing = till.app.set_backup_folder(Some("/no/such/folder".into())).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::InputInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_register_joins_again_as_another_one() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let first = till.sell("RIZ-5KG", 2).await;
    till.sync().await;
    drop(till.close().await);
    let till = Till::new().await;
    till.app.join_shop(&business.url(), &business.code(), "Caisse 1").await.unwrap();
    let second = till.sell("RIZ-5KG", 3).await;
    assert_eq!(second.number, "R2-000001", "the old register's numbers stay its own");
    till.sync().await;
    agree(&business, &till, first.total.minor() + second.total.minor()).await;
    assert_eq!(business.records().stock("RIZ-5KG").unwrap().unwrap().on_hand.milli(), 35_000);
}

/// A small disk of its own, where this machine lets us have one.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|said| said.status.success());
        mounted.then_some(Self { folder })
    }

    /// Fills it up to `left` bytes.
    fn fill(&self, left: u64) {
        let path = self.folder.path().join("ballast");
        let free = pos_store::free_bytes(self.folder.path()).unwrap();
        let mut ballast = fs::File::options().create(true).append(true).open(path).unwrap();
        std::io::copy(&mut std::io::Read::take(std::io::repeat(1), free.saturating_sub(left)), &mut ballast)
            .unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.folder.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg(self.folder.path()).status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_refuses_new_carts_and_finishes_the_sale_in_progress() {
    let Some(disk) = SmallDisk::mount(64) else {
        println!("SKIPPED: only root may mount the small disk of this test");
        return;
    };
    let app = App::open(options(&disk.folder.path().join("data"))).await.unwrap();
    app.create_demo(pos_app::view::Language::Fr).await.unwrap();
    let till = Till { folder: tempfile::tempdir().unwrap(), app };
    till.scan("RIZ-5KG", 1).await;
    disk.fill(4 << 20);
    let product = till.product("RIZ-5KG").await;
    till.app.hold_cart().await.unwrap();
    let refused = till.app.add_product(product.product_id, pos_domain::Quantity::ONE).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageDiskLow, "before the sale, not in its middle");
    let held = till.app.held_carts().await.unwrap().value;
    till.app.recall_cart(held[0].cart_id).await.unwrap();
    assert_eq!(
        till.app.make_backup().await.unwrap_err().code,
        ErrorCode::StorageDiskLow,
        "nor does a backup take it"
    );
    disk.fill(0);
    let sold = till.pay().await.expect("the reserve lets the open cart be sold");
    assert!(!disk.folder.path().join("data/reserve").exists(), "it was given for that");
    disk.empty();
    till.scan("RIZ-5KG", 1).await;
    assert_eq!(till.pay().await.unwrap().number, "R1-000002", "with room again it sells as before");
    assert_eq!(sold.number, "R1-000001");
    till.verify().await;
    till.app.clone().close().await.unwrap();
}
