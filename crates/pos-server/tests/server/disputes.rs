//! Refunds beyond what was sold, ids that two rows answer to, and registers whose file went on in two places.

use pos_domain::body::{EntityKind, MappingDispute};
use pos_domain::conflict::{ConflictEventKind, ConflictStatus};
use pos_domain::{Conflict, ConflictChoice, ConflictKind, OperationBody, Product, SaleDocument};
use pos_protocol::{Mode, Operation, SyncApi, Verdict};
use serde_json::json;

use crate::harness::*;

async fn choose(till: &mut Register, choice: ConflictChoice, note: Option<&str>) -> Verdict {
    let mut resolution = resolve(till.conflict().await.conflict_id, choice);
    resolution.note = note.map(str::to_owned);
    till.send(OperationBody::ConflictResolve(resolution)).await
}

async fn take_back(till: &mut Register) -> Verdict {
    let conflict_id = till.conflict().await.conflict_id;
    till.send(reopen(conflict_id)).await
}

fn verified(shop: &Shop) {
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

/// What a choice would do: on hand and oversold of each product in units, the drawer, and whether it can be taken back.
type Told = (ConflictChoice, Vec<(i64, i64)>, i64, bool);

fn effects(conflict: &Conflict) -> Vec<Told> {
    let units = |milli: i64| milli / 1_000;
    conflict
        .choices
        .iter()
        .map(|p| {
            let stock =
                p.stock.iter().map(|s| (units(s.on_hand.milli()), units(s.oversold.milli()))).collect();
            (p.choice, stock, p.cash.minor(), p.reversible)
        })
        .collect()
}

/// Five were there, three were sold and are given back by both registers, which did not know of each other.
async fn refunded_twice() -> (Shop, Register, Register, Product, SaleDocument) {
    let shop = Shop::open();
    let (mut first, mut second) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let milk = product("LAIT");
    first.send(product_create(&milk, 5)).await;
    let sale = first.sale(&[(&milk, 3)]);
    first.tell(&sale).await;
    assert!(is_applied(&first.tell(&first.refund(&sale, &[(&milk, 2)])).await));
    assert_eq!(first.stock(&milk).await, (4, 0));
    let twice = second.refund(&sale, &[(&milk, 2)]);
    let verdict = second.tell(&twice).await;
    assert!(matches!(verdict, Verdict::Applied { conflict_id: Some(_), .. }), "it has happened: {verdict:?}");
    (shop, first, second, milk, twice)
}

#[tokio::test]
async fn a_refund_beyond_what_was_sold_stands_and_a_person_decides_about_the_rest() {
    let (shop, first, _, milk, twice) = refunded_twice().await;
    assert_eq!(first.stock(&milk).await, (5, 0), "what was sold came back, and no more than that");
    let conflict = first.conflict().await;
    assert_eq!((conflict.kind, conflict.status), (ConflictKind::RefundBeyondBounds, ConflictStatus::Open));
    assert_eq!((conflict.sale_id, conflict.register.as_str()), (Some(twice.head.sale_id), "Caisse 2"));
    let refund = conflict.refund.as_ref().unwrap();
    assert_eq!((refund.total, refund.beyond), (money(2_000), money(1_000)));
    let line = &refund.lines[0];
    assert_eq!((line.sold, line.returned, line.beyond), (units(3), units(2), units(1)));
    assert_eq!((refund.earlier[0].register.as_str(), refund.earlier[0].total), ("Caisse 1", money(2_000)));
    assert_eq!(
        effects(&conflict),
        [
            (ConflictChoice::TakeGoods, vec![(1, 0)], 0, true),
            (ConflictChoice::AcceptLoss, vec![], 0, true),
            (ConflictChoice::CashierOwes, vec![], 1_000, true),
        ],
        "the money is out of the drawer already"
    );
    verified(&shop);
}

#[tokio::test]
async fn goods_of_a_refund_beyond_bounds_come_in_when_a_person_says_so_and_go_out_again_on_undo() {
    let (shop, mut first, mut second, milk, _) = refunded_twice().await;
    for _ in 0..2 {
        assert!(is_applied(&choose(&mut first, ConflictChoice::TakeGoods, None).await));
        assert!(
            is_applied(&choose(&mut second, ConflictChoice::TakeGoods, None).await),
            "they meant the same"
        );
        assert_eq!(first.stock(&milk).await, (6, 0), "once");
        assert!(is_applied(&take_back(&mut second).await));
        assert_eq!(first.stock(&milk).await, (5, 0));
    }
    for choice in [ConflictChoice::AcceptLoss, ConflictChoice::CashierOwes] {
        assert!(is_applied(&choose(&mut first, choice, None).await));
        assert_eq!(first.stock(&milk).await, (5, 0), "{choice:?} moves no goods");
        assert!(is_applied(&take_back(&mut second).await));
    }
    assert!(is_applied(&choose(&mut first, ConflictChoice::TakeGoods, None).await));
    first.tell(&first.sale(&[(&milk, 6)])).await;
    assert_eq!(rejection(&take_back(&mut second).await).1, "conflict_id", "they were sold since");
    verified(&shop);
}

#[tokio::test]
async fn a_register_hears_of_goods_that_were_not_taken_in() {
    let (_shop, mut first, mut second, milk, _) = refunded_twice().await;
    let before = first.row(EntityKind::Stock, milk.product_id.0).await.unwrap().seq;
    let sale = first.sale(&[(&milk, 1)]);
    first.tell(&sale).await;
    first.tell(&first.refund(&sale, &[(&milk, 1)])).await;
    let verdict = second.tell(&second.refund(&sale, &[(&milk, 1)])).await;
    let told = first.row(EntityKind::Stock, milk.product_id.0).await.unwrap().seq;
    assert!(told > feed_seq(&verdict) && told > before, "a balance behind the refund, though nothing moved");
}

/// Three are sold at a register out of reach; the other one, which has the paper, takes five back first. Two of five are
/// sold on before the sale comes when `sold_on` says so.
async fn refunded_before_its_sale(sold_on: i64) -> (Shop, Register, Product, SaleDocument) {
    let shop = Shop::open();
    let (mut apart, mut till) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    let sale = apart.sale(&[(&milk, 3)]);
    let refund = till.refund(&sale, &[(&milk, 5)]);
    assert!(is_applied(&till.tell(&refund).await));
    assert_eq!(till.stock(&milk).await, (15, 0), "nothing bounds it yet");
    if sold_on > 0 {
        till.tell(&till.sale(&[(&milk, sold_on)])).await;
    }
    let verdict = apart.tell(&sale).await;
    assert!(matches!(verdict, Verdict::Applied { conflict_id: Some(_), .. }), "{verdict:?}");
    (shop, till, milk, refund)
}

#[tokio::test]
async fn a_sale_that_comes_after_its_own_refund_bounds_it_all_the_same() {
    let (shop, mut till, milk, refund) = refunded_before_its_sale(0).await;
    assert_eq!(till.stock(&milk).await, (10, 0), "three came back of three; what goes beyond is set aside");
    let conflict = till.conflict().await;
    assert_eq!((conflict.kind, conflict.status), (ConflictKind::RefundBeyondBounds, ConflictStatus::Open));
    assert_eq!((conflict.sale_id, conflict.register.as_str()), (Some(refund.head.sale_id), "Caisse 2"));
    let told = conflict.refund.as_ref().unwrap();
    assert_eq!((told.total, told.beyond), (money(5_000), money(2_000)));
    assert_eq!((told.lines[0].sold, told.lines[0].beyond), (units(3), units(2)));
    assert_eq!(
        effects(&conflict),
        [
            (ConflictChoice::TakeGoods, vec![(2, 0)], 0, true),
            (ConflictChoice::AcceptLoss, vec![], 0, true),
            (ConflictChoice::CashierOwes, vec![], 2_000, true),
        ],
        "the same as if the sale had come first"
    );
    assert!(is_applied(&choose(&mut till, ConflictChoice::TakeGoods, None).await));
    assert_eq!(till.stock(&milk).await, (12, 0));
    assert!(is_applied(&take_back(&mut till).await));
    assert_eq!(till.stock(&milk).await, (10, 0));
    verified(&shop);
}

#[tokio::test]
async fn goods_of_an_early_refund_that_were_sold_on_were_there_and_only_the_money_is_left_to_decide() {
    let (shop, till, milk, _) = refunded_before_its_sale(12).await;
    assert_eq!(till.stock(&milk).await, (0, 0), "fifteen were there, twelve and three were sold");
    assert_eq!(
        effects(&till.conflict().await),
        [(ConflictChoice::AcceptLoss, vec![], 0, true), (ConflictChoice::CashierOwes, vec![], 2_000, true)],
        "there are no goods to take in"
    );
    verified(&shop);
}

#[tokio::test]
async fn an_early_refund_within_its_sale_asks_nobody() {
    let shop = Shop::open();
    let (mut apart, mut till) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    let sale = apart.sale(&[(&milk, 3)]);
    till.tell(&till.refund(&sale, &[(&milk, 2)])).await;
    assert!(matches!(apart.tell(&sale).await, Verdict::Applied { conflict_id: None, .. }));
    assert_eq!((till.stock(&milk).await, till.conflicts().await), ((9, 0), vec![]));
    let twice = till.tell(&till.refund(&sale, &[(&milk, 2)])).await;
    assert!(matches!(twice, Verdict::Applied { conflict_id: Some(_), .. }), "one was left: {twice:?}");
    assert_eq!(till.stock(&milk).await, (10, 0));
    verified(&shop);
}

#[tokio::test]
async fn money_beyond_what_was_paid_is_beyond_bounds_though_the_goods_are_not() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 5)).await;
    let sale = till.sale(&[(&milk, 2)]);
    till.tell(&sale).await;
    let mut dearer = milk.clone();
    dearer.price = money(1_500);
    till.tell(&till.refund(&sale, &[(&dearer, 2)])).await;
    assert_eq!(till.stock(&milk).await, (5, 0), "the goods are back");
    assert_eq!(
        effects(&till.conflict().await),
        [(ConflictChoice::AcceptLoss, vec![], 0, true), (ConflictChoice::CashierOwes, vec![], 1_000, true)],
        "there are no goods to take in"
    );
    assert!(is_applied(&choose(&mut till, ConflictChoice::CashierOwes, None).await));
    verified(&shop);
}

#[tokio::test]
async fn a_refund_that_was_refused_while_the_customer_waited_and_happened_all_the_same_is_recorded() {
    let (_shop, mut first, _, milk, _) = refunded_twice().await;
    let sale = first.sale(&[(&milk, 1)]);
    first.tell(&sale).await;
    first.tell(&first.refund(&sale, &[(&milk, 1)])).await;
    let (operation, verdict) = first.ask(&first.refund(&sale, &[(&milk, 1)])).await;
    assert!(matches!(verdict, Verdict::InsufficientStock { .. }), "{verdict:?}");
    let verdict = first.push(vec![again(&operation, Mode::Fact)]).await.remove(0).verdict;
    assert!(matches!(verdict, Verdict::Applied { conflict_id: Some(_), .. }), "never lost: {verdict:?}");
}

#[tokio::test]
async fn what_is_missing_still_is_told_line_by_line_as_it_is_settled() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 2)).await;
    till.tell(&till.sale(&[(&milk, 6)])).await;
    let missing = |conflict: &Conflict| {
        let shortage = &conflict.shortages[0];
        (shortage.still_missing(), shortage.still_paid(), shortage.missing)
    };
    assert_eq!(missing(&till.conflict().await), (units(4), money(4_000), units(4)));
    till.send(adjust(&milk, pos_domain::stock::MovementReason::Receipt, 3)).await;
    assert_eq!(missing(&till.conflict().await), (units(1), money(1_000), units(4)), "three were delivered");
    let refund = effects(&till.conflict().await).into_iter().find(|e| e.0 == ConflictChoice::Refund).unwrap();
    assert_eq!((refund.1, refund.2), (vec![(0, -1)], -1_000), "and the choice says the same");
    assert!(is_applied(&choose(&mut till, ConflictChoice::AcceptCount, None).await));
    assert_eq!(missing(&till.conflict().await).0, units(0));
    assert!(is_applied(&take_back(&mut till).await));
    assert_eq!(missing(&till.conflict().await).0, units(1));
    verified(&shop);
}

/// Milk by its barcode, bread by its code; the new thing bears both and comes with ten pieces, of which four are sold.
async fn ambiguous() -> (Shop, Register, [Product; 3]) {
    let shop = Shop::open();
    let mut office = shop.join("Bureau").await;
    let mut milk = product("LAIT");
    milk.barcodes = vec!["4006381333931".to_owned()];
    let bread = product("PAIN");
    let mut both = product("PAIN");
    both.name = "Lait pain".to_owned();
    both.barcodes.clone_from(&milk.barcodes);
    for (made, opening) in [(&milk, 1), (&bread, 1)] {
        assert!(is_applied(&office.send(product_create(made, opening)).await));
    }
    let mut till = shop.join("Caisse 1").await;
    let Verdict::Applied { mapped_ids, conflict_id, .. } = till.send(product_create(&both, 10)).await else {
        panic!()
    };
    assert_eq!(mapped_ids[0].server_id, milk.product_id.0, "the barcode goes first, so that nobody waits");
    assert_eq!(conflict_id, Some(till.conflict().await.conflict_id));
    till.tell(&till.sale(&[(&both, 4)])).await;
    assert_eq!((till.stock(&milk).await, till.stock(&bread).await), ((7, 0), (1, 0)));
    (shop, till, [milk, bread, both])
}

#[tokio::test]
async fn what_bears_the_marks_of_two_rows_is_for_a_person_to_decide() {
    let (shop, mut till, [milk, bread, both]) = ambiguous().await;
    let conflict = till.conflict().await;
    assert_eq!((conflict.kind, conflict.title.as_str()), (ConflictKind::MappingContradiction, "Lait pain"));
    let contested = conflict.contested.as_ref().unwrap();
    assert_eq!(contested.local_id, both.product_id.0);
    assert_eq!((contested.current.id, contested.other.id), (milk.product_id.0, bread.product_id.0));
    assert_eq!(
        effects(&conflict),
        [
            (ConflictChoice::KeepMapping, vec![], 0, true),
            (ConflictChoice::MoveMapping, vec![(-6, 0), (6, 0)], 0, true)
        ],
        "ten were counted and four sold under the id"
    );
    for _ in 0..2 {
        assert!(is_applied(&choose(&mut till, ConflictChoice::MoveMapping, None).await));
        assert_eq!((till.stock(&milk).await, till.stock(&bread).await), ((1, 0), (7, 0)));
        assert_eq!(till.conflict().await.contested.unwrap().current.id, bread.product_id.0);
        assert!(is_applied(&take_back(&mut till).await));
        assert_eq!((till.stock(&milk).await, till.stock(&bread).await), ((7, 0), (1, 0)));
        assert_eq!(till.conflict().await.contested.unwrap().current.id, milk.product_id.0);
    }
    assert!(is_applied(&choose(&mut till, ConflictChoice::MoveMapping, None).await));
    till.tell(&till.sale(&[(&both, 1)])).await;
    assert_eq!((till.stock(&milk).await, till.stock(&bread).await), ((1, 0), (6, 0)), "it is bread now");
    verified(&shop);
}

#[tokio::test]
async fn an_id_that_stays_where_it_is_moves_nothing() {
    let (shop, mut till, [milk, bread, _]) = ambiguous().await;
    assert!(is_applied(&choose(&mut till, ConflictChoice::KeepMapping, None).await));
    assert_eq!((till.stock(&milk).await, till.stock(&bread).await), ((7, 0), (1, 0)));
    assert!(is_applied(&take_back(&mut till).await));
    assert_eq!(till.conflict().await.status, ConflictStatus::Open);
    verified(&shop);
}

#[tokio::test]
async fn a_register_that_knows_another_row_under_an_id_opens_the_question_once() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let (milk, bread, mine) = (product("LAIT"), product("PAIN"), product("LAIT"));
    for made in [&milk, &bread, &mine] {
        assert!(is_applied(&till.send(product_create(made, 2)).await));
    }
    let duplicates = till.conflicts().await.len();
    let dispute = |known: &Product| {
        OperationBody::MappingDispute(MappingDispute {
            entity: EntityKind::Product,
            local_id: mine.product_id.0,
            known: known.product_id.0,
            told: milk.product_id.0,
        })
    };
    assert!(is_applied(&till.send(dispute(&milk)).await), "no contradiction");
    assert_eq!(till.conflicts().await.len(), duplicates);
    for _ in 0..2 {
        assert!(is_applied(&till.send(dispute(&bread)).await));
    }
    let all = till.conflicts().await;
    let open: Vec<_> = all.iter().filter(|c| c.kind == ConflictKind::MappingContradiction).collect();
    assert_eq!(open.len(), 1, "asked twice, opened once");
    let contested = open[0].contested.as_ref().unwrap();
    assert_eq!((contested.current.id, contested.other.id), (milk.product_id.0, bread.product_id.0));
    let verdict = till.send(dispute(&product("INCONNU"))).await;
    assert!(is_applied(&verdict), "a question about this id stands already: {verdict:?}");
    let foreign = OperationBody::MappingDispute(MappingDispute {
        entity: EntityKind::Product,
        local_id: next_id(),
        known: bread.product_id.0,
        told: milk.product_id.0,
    });
    assert_eq!(rejection(&till.send(foreign).await).0, "unknown_reference");
    verified(&shop);
}

/// A register at work and a copy of its folder, which both sold on from the same place.
async fn forked() -> (Shop, Register, Product, [Operation; 2]) {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 5)).await;
    let copied_at = till.seq;
    till.tell(&till.sale(&[(&milk, 1)])).await;
    till.tell(&till.sale(&[(&milk, 1)])).await;
    let branch = [4, 2].map(|qty| OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, qty)]))));
    let branch =
        [operation(&branch[0], Mode::Fact, copied_at + 1), operation(&branch[1], Mode::Admit, copied_at + 2)];
    for _ in 0..2 {
        for verdict in till.push(branch.to_vec()).await {
            assert_eq!(verdict.verdict, Verdict::BodyMismatch, "the place is taken");
        }
    }
    assert_eq!(till.stock(&milk).await, (3, 0), "nothing of it counts");
    (shop, till, milk, branch)
}

#[tokio::test]
async fn both_branches_of_a_forked_register_are_kept_and_shown() {
    let (shop, till, ..) = forked().await;
    let other = shop.join("Bureau").await;
    let conflict = other.conflict().await;
    assert_eq!((conflict.kind, conflict.title.as_str()), (ConflictKind::Fork, "Caisse 1"));
    assert_eq!((conflict.device_id, conflict.events.len()), (till.device_id, 1), "told twice, opened once");
    let fork = conflict.fork.as_ref().unwrap();
    assert_eq!((fork.aside.operations, fork.aside.documents, fork.aside.total), (2, 2, money(6_000)));
    assert_eq!((fork.standing.operations, fork.standing.total), (2, money(2_000)));
    let listed = fork.aside.listed[0].document.as_ref().unwrap();
    assert_eq!((listed.first_line.as_str(), listed.total), ("Produit LAIT", money(4_000)));
    assert_eq!(
        effects(&conflict),
        [
            (ConflictChoice::RecordBranch, vec![(-3, 3)], 6_000, false),
            (ConflictChoice::LeaveBranch, vec![], 0, true)
        ],
        "three are there for six"
    );
}

#[tokio::test]
async fn the_other_branch_is_recorded_once_as_facts_and_known_when_it_comes_again() {
    let (shop, mut till, milk, branch) = forked().await;
    let mut office = shop.join("Bureau").await;
    for till in [&mut office, &mut till] {
        let fork = till.conflicts().await.into_iter().find(|c| c.kind == ConflictKind::Fork).unwrap();
        let resolution = resolve(fork.conflict_id, ConflictChoice::RecordBranch);
        assert!(is_applied(&till.send(OperationBody::ConflictResolve(resolution)).await));
    }
    assert_eq!(till.stock(&milk).await, (0, 3), "recorded once; what was not there is short");
    let conflicts = till.conflicts().await;
    let kinds: Vec<_> = conflicts.iter().map(|c| (c.kind, c.status)).collect();
    assert!(kinds.contains(&(ConflictKind::Fork, ConflictStatus::Resolved)), "{kinds:?}");
    assert!(kinds.contains(&(ConflictKind::Oversold, ConflictStatus::Open)), "{kinds:?}");
    let fork = conflicts.iter().find(|c| c.kind == ConflictKind::Fork).unwrap();
    assert_eq!(fork.fork.as_ref().unwrap().aside.operations, 0, "nothing is kept aside any more");
    assert_eq!(
        rejection(&office.send(reopen(fork.conflict_id)).await).1,
        "conflict_id",
        "documents are final"
    );
    // The copy begins a new life and sends what it has.
    till.epoch = 2;
    let again: Vec<_> =
        branch.iter().zip(1..).map(|(o, seq)| Operation { seq, mode: Mode::Fact, ..o.clone() }).collect();
    for verdict in till.push(again).await {
        assert!(verdict.duplicate && is_applied(&verdict.verdict), "{verdict:?}");
    }
    assert_eq!(till.stock(&milk).await, (0, 3));
    verified(&shop);
}

#[tokio::test]
async fn a_branch_is_left_out_only_with_a_reason_and_more_of_it_asks_again() {
    let (shop, till, milk, branch) = forked().await;
    let mut office = shop.join("Bureau").await;
    for note in [None, Some("  ")] {
        let refused = choose(&mut office, ConflictChoice::LeaveBranch, note).await;
        assert_eq!(rejection(&refused).1, "note");
    }
    assert!(is_applied(&choose(&mut office, ConflictChoice::LeaveBranch, Some("essais")).await));
    assert_eq!(office.stock(&milk).await, (3, 0));
    for verdict in till.push(branch.to_vec()).await {
        assert_eq!(verdict.verdict, Verdict::BodyMismatch);
    }
    assert_eq!(office.conflict().await.status, ConflictStatus::Resolved, "the same again is nothing new");
    assert!(is_applied(&take_back(&mut office).await));
    assert!(is_applied(&choose(&mut office, ConflictChoice::LeaveBranch, Some("essais")).await));
    let more = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])));
    till.push(vec![operation(&more, Mode::Fact, branch[0].seq)]).await;
    let conflict = office.conflict().await;
    assert_eq!(conflict.status, ConflictStatus::Open, "the copy sells on");
    assert_eq!(conflict.events.last().unwrap().what, ConflictEventKind::Reopened);
    assert_eq!(conflict.fork.unwrap().aside.operations, 3);
    let kept: i64 = shop.place.query("SELECT count(*) FROM quarantine WHERE reason = 'fork'");
    assert_eq!(kept, 3, "whatever was decided, nothing is dropped");
    verified(&shop);
}

#[tokio::test]
async fn what_an_ended_life_sends_is_shown_as_a_branch_until_a_newer_life_brings_it() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 5)).await;
    till.epoch = 2;
    till.send(edit(
        EntityKind::Product,
        milk.product_id.0,
        1,
        "name",
        (json!("Produit LAIT"), json!("Lait")),
        1,
    ))
    .await;
    till.epoch = 1;
    let sale = OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 2)])));
    let late = till.operation(&sale, Mode::Fact);
    let verdict = till.push(vec![late.clone()]).await.remove(0).verdict;
    assert_eq!(verdict, Verdict::StaleEpoch { current: 2 });
    let conflict = till.conflict().await;
    assert_eq!((conflict.kind, conflict.fork.as_ref().unwrap().aside.operations), (ConflictKind::Fork, 1));
    till.epoch = 3;
    assert!(is_applied(&till.push(vec![late]).await.remove(0).verdict));
    let conflict = till.conflict().await;
    assert_eq!(conflict.status, ConflictStatus::Resolved, "it was recorded: there is nothing left to decide");
    assert_eq!(till.stock(&milk).await, (3, 0));
    assert_eq!(till.session.hello().await.unwrap().watermark.epoch, 3);
    verified(&shop);
}

#[tokio::test]
async fn a_fork_outlives_the_server_that_found_it() {
    let (shop, ..) = forked().await;
    let shop = shop.reopen();
    let mut office = shop.join("Bureau").await;
    assert!(is_applied(&choose(&mut office, ConflictChoice::RecordBranch, None).await));
    verified(&shop);
}
