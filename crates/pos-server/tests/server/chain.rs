//! The chain of documents, countersigned.

use pos_domain::chain::ChainHead;
use pos_domain::{ChainRecord, DeviceKey, DocumentKind, Hash32, OperationBody, SaleDocument};
use pos_protocol::{Mode, Operation};

use crate::harness::*;

async fn shop() -> (Shop, Register, pos_domain::Product) {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 100)).await;
    (shop, till, milk)
}

fn sold(till: &mut Register, milk: &pos_domain::Product) -> (SaleDocument, Operation) {
    let document = till.sale(&[(milk, 1)]);
    let body = OperationBody::SaleComplete(Box::new(document.clone()));
    let operation = till.operation(&body, Mode::Fact);
    (document, operation)
}

async fn send(
    till: &Register,
    operations: Vec<Operation>,
    chain: Vec<ChainRecord>,
) -> (Option<ChainHead>, Option<String>) {
    let answer = till.push_all(pos_protocol::PushRequest { chain, ..push_of(till, operations) }).await;
    (answer.chain_head, answer.chain_fault)
}

#[tokio::test]
async fn links_travel_with_their_documents_or_after_them_and_repeated_ones_are_no_matter() {
    let (shop, mut till, milk) = shop().await;
    let (first, op1) = sold(&mut till, &milk);
    let link1 = till.seal(&first, &op1);
    let (second, op2) = sold(&mut till, &milk);
    let link2 = till.seal(&second, &op2);
    let head = |record: &ChainRecord| Some(ChainHead { number: record.number, hash: record.hash });
    let answer = send(&till, vec![op1.clone()], vec![link1.clone(), link2.clone()]).await;
    assert_eq!(
        answer,
        (head(&link1), None),
        "the second document has not arrived: its link waits without fault"
    );
    assert_eq!(send(&till, vec![op2], vec![link2.clone()]).await, (head(&link2), None));
    assert_eq!(send(&till, vec![op1], vec![link1, link2.clone()]).await, (head(&link2), None));
    assert_eq!(send(&till, vec![], vec![]).await, (None, None));
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn a_refused_document_keeps_its_number() {
    let (_shop, mut till, milk) = shop().await;
    let mut wrong = till.sale(&[(&milk, 1)]);
    wrong.head.cashier_id = pos_domain::CashierId(next_id());
    let operation = till.operation(&OperationBody::SaleComplete(Box::new(wrong.clone())), Mode::Fact);
    let link = till.seal(&wrong, &operation);
    let (next, next_operation) = sold(&mut till, &milk);
    let next_link = till.seal(&next, &next_operation);
    let (head, fault) = send(&till, vec![operation, next_operation], vec![link, next_link]).await;
    assert_eq!(
        (head.unwrap().number, fault),
        (2, None),
        "the receipt was printed: the chain goes on over it"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_an_alarm_and_the_head_stays() {
    let (shop, mut till, milk) = shop().await;
    let (first, op1) = sold(&mut till, &milk);
    let good = till.seal(&first, &op1);
    let (second, op2) = sold(&mut till, &milk);
    let next = till.seal(&second, &op2);
    send(&till, vec![op1, op2.clone()], vec![good.clone()]).await;
    let forged_key = DeviceKey::from_seed(&[9; 32]);
    let mut changed = next.clone();
    changed.issued_at_ms += 1;
    let mut unsigned = next.clone();
    unsigned.signature = forged_key.sign(&unsigned.hash);
    let reseal = |edit: &dyn Fn(&mut ChainRecord)| {
        let mut record = next.clone();
        edit(&mut record);
        record.hash = record.computed_hash();
        record.signature = till.key.sign(&record.hash);
        record
    };
    let faulty = [
        (changed, "changed after"),
        (unsigned, "not signed"),
        (reseal(&|r| r.number = 3), "number 3 stands where 2"),
        (reseal(&|r| r.previous_hash = Hash32::GENESIS), "not bound"),
        (reseal(&|r| r.document_hash = Hash32::GENESIS), "document with number 2 was changed"),
        (reseal(&|r| "R9".clone_into(&mut r.series)), "series R9"),
        (reseal(&|r| r.kind = DocumentKind::Refund), "another register's document"),
        (reseal(&|r| r.device_id = pos_domain::DeviceId(next_id())), "another register"),
        (reseal(&|r| r.epoch = 7), "another register"),
        (
            reseal(&|r| {
                r.number = 1;
                r.previous_hash = Hash32::GENESIS;
            }),
            "countersigned with another",
        ),
    ];
    let alarms = i64::try_from(faulty.len()).unwrap();
    for (record, words) in faulty {
        let (head, fault) = send(&till, vec![], vec![record]).await;
        assert!(fault.as_ref().is_some_and(|f| f.contains(words)), "{words}: {fault:?}");
        assert_eq!(head.unwrap().number, 1, "{words}");
    }
    assert_eq!(
        shop.place.query::<i64>("SELECT count(*) FROM quarantine WHERE reason = 'chain_fault'"),
        alarms
    );
    assert_eq!(send(&till, vec![op2], vec![next]).await.1, None, "the right link still fits");
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn among_many_links_the_one_that_is_not_signed_is_named_and_those_before_it_stand() {
    let (_shop, mut till, milk) = shop().await;
    let sales: Vec<_> = (0..5).map(|_| sold(&mut till, &milk)).collect();
    let mut links: Vec<_> =
        sales.iter().map(|(document, operation)| till.seal(document, operation)).collect();
    let right = links[2].signature;
    links[2].signature = DeviceKey::from_seed(&[9; 32]).sign(&links[2].hash);
    let operations = sales.into_iter().map(|(_, operation)| operation).collect();
    let (head, fault) = send(&till, operations, links.clone()).await;
    assert!(fault.as_ref().is_some_and(|f| f.contains("number 3 is not signed")), "{fault:?}");
    assert_eq!(head.unwrap().number, 2);
    links[2].signature = right;
    let (head, fault) = send(&till, vec![], links).await;
    assert_eq!((head.unwrap().number, fault), (5, None));
}

#[tokio::test]
async fn a_new_life_numbers_in_a_series_of_its_own() {
    let (shop, mut till, milk) = shop().await;
    let (first, op1) = sold(&mut till, &milk);
    let link = till.seal(&first, &op1);
    send(&till, vec![op1], vec![link]).await;
    till.epoch = 2;
    till.seq = 0;
    till.chain = ChainHead::START;
    let (second, op2) = sold(&mut till, &milk);
    let link = till.seal(&second, &op2);
    assert_eq!(link.printed_number(), "R1.2-000001");
    let (head, fault) = send(&till, vec![op2], vec![link]).await;
    assert_eq!((head.unwrap().number, fault), (1, None));
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}
