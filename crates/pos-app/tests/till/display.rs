//! The customer's screen, labels, and the sign above receipts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_app::view::{DisplayScene, LabelPaper, LabelsOf, ReceiptFormat};
use pos_app::{App, AppOptions, Clock, ErrorCode, OpenAccess};
use pos_domain::{Tender, TenderKind};

use crate::shop::{Till, minor};

/// A demo shop whose time the test moves.
async fn shop_at(now_ms: &Arc<AtomicI64>) -> Till {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::clone(now_ms);
    let clock = Clock::from_fn(move || now.load(Ordering::SeqCst));
    let options = AppOptions {
        dir: folder.path().to_owned(),
        access: OpenAccess::Write,
        background_sync: false,
        clock,
    };
    let app = App::open(options).await.unwrap();
    app.create_demo(pos_app::view::Language::Fr).await.unwrap();
    Till { folder, app }
}

async fn scene(app: &App) -> DisplayScene {
    app.display().await.unwrap().value.scene
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_sees_the_goods_then_the_change_then_the_shops_name() {
    let now_ms = Arc::new(AtomicI64::new(1_770_000_000_000));
    let till = shop_at(&now_ms).await;
    assert_eq!(scene(&till.app).await, DisplayScene::Idle);
    till.app.scan("2*SUCRE-1KG").await.unwrap();
    let cart = till.app.scan("RIZ-5KG").await.unwrap().value;
    let DisplayScene::Selling { lines, total, .. } = scene(&till.app).await else {
        panic!("goods are rung up")
    };
    assert_eq!(lines.len(), 2);
    assert_eq!(total, cart.total, "the customer reads what the cashier reads");
    assert_eq!(lines.iter().map(|line| minor(line.amount)).sum::<i64>(), minor(total));

    let given = cart.payable_cash.plus(pos_domain::Money::from_minor(5_000).unwrap()).unwrap();
    let cash = vec![Tender { kind: TenderKind::Cash, amount: given, reference: None }];
    let sold = till.app.complete_sale(till.app.new_id(), cash).await.unwrap().value;
    let DisplayScene::Paid { payable, change, until_ms, shown_for_ms } = scene(&till.app).await else {
        panic!("the sale is done")
    };
    assert_eq!((payable, change), (sold.payable, sold.change));
    assert_eq!(until_ms - now_ms.load(Ordering::SeqCst), shown_for_ms);
    now_ms.fetch_add(shown_for_ms - 1, Ordering::SeqCst);
    assert!(matches!(scene(&till.app).await, DisplayScene::Paid { .. }), "there is time to count the coins");
    now_ms.fetch_add(1, Ordering::SeqCst);
    assert_eq!(scene(&till.app).await, DisplayScene::Idle);
    till.app.scan("SUCRE-1KG").await.unwrap();
    assert!(
        matches!(scene(&till.app).await, DisplayScene::Selling { .. }),
        "the next customer is seen at once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_made_small_printed_and_taken_away_and_what_is_none_is_refused() {
    let till = Till::demo().await;
    till.app.scan("SUCRE-1KG").await.unwrap();
    let sold = till.pay().await.unwrap();
    let receipt = async || {
        let path = till.app.save_receipt(sold.sale_id, ReceiptFormat::Escpos, None).await.unwrap().value;
        std::fs::read(path).unwrap()
    };
    let plain = receipt().await;
    // One black dot, as a PNG of 1 by 1.
    let dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
    let state = till.app.set_logo(Some(dot.to_owned())).await.unwrap().value;
    let kept = state.shop.unwrap().settings.receipt_logo.unwrap();
    assert!(STANDARD.decode(&kept).unwrap().starts_with(b"\x89PNG"), "what is kept is a picture of our own");
    let raster = [0x1D, b'v', b'0', 0];
    let pictures = |paper: &[u8]| paper.windows(4).filter(|bytes| *bytes == raster).count();
    assert_eq!(pictures(&receipt().await), pictures(&plain) + 1, "it stands on the receipt");
    till.app.set_setting("receipt_qr", true.into()).await.unwrap();
    assert_eq!(pictures(&receipt().await), pictures(&plain) + 2, "and so does the code");
    let refused = till.app.set_logo(Some(STANDARD.encode("no picture"))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PictureRefused);
    till.app.set_logo(None).await.unwrap();
    assert_eq!(pictures(&receipt().await), pictures(&plain) + 1, "only the code is left");
    let forged = till.app.set_setting("receipt_logo", "bm8gcGljdHVyZQ==".into()).await;
    assert!(forged.is_ok(), "another register may have written it");
    assert_eq!(
        pictures(&receipt().await),
        pictures(&plain) + 1,
        "a receipt is printed without what is unreadable"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_of_products_that_are_there_and_no_more_than_a_roll_holds() {
    let till = Till::demo().await;
    let of = |code: &str, count| vec![LabelsOf { code: code.to_owned(), count }];
    let path = till.app.save_labels(of("SUCRE-1KG", 30), LabelPaper::A43x8, None).await.unwrap().value;
    assert!(std::fs::read(path).unwrap().starts_with(b"%PDF-"));
    let unknown = till.app.save_labels(of("NOTHING", 1), LabelPaper::A43x8, None).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::ProductNotFound);
    for (count, problem) in [(0, "empty"), (1_001, "too_many"), (u32::MAX, "too_many")] {
        let refused =
            till.app.save_labels(of("SUCRE-1KG", count), LabelPaper::Roll40x30, None).await.unwrap_err();
        assert_eq!(refused.params["problem"], problem, "{count} labels");
    }
    let no_printer = till.app.print_labels(of("SUCRE-1KG", 1)).await.unwrap_err();
    assert_eq!(no_printer.code, ErrorCode::PrintNoPrinter);
}
