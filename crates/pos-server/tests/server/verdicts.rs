//! The table of verdicts, row by row.

use pos_domain::body::EntityKind;
use pos_domain::quantity::MAX_MILLI;
use pos_domain::stock::MovementReason;
use pos_domain::{Cashier, CashierId, OpId, OperationBody, Role, SaleKind};
use pos_protocol::{ApiError, Mode, ProblemCode, RejectReason, SyncApi, Verdict};
use serde_json::value::RawValue;

use crate::harness::*;

async fn shop_with(opening: i64) -> (Shop, Register, pos_domain::Product) {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    assert!(is_applied(&till.send(product_create(&milk, opening)).await));
    (shop, till, milk)
}

#[tokio::test]
async fn nothing_stored_and_admit_is_evaluated() {
    let (_shop, mut till, milk) = shop_with(3).await;
    let (_, verdict) = till.ask(&till.sale(&[(&milk, 2)])).await;
    assert!(is_applied(&verdict), "there is enough: {verdict:?}");
    assert_eq!(till.stock(&milk).await, (1, 0));
    let (operation, verdict) = till.ask(&till.sale(&[(&milk, 2)])).await;
    let Verdict::InsufficientStock { lines } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((lines[0].asked, lines[0].available), (units(2), units(1)));
    assert_eq!(till.stock(&milk).await, (1, 0), "a refused sale leaves nothing behind");
    let repeated = till.push(vec![operation]).await.remove(0);
    assert_eq!((repeated.duplicate, repeated.verdict), (true, verdict), "a refusal is sticky against admit");
}

#[tokio::test]
async fn a_refusal_stays_even_when_goods_come_in_meanwhile() {
    let (_shop, mut till, milk) = shop_with(0).await;
    let (operation, first) = till.ask(&till.sale(&[(&milk, 1)])).await;
    till.send(adjust(&milk, pos_domain::stock::MovementReason::Receipt, 10)).await;
    let again = till.push(vec![operation]).await.remove(0);
    assert_eq!(again.verdict, first, "the customer was told no");
    assert_eq!(till.stock(&milk).await, (10, 0));
}

#[tokio::test]
async fn each_short_line_says_what_is_there_after_the_lines_before_it() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let bread = product("PAIN");
    till.send(product_create(&bread, 1)).await;
    let sale = till.sale(&[(&milk, 3), (&bread, 1), (&milk, 3), (&milk, 1)]);
    let (_, verdict) = till.ask(&sale).await;
    let Verdict::InsufficientStock { lines } = verdict else { panic!("{verdict:?}") };
    let short: Vec<_> = lines.iter().map(|line| (line.line_id, line.available)).collect();
    let ids: Vec<_> = sale.lines.iter().map(|line| line.item.line_id).collect();
    assert_eq!(short, [(ids[2], units(2)), (ids[3], units(0))], "the third line would take the last two");
}

#[tokio::test]
async fn an_operation_that_is_refused_half_way_leaves_nothing_and_takes_nobody_with_it() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let bread = product("PAIN");
    till.send(product_create(&bread, MAX_MILLI / 1_000)).await;
    // The milk is written before the bread turns out to be more than a balance can hold.
    let OperationBody::StockAdjust(mut body) = adjust(&milk, MovementReason::Receipt, 7) else { panic!() };
    let OperationBody::StockAdjust(more) = adjust(&bread, MovementReason::Receipt, 1) else { panic!() };
    body.lines.extend(more.lines);
    let sale = |till: &mut Register| {
        let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
        till.operation(&body, Mode::Fact)
    };
    let before = sale(&mut till);
    let refused = till.operation(&OperationBody::StockAdjust(body), Mode::Fact);
    let after = sale(&mut till);
    let verdicts = till.push(vec![before, refused.clone(), after]).await;
    assert!(is_applied(&verdicts[0].verdict) && is_applied(&verdicts[2].verdict), "{verdicts:?}");
    assert_eq!(rejection(&verdicts[1].verdict), ("validation".to_owned(), "qty".to_owned()));
    assert_eq!(till.stock(&milk).await, (3, 0), "two sales, and nothing of what was refused");
    let repeated = till.push(vec![refused]).await.remove(0);
    assert_eq!(
        (repeated.duplicate, &repeated.verdict),
        (true, &verdicts[1].verdict),
        "the refusal is stored"
    );
}

#[tokio::test]
async fn a_fact_takes_what_is_there_and_the_rest_is_oversold() {
    let (_shop, mut till, milk) = shop_with(2).await;
    let verdict = till.tell(&till.sale(&[(&milk, 5)])).await;
    let Verdict::Applied { conflict_id: Some(conflict_id), .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(till.stock(&milk).await, (0, 3));
    let conflict = till.conflict().await;
    assert_eq!(conflict.conflict_id, conflict_id);
    assert_eq!(conflict.shortages[0].missing, units(3));
    assert_eq!(conflict.shortages[0].paid, money(3_000), "three fifths of what was paid");
}

#[tokio::test]
async fn an_applied_sale_answers_admit_and_fact_alike_and_moves_no_stock_again() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let (operation, first) = till.ask(&till.sale(&[(&milk, 2)])).await;
    let Verdict::Applied { feed_seq, rows, .. } = &first else { panic!("{first:?}") };
    assert_eq!(rows.len(), 1, "the new balance comes with the verdict");
    for mode in [Mode::Admit, Mode::Fact, Mode::Fact, Mode::Admit] {
        let repeated = till.push(vec![again(&operation, mode)]).await.remove(0);
        assert!(repeated.duplicate);
        let Verdict::Applied { feed_seq: seq, rows, .. } = repeated.verdict else { panic!() };
        assert_eq!((seq, rows.len()), (*feed_seq, 0), "the stored verdict, for ever");
    }
    assert_eq!(till.stock(&milk).await, (3, 0));
}

#[tokio::test]
async fn after_a_long_weekend_a_sale_is_still_known() {
    let (shop, mut till, milk) = shop_with(5).await;
    let (operation, _) = till.ask(&till.sale(&[(&milk, 2)])).await;
    shop.pass_ms(90 * 24 * 3_600_000);
    till.ask(&till.sale(&[(&milk, 1)])).await;
    let repeated = till.push(vec![again(&operation, Mode::Fact)]).await.remove(0);
    assert!(repeated.duplicate && is_applied(&repeated.verdict), "{repeated:?}");
    assert_eq!(till.stock(&milk).await, (2, 0), "it is known for ever and taken once");
}

#[tokio::test]
async fn a_withdrawn_sale_gives_its_goods_back_and_never_applies_later() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let (operation, _) = till.ask(&till.sale(&[(&milk, 2)])).await;
    let withdrawn = till.push(vec![again(&operation, Mode::Withdraw)]).await.remove(0);
    assert_eq!(rejection(&withdrawn.verdict).0, "withdrawn");
    assert_eq!(till.stock(&milk).await, (5, 0), "the movements were reversed, not removed");
    for mode in [Mode::Admit, Mode::Withdraw] {
        let repeated = till.push(vec![again(&operation, mode)]).await.remove(0);
        assert!(repeated.duplicate);
        assert_eq!(repeated.verdict, withdrawn.verdict);
    }
    assert_eq!(till.stock(&milk).await, (5, 0));
}

#[tokio::test]
async fn a_withdrawal_that_arrives_first_wins_over_the_sale_behind_it() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 2)])));
    let operation = till.operation(&body, Mode::Withdraw);
    let verdict = till.push(vec![operation.clone()]).await.remove(0);
    assert!(matches!(verdict.verdict, Verdict::Rejected { reason: RejectReason::Withdrawn, .. }));
    let late = till.push(vec![again(&operation, Mode::Admit)]).await.remove(0);
    assert_eq!((late.duplicate, late.verdict), (true, verdict.verdict), "the delayed question finds its end");
    assert_eq!(till.stock(&milk).await, (5, 0));
}

#[tokio::test]
async fn a_refused_sale_can_be_withdrawn() {
    let (_shop, mut till, milk) = shop_with(0).await;
    let (operation, _) = till.ask(&till.sale(&[(&milk, 1)])).await;
    let verdict = till.push(vec![again(&operation, Mode::Withdraw)]).await.remove(0).verdict;
    assert_eq!(rejection(&verdict).0, "withdrawn");
    assert_eq!(till.stock(&milk).await, (0, 0));
}

#[tokio::test]
async fn a_fact_upgrades_its_own_refusal_to_an_oversold_sale() {
    let (_shop, mut till, milk) = shop_with(1).await;
    let (operation, verdict) = till.ask(&till.sale(&[(&milk, 3)])).await;
    assert!(matches!(verdict, Verdict::InsufficientStock { .. }));
    let upgraded = till.push(vec![again(&operation, Mode::Fact)]).await.remove(0);
    let Verdict::Applied { conflict_id, .. } = &upgraded.verdict else { panic!("{upgraded:?}") };
    assert!(conflict_id.is_some() && !upgraded.duplicate);
    assert_eq!(till.stock(&milk).await, (0, 2));
    let late = till.push(vec![again(&operation, Mode::Admit)]).await.remove(0);
    assert!(late.duplicate && is_applied(&late.verdict), "a late question finds what became of it");
}

#[tokio::test]
async fn a_printed_sale_cannot_be_withdrawn() {
    let (shop, mut till, milk) = shop_with(5).await;
    let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 2)])));
    let operation = till.operation(&body, Mode::Fact);
    till.push(vec![operation.clone()]).await;
    let verdict = till.push(vec![again(&operation, Mode::Withdraw)]).await.remove(0);
    assert!(verdict.duplicate && is_applied(&verdict.verdict));
    assert_eq!(till.stock(&milk).await, (3, 0));
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM quarantine"), 1, "and someone is told");
}

#[tokio::test]
async fn another_body_under_a_known_id_is_an_alarm_and_changes_nothing() {
    let (shop, mut till, milk) = shop_with(5).await;
    let (operation, _) = till.ask(&till.sale(&[(&milk, 2)])).await;
    let other = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 4)]))).encode().unwrap();
    let forged = pos_protocol::Operation {
        body: RawValue::from_string(other.text).unwrap(),
        body_hash: other.hash,
        ..operation
    };
    let verdict = till.push(vec![forged.clone(), forged]).await;
    assert!(verdict.iter().all(|v| v.verdict == Verdict::BodyMismatch));
    assert_eq!(till.stock(&milk).await, (3, 0));
    let kept: i64 = shop.place.query("SELECT count(*) FROM quarantine WHERE reason = 'body_mismatch'");
    assert_eq!(kept, 1, "kept aside once, however often it comes");
}

#[tokio::test]
async fn bytes_that_do_not_give_their_hash_are_an_alarm_and_do_not_take_the_id() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 2)])));
    let operation = till.operation(&body, Mode::Fact);
    let torn = pos_protocol::Operation {
        body: RawValue::from_string("{}".to_owned()).unwrap(),
        ..operation.clone()
    };
    assert_eq!(till.push(vec![torn]).await.remove(0).verdict, Verdict::BodyMismatch);
    assert!(
        is_applied(&till.push(vec![operation]).await.remove(0).verdict),
        "the right body still finds its place"
    );
}

#[tokio::test]
async fn two_operations_at_one_place_are_a_fork_of_the_register() {
    let (shop, mut till, milk) = shop_with(5).await;
    let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
    let mine = till.operation(&body, Mode::Fact);
    till.push(vec![mine]).await;
    let other = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 2)])));
    let fork = operation(&other, Mode::Fact, till.seq);
    assert_eq!(till.push(vec![fork]).await.remove(0).verdict, Verdict::BodyMismatch);
    assert_eq!(till.stock(&milk).await, (4, 0));
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM quarantine WHERE reason = 'fork'"), 1);
}

#[tokio::test]
async fn a_life_that_ended_is_fenced_but_hears_its_old_verdicts() {
    let (shop, mut till, milk) = shop_with(5).await;
    let (old, first) = till.ask(&till.sale(&[(&milk, 1)])).await;
    let late = operation(&OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)]))), Mode::Fact, 9);
    till.epoch = 2;
    till.seq = 0;
    assert!(is_applied(&till.tell(&till.sale(&[(&milk, 1)])).await));
    till.epoch = 1;
    let answers = till.push(vec![old, late.clone()]).await;
    let Verdict::Applied { feed_seq, .. } = first else { panic!() };
    assert!(matches!(answers[0].verdict, Verdict::Applied { feed_seq: seq, .. } if seq == feed_seq));
    assert_eq!(answers[1].verdict, Verdict::StaleEpoch { current: 2 });
    assert_eq!(till.stock(&milk).await, (3, 0));
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM quarantine WHERE reason = 'stale_epoch'"), 1);
    // A restored register sends the same operation from its new life: it was never lost.
    till.epoch = 2;
    let resent = pos_protocol::Operation { seq: 2, ..late };
    assert!(is_applied(&till.push(vec![resent]).await.remove(0).verdict));
}

#[tokio::test]
async fn an_operation_waits_for_what_it_depends_on() {
    let (_shop, mut till, milk) = shop_with(0).await;
    let bread = product("PAIN");
    let create = till.operation(&product_create(&bread, 5), Mode::Fact);
    let mut sale =
        till.operation(&OperationBody::SaleComplete(Box::new(till.sale(&[(&bread, 1)]))), Mode::Fact);
    sale.depends_on = vec![create.op_id];
    let blocked = till.push(vec![sale.clone()]).await.remove(0);
    assert_eq!(blocked.verdict, Verdict::BlockedBy { op_id: create.op_id });
    let answers = till.push(vec![create, sale]).await;
    assert!(
        answers.iter().all(|a| is_applied(&a.verdict) && !a.duplicate),
        "blocked was not stored: {answers:?}"
    );
    let (refused, _) = till.ask(&till.sale(&[(&milk, 1)])).await;
    let mut behind = till.operation(&adjust(&milk, pos_domain::stock::MovementReason::Loss, 1), Mode::Fact);
    behind.depends_on = vec![refused.op_id, OpId(next_id())];
    let blocked = till.push(vec![behind]).await.remove(0);
    assert_eq!(blocked.verdict, Verdict::BlockedBy { op_id: refused.op_id }, "a refused one does not count");
}

#[tokio::test]
async fn holes_are_allowed_up_to_a_bound_and_the_watermark_waits_for_them() {
    let (_shop, mut till, milk) = shop_with(50).await;
    let seq = till.seq;
    let sale = |till: &Register| OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
    let ahead = operation(&sale(&till), Mode::Fact, seq + 3);
    let far = operation(&sale(&till), Mode::Fact, seq + 100_001);
    let answers = till.push(vec![ahead, far]).await;
    assert!(is_applied(&answers[0].verdict));
    assert_eq!(answers[1].verdict, Verdict::Gap { expected: seq + 1 });
    let watermark = till.session.hello().await.unwrap().watermark;
    assert_eq!((watermark.seq, watermark.above), (seq, vec![seq + 3]));
    let fill =
        vec![operation(&sale(&till), Mode::Fact, seq + 2), operation(&sale(&till), Mode::Fact, seq + 1)];
    till.push(fill).await;
    till.seq = seq + 3;
    let watermark = till.session.hello().await.unwrap().watermark;
    assert_eq!((watermark.seq, watermark.above), (seq + 3, vec![]), "the sparse set is empty again");
}

#[tokio::test]
async fn an_unknown_kind_is_not_stored_and_does_not_hold_the_others() {
    let (_shop, mut till, milk) = shop_with(5).await;
    let mut unknown =
        till.operation(&adjust(&milk, pos_domain::stock::MovementReason::Receipt, 1), Mode::Fact);
    "loyalty.collect".clone_into(&mut unknown.kind);
    let known = till.operation(&adjust(&milk, pos_domain::stock::MovementReason::Receipt, 1), Mode::Fact);
    let answers = till.push(vec![unknown.clone(), known]).await;
    assert_eq!(answers[0].verdict, Verdict::UnknownKind);
    assert!(is_applied(&answers[1].verdict));
    let watermark = till.session.hello().await.unwrap().watermark;
    assert_eq!(watermark.seq, unknown.seq - 1, "its place stays open for the day of the update");
}

#[tokio::test]
async fn a_poison_operation_in_a_batch_leaves_nothing_and_the_others_stand() {
    let (_shop, mut till, milk) = shop_with(10).await;
    let body = |till: &Register| OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
    let mut operations = Vec::new();
    for place in 0..5 {
        let sale = body(&till);
        let mut operation = till.operation(&sale, Mode::Fact);
        if place == 2 {
            let text = r#"{"head":"no document"}"#.to_owned();
            operation.body_hash = pos_domain::Hash32::of(text.as_bytes());
            operation.body = RawValue::from_string(text).unwrap();
        }
        operations.push(operation);
    }
    let answers = till.push(operations).await;
    let applied: Vec<bool> = answers.iter().map(|answer| is_applied(&answer.verdict)).collect();
    assert_eq!(applied, [true, true, false, true, true]);
    assert_eq!(rejection(&answers[2].verdict).0, "validation");
    assert_eq!(till.stock(&milk).await, (6, 0));
}

#[tokio::test]
async fn a_long_push_is_answered_whole_with_its_links_although_a_customer_goes_before_its_rest() {
    const SALES: i64 = 600;
    let (shop, mut till, milk) = shop_with(1_000).await;
    let mut other = shop.join("other").await;
    let mut backlog = push_of(&till, Vec::new());
    for _ in 0..SALES {
        let document = till.sale(&[(&milk, 1)]);
        let operation = till.operation(&OperationBody::SaleComplete(Box::new(document.clone())), Mode::Fact);
        backlog.chain.push(till.seal(&document, &operation));
        backlog.operations.push(operation);
    }
    let asked: Vec<_> = backlog.operations.iter().map(|operation| operation.op_id).collect();
    let links = backlog.chain.len();
    let sale = OperationBody::SaleComplete(Box::new(other.sale(&[(&milk, 1)])));
    let customer = vec![other.operation(&sale, Mode::Admit)];
    let (answer, customer) = tokio::join!(till.push_all(backlog), other.push(customer));
    let answered: Vec<_> = answer.verdicts.iter().map(|verdict| verdict.op_id).collect();
    assert_eq!(answered, asked, "one verdict for each, in their order, whatever piece it was in");
    assert!(answer.verdicts.iter().all(|verdict| is_applied(&verdict.verdict)));
    let head = answer.chain_head.map(|head| head.number);
    assert_eq!(head, u64::try_from(links).ok(), "the links find the sales of all pieces");
    let last = feed_seq(&answer.verdicts.last().unwrap().verdict);
    assert!(feed_seq(&customer[0].verdict) < last, "the customer did not wait for the whole backlog");
    assert_eq!(till.stock(&milk).await, (1_000 - SALES - 1, 0));
}

#[tokio::test]
async fn a_document_that_does_not_add_up_is_refused_with_its_field() {
    let (_shop, mut till, milk) = shop_with(10).await;
    let mut wrong = till.sale(&[(&milk, 2)]);
    wrong.total = money(1_999);
    assert_eq!(rejection(&till.tell(&wrong).await), ("validation".into(), "total".into()));
    let mut foreign = till.sale(&[(&milk, 1)]);
    foreign.head.device_id = pos_domain::DeviceId(next_id());
    assert_eq!(rejection(&till.tell(&foreign).await).1, "head.device_id");
    let mut dollars = till.sale(&[(&milk, 1)]);
    dollars.head.currency = pos_domain::Currency::from_iso("USD").unwrap();
    assert_eq!(rejection(&till.tell(&dollars).await).1, "head.currency");
    let mut elsewhere = till.sale(&[(&milk, 1)]);
    elsewhere.head.outlet_id = pos_domain::OutletId(next_id());
    assert_eq!(
        rejection(&till.tell(&elsewhere).await),
        ("unknown_reference".into(), "head.outlet_id".into())
    );
    let mut nobody = till.sale(&[(&milk, 1)]);
    nobody.head.cashier_id = CashierId(next_id());
    assert_eq!(rejection(&till.tell(&nobody).await).1, "head.cashier_id");
    let ghost = till.sale(&[(&product("FANTOME"), 1)]);
    assert_eq!(rejection(&till.tell(&ghost).await).1, "lines[0].item.product_id");
    let mut someone = till.sale(&[(&milk, 1)]);
    someone.customer = Some(pos_domain::document::DocumentCustomer {
        customer_id: pos_domain::CustomerId(next_id()),
        name: "Inconnu".to_owned(),
    });
    assert_eq!(rejection(&till.tell(&someone).await).1, "customer.customer_id");
    assert_eq!(till.stock(&milk).await, (10, 0), "none of them left anything behind");
}

#[tokio::test]
async fn the_id_of_a_sale_is_its_own_for_ever() {
    let (_shop, mut till, milk) = shop_with(10).await;
    let sale = till.sale(&[(&milk, 1)]);
    assert!(is_applied(&till.tell(&sale).await));
    assert_eq!(rejection(&till.tell(&sale).await).1, "head.sale_id", "another operation, the same sale");
    assert_eq!(till.stock(&milk).await, (9, 0));
}

#[tokio::test]
async fn refund_never_exceeds_what_was_sold() {
    let (_shop, mut till, milk) = shop_with(10).await;
    let bread = product("PAIN");
    till.send(product_create(&bread, 10)).await;
    let sale = till.sale(&[(&milk, 2), (&milk, 1)]);
    till.tell(&sale).await;
    assert!(is_applied(&till.tell(&till.refund(&sale, &[(&milk, 2)])).await));
    let mut dearer = milk.clone();
    dearer.price = money(1_500);
    for (what, returned, left) in [
        (&milk, 2, units(1)),
        (&bread, 1, units(0)),
        (&dearer, 1, pos_domain::Quantity::from_milli(666).unwrap()),
    ] {
        let (_, verdict) = till.ask(&till.refund(&sale, &[(what, returned)])).await;
        let Verdict::InsufficientStock { lines } = verdict else { panic!("{verdict:?}") };
        assert_eq!(
            (lines[0].asked, lines[0].available),
            (units(returned), left),
            "the customer waits: it is refused, with what may still come back"
        );
    }
    assert!(is_applied(&till.ask(&till.refund(&sale, &[(&milk, 1)])).await.1));
    assert_eq!(till.stock(&milk).await, (10, 0));
    assert_eq!(till.conflicts().await, [], "nothing happened that a person must see");
    let unknown = till.sale(&[(&milk, 9)]);
    let verdict = till.tell(&till.refund(&unknown, &[(&milk, 9)])).await;
    assert!(is_applied(&verdict), "a sale from before this system cannot be checked: {verdict:?}");
}

#[tokio::test]
async fn a_push_of_another_register_or_protocol_is_refused_as_a_whole() {
    let (shop, till, _) = shop_with(0).await;
    let code = |error: Result<_, ApiError>| match error {
        Err(ApiError::Refused { problem }) => problem.code,
        other => panic!("{other:?}"),
    };
    let mut other = push_of(&till, Vec::new());
    other.device_id = pos_domain::DeviceId(next_id());
    assert_eq!(code(till.session.push(other).await), ProblemCode::BadRequest);
    let mut newer = push_of(&till, Vec::new());
    newer.protocol = 999;
    assert_eq!(code(till.session.push(newer).await), ProblemCode::UpgradeRequired);
    let mut zero = push_of(&till, Vec::new());
    zero.epoch = 0;
    assert_eq!(code(till.session.push(zero).await), ProblemCode::BadRequest);
    assert!(shop.server.session(pos_domain::DeviceId(next_id())).await.is_err());
}

#[tokio::test]
async fn operations_after_a_revocation_are_kept_aside_and_not_dropped() {
    let (shop, mut till, milk) = shop_with(5).await;
    assert!(pos_server::revoke(&shop.place.location, till.device_id, &shop.clock()).unwrap());
    let body = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
    let operation = till.operation(&body, Mode::Fact);
    let refused = till.session.push(push_of(&till, vec![operation])).await;
    let Err(ApiError::Refused { problem }) = refused else { panic!("{refused:?}") };
    assert_eq!(problem.code, ProblemCode::Revoked);
    assert!(till.session.hello().await.is_err(), "nor does it read on");
    let kept: String = shop.place.query("SELECT content FROM quarantine WHERE reason = 'revoked'");
    assert!(kept.contains("Produit LAIT"), "the sale itself is there for people");
}

#[tokio::test]
async fn an_own_cashier_and_a_price_override_are_in_the_audit() {
    let (shop, mut till, milk) = shop_with(5).await;
    let boss = CashierId(next_id());
    let row = Cashier { cashier_id: boss, name: "Fatou".to_owned(), role: Role::Owner };
    assert!(is_applied(&till.send(register_create(EntityKind::Cashier, boss.0, &row)).await));
    till.cashier_id = boss;
    let mut cheaper = milk.clone();
    cheaper.price = money(900);
    let mut cart_sale = till.document(till.head(SaleKind::Sale), &[(&cheaper, 1)]);
    cart_sale.lines[0].item.catalogue_price = money(1_000);
    assert!(cart_sale.check().is_ok());
    assert!(is_applied(&till.tell(&cart_sale).await));
    assert_eq!(till.conflicts().await.len(), 0, "a person chose the price; the catalogue did not change");
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM audit WHERE what = 'price_override'"), 1);
}
