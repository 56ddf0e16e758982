//! A sale of any register, looked up by its number.

use pos_domain::{OperationBody, SaleDocument, SaleId};
use pos_protocol::{Mode, PushRequest, SaleAnswer, SyncApi};

use crate::harness::*;

/// Tells a document with its link, as registers do.
async fn tell_sealed(till: &mut Register, document: &SaleDocument) -> String {
    let operation = till.operation(&OperationBody::SaleComplete(Box::new(document.clone())), Mode::Fact);
    let link = till.seal(document, &operation);
    let number = link.printed_number();
    let answer = till.push_all(PushRequest { chain: vec![link], ..push_of(till, vec![operation]) }).await;
    assert_eq!(answer.chain_fault, None);
    number
}

async fn find(till: &Register, number: &str) -> SaleAnswer {
    till.session.find_sale(number.to_owned()).await.unwrap()
}

#[tokio::test]
async fn a_sale_of_another_register_is_found_by_its_number_with_what_came_back() {
    let shop = Shop::open();
    let (mut one, mut two) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let (milk, rice) = (product("LAIT"), product("RIZ"));
    one.send(product_create(&milk, 100)).await;
    one.send(product_create(&rice, 100)).await;
    let sale = one.sale(&[(&milk, 5), (&rice, 2), (&milk, 1)]);
    let number = tell_sealed(&mut one, &sale).await;
    let SaleAnswer::Found(found) = find(&two, &number).await else { panic!("the sale is on the server") };
    assert_eq!((&found.document, found.returned.len(), found.voided), (&sale, 0, false));

    two.tell(&two.refund(&sale, &[(&milk, 2)])).await;
    one.tell(&one.refund(&sale, &[(&milk, 1)])).await;
    let SaleAnswer::Found(found) = find(&two, &number).await else { panic!("it still is") };
    let back: Vec<_> = found.returned.iter().map(|r| (r.product_id, r.qty, r.paid)).collect();
    assert_eq!(back, [(milk.product_id, units(3), money(3_000))], "both registers' refunds are told");
}

#[tokio::test]
async fn what_is_no_number_of_a_sale_that_counts_is_not_here() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 100)).await;
    let mut stranger = till.sale(&[(&milk, 1)]);
    stranger.head.cashier_id = pos_domain::CashierId(next_id());
    let refused = tell_sealed(&mut till, &stranger).await;
    let mut sale = till.sale(&[(&milk, 1)]);
    sale.head.sale_id = SaleId(next_id());
    let number = tell_sealed(&mut till, &sale).await;
    let series = &till.joined.series;
    for absent in [
        refused.as_str(),
        "R9-000001",
        "R1",
        "",
        "R1-",
        "R1-99999999999999999999",
        "R1.1-000002",
        "R1.2-000002",
        "'; DROP TABLE sale; --1",
        &format!("{series}-000003"),
    ] {
        assert_eq!(find(&till, absent).await, SaleAnswer::NotHere, "{absent}");
    }
    assert!(matches!(find(&till, &number).await, SaleAnswer::Found(_)));
    shop.server.authenticate(&till.token).await.unwrap();
    pos_server::revoke(&shop.place.location, till.device_id, &shop.clock()).unwrap();
    let refusal = till.session.find_sale(number).await.unwrap_err();
    assert!(refusal.to_string().contains("revoked"), "{refusal}");
}
