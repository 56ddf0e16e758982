//! Things that bear a number, through their lives.

use pos_app::ErrorCode;
use pos_domain::serial::SerialChange;

use crate::shop::{Business, Till};

/// Luhn holds for it.
const IMEI: &str = "490154203237518";

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_sold_with_its_line_and_its_life_is_the_same_on_every_register() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    let noted = first
        .app
        .note_serial("49-015420-323751-8", Some("TABLETTE".to_owned()), SerialChange::Received, None)
        .await
        .unwrap()
        .value;
    assert_eq!((noted.serial.as_str(), noted.is_here), (IMEI, Some(true)), "however it is grouped");
    first.scan("TABLETTE", 1).await;
    let line = first.app.cart().await.unwrap().value.lines[0].item.line_id;
    let two = vec![IMEI.to_owned(), "X1".to_owned()];
    assert_eq!(first.app.set_serials(line, two).await.unwrap_err().params["problem"], "count");
    let twice = vec![IMEI.to_owned(), IMEI.to_owned()];
    assert_eq!(first.app.set_serials(line, twice).await.unwrap_err().params["problem"], "duplicate");
    first.app.set_serials(line, vec![IMEI.to_owned()]).await.unwrap();
    let sold = first.pay().await.unwrap();
    for till in [&first, &second] {
        till.app.sync_now().await.unwrap();
        let life = till.app.find_serial(IMEI).await.unwrap().value;
        let told: Vec<_> = life.events.iter().map(|e| (e.change, e.number.clone())).collect();
        assert_eq!(
            told,
            [(SerialChange::Received, None), (SerialChange::Sold, Some(sold.number.clone()))],
            "one life, with the number of the receipt"
        );
        assert_eq!(life.is_here, Some(false));
    }
    let away = second.app.note_serial(IMEI, None, SerialChange::SentToRepair, None).await.unwrap_err();
    assert_eq!((away.code, &away.params["last"]), (ErrorCode::SerialNotThere, &"sold".into()));
    let told = second.app.note_serial(IMEI, None, SerialChange::Sold, None).await.unwrap_err();
    assert_eq!(told.code, ErrorCode::SerialNotThere, "what documents tell is noted by nobody");
    assert_eq!(business.records().verify().unwrap(), []);
    for till in [first, second] {
        till.verify().await;
    }
}
