//! Pictures of products: added, shown, sent and fetched, over a real file and a real server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_app::view::{PictureChange, PictureCounts, ProductDraft};
use pos_app::{AppError, ErrorCode, Topic};
use pos_domain::{AttachmentHash, Product};

use crate::shop::{Business, Till};

/// A PNG of four pixels.
const FOUR_PIXELS: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGM4IScHRAwQCgAfJgQRoo8irwAAAABJRU5ErkJggg==";

fn draft(product: &Product, picture: PictureChange) -> ProductDraft {
    ProductDraft {
        code: product.code.clone(),
        barcodes: product.barcodes.clone(),
        name: product.name.clone(),
        category_id: product.category_id,
        unit: product.unit.clone(),
        price: product.price.minor().to_string(),
        cost: product.cost.map(|cost| cost.minor().to_string()).unwrap_or_default(),
        tax_rate: "0".to_owned(),
        track_stock: product.track_stock,
        opening_stock: None,
        offline_policy: product.offline_policy,
        favourite: product.favourite,
        archived: product.archived,
        picture,
        tracking: None,
        packs: None,
    }
}

impl Till {
    async fn picture_of(&self, code: &str) -> Option<String> {
        self.product(code).await.picture
    }

    async fn save(&self, code: &str, picture: PictureChange) -> Result<(), AppError> {
        let product = self.product(code).await;
        self.app.update_product(product.product_id, draft(&product, picture)).await.map(drop)
    }

    async fn add(&self) -> AttachmentHash {
        self.app.add_picture(FOUR_PIXELS.to_owned()).await.unwrap().value.picture
    }

    async fn pictures(&self) -> PictureCounts {
        self.app.sync_status().await.unwrap().value.pictures
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_shop_s_own_reaches_every_register() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    let added = first.app.add_picture(FOUR_PIXELS.to_owned()).await.unwrap().value;
    assert_eq!(added.file.media_type, "image/jpeg", "every picture is made anew");
    assert_eq!(first.pictures().await, PictureCounts::default(), "no product has it yet");
    first.save("RIZ-5KG", PictureChange::Set(added.picture)).await.unwrap();
    assert_eq!(first.pictures().await, PictureCounts { to_send: 1, ..PictureCounts::default() });
    let open = first.app.list_pictures().await.unwrap().value;
    assert_eq!(open[0].product, first.product("RIZ-5KG").await.name);
    let report = first.app.sync_now().await.unwrap().value;
    assert_eq!((report.pushed, report.pictures), (1, 1));

    let report = second.app.sync_now().await.unwrap().value;
    assert_eq!(report.pictures, 1);
    let name = second.picture_of("RIZ-5KG").await.unwrap();
    assert_eq!(second.app.picture(&name).await.unwrap().value, Some(added.file));
    for till in [&first, &second] {
        assert_eq!(till.pictures().await, PictureCounts::default());
        till.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_keeps_changes_and_loses_its_picture_as_any_other_field() {
    let till = Till::demo().await;
    let drawn = till.picture_of("RIZ-5KG").await.expect("the demo has drawings");
    till.save("RIZ-5KG", PictureChange::Keep).await.unwrap();
    assert_eq!(till.picture_of("RIZ-5KG").await, Some(drawn.clone()));
    let added = till.add().await;
    till.save("RIZ-5KG", PictureChange::Set(added)).await.unwrap();
    assert_eq!(till.picture_of("RIZ-5KG").await, Some(added.to_string()));
    till.save("RIZ-5KG", PictureChange::Remove).await.unwrap();
    assert_eq!(till.picture_of("RIZ-5KG").await, None);
    let drawing = till.app.picture(&drawn).await.unwrap().value.unwrap();
    assert_eq!(drawing.media_type, "image/svg+xml");
    let unknown =
        till.save("RIZ-5KG", PictureChange::Set(AttachmentHash::of(b"never added"))).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::InputInvalid, "a product never names what nobody has");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_picture_is_refused_with_its_reason_and_changes_nothing() {
    let till = Till::demo().await;
    for (file, reason) in
        [(b"%PDF-1.7".to_vec(), "not_a_picture"), (vec![0xFF; 12 * 1024 * 1024 + 1], "file_too_large")]
    {
        let refused = till.app.add_picture(STANDARD.encode(file)).await.unwrap_err();
        assert_eq!(
            (refused.code, &refused.params["reason"]),
            (ErrorCode::PictureRefused, &serde_json::json!(reason))
        );
    }
    let refused = till.app.add_picture("no base64 at all!".to_owned()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InputInvalid);
    assert!(!till.folder.path().join("attachments").exists(), "nothing was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_file_is_gone_is_fetched_again() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let added = till.add().await;
    till.save("RIZ-5KG", PictureChange::Set(added)).await.unwrap();
    till.app.sync_now().await.unwrap();
    std::fs::remove_dir_all(till.folder.path().join("attachments")).unwrap();
    assert_eq!(
        till.app.picture(&added.to_string()).await.unwrap().value,
        None,
        "it is sold without its picture"
    );
    assert_eq!(till.pictures().await, PictureCounts { to_fetch: 1, ..PictureCounts::default() });
    assert_eq!(till.app.sync_now().await.unwrap().value.pictures, 1);
    assert!(till.app.picture(&added.to_string()).await.unwrap().value.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_hears_when_a_picture_has_arrived() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    let added = first.add().await;
    first.save("RIZ-5KG", PictureChange::Set(added)).await.unwrap();
    first.app.sync_now().await.unwrap();
    let mut changes = second.app.subscribe();
    second.app.sync_now().await.unwrap();
    loop {
        let topics = tokio::time::timeout(std::time::Duration::from_secs(30), changes.recv()).await;
        if topics.expect("the page is told").unwrap().contains(&Topic::Pictures) {
            return;
        }
    }
}
