//! Random histories, compared with a model that is too simple to be wrong.

use std::collections::HashMap;

use pos_domain::conflict::ConflictStatus;
use pos_domain::stock::MovementReason;
use pos_domain::{ConflictChoice, OperationBody, Product, SaleDocument};
use pos_protocol::{Mode, Operation, Verdict};
use proptest::prelude::*;

use crate::harness::*;

/// One step of a history. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Ask { till: usize, product: usize, qty: i64 },
    Tell { till: usize, product: usize, qty: i64 },
    Receive { till: usize, product: usize, qty: i64 },
    Lose { till: usize, product: usize, qty: i64 },
    Refund { sale: usize, qty: i64 },
    Withdraw { sale: usize },
    Latch { sale: usize },
    Repeat { sale: usize },
    Resolve { conflict: usize, choice: usize },
    Reopen { conflict: usize },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || (0..2_usize, 0..3_usize, 1..6_i64);
    prop_oneof![
        4 => who().prop_map(|(till, product, qty)| Step::Ask { till, product, qty }),
        4 => who().prop_map(|(till, product, qty)| Step::Tell { till, product, qty }),
        3 => who().prop_map(|(till, product, qty)| Step::Receive { till, product, qty }),
        1 => who().prop_map(|(till, product, qty)| Step::Lose { till, product, qty }),
        2 => (0..20_usize, 1..4_i64).prop_map(|(sale, qty)| Step::Refund { sale, qty }),
        1 => (0..20_usize).prop_map(|sale| Step::Withdraw { sale }),
        1 => (0..20_usize).prop_map(|sale| Step::Latch { sale }),
        1 => (0..20_usize).prop_map(|sale| Step::Repeat { sale }),
        2 => (0..20_usize, 0..4_usize).prop_map(|(conflict, choice)| Step::Resolve { conflict, choice }),
        1 => (0..20_usize).prop_map(|conflict| Step::Reopen { conflict }),
        1 => Just(Step::Restart),
    ]
}

/// What became of a sale, as its register last heard.
struct Made {
    till: usize,
    product: usize,
    document: SaleDocument,
    operation: Operation,
    verdict: Verdict,
    /// Goods that refunds brought back, in units; what goes beyond the sale waits for a person.
    returned: i64,
}

struct World {
    shop: Option<Shop>,
    tills: Vec<Register>,
    products: Vec<Product>,
    sales: Vec<Made>,
    /// What came in less what went out, per product, by every verdict that stands, in units. Settling a shortage
    /// moves between the two sides of the balance, an accepted count and a refund of goods that were never there add.
    net: HashMap<usize, i64>,
}

impl World {
    async fn new() -> Self {
        let shop = Shop::open();
        let mut tills = vec![shop.join("Caisse 1").await, shop.join("Caisse 2").await];
        let products: Vec<_> = (0..3).map(|n| product(&format!("P{n}"))).collect();
        for row in &products {
            tills[0].send(product_create(row, 4)).await;
        }
        let net = (0..3).map(|n| (n, 4)).collect();
        Self { shop: Some(shop), tills, products, sales: Vec::new(), net }
    }

    async fn run(&mut self, step: &Step) {
        match step {
            Step::Ask { till, product, qty } => self.sell(*till, *product, *qty, Mode::Admit).await,
            Step::Tell { till, product, qty } => self.sell(*till, *product, *qty, Mode::Fact).await,
            Step::Receive { till, product, qty } => {
                self.adjust(*till, *product, MovementReason::Receipt, *qty).await;
            }
            Step::Lose { till, product, qty } => {
                self.adjust(*till, *product, MovementReason::Loss, -*qty).await;
            }
            Step::Refund { sale, qty } => self.refund(*sale, *qty).await,
            Step::Withdraw { sale } => self.again(*sale, Mode::Withdraw).await,
            Step::Latch { sale } => self.again(*sale, Mode::Fact).await,
            Step::Repeat { sale } => self.again(*sale, Mode::Admit).await,
            Step::Resolve { conflict, choice } => self.resolve(*conflict, *choice).await,
            Step::Reopen { conflict } => self.reopen(*conflict).await,
            Step::Restart => self.restart().await,
        }
    }

    async fn sell(&mut self, till: usize, product: usize, qty: i64, mode: Mode) {
        let document = self.tills[till].sale(&[(&self.products[product], qty)]);
        let body = OperationBody::SaleComplete(Box::new(document.clone()));
        let operation = self.tills[till].operation(&body, mode);
        let there = self.tills[till].stock(&self.products[product]).await.0;
        let verdict = self.tills[till].push(vec![operation.clone()]).await.remove(0).verdict;
        match (&verdict, mode) {
            (Verdict::Applied { .. }, _) => {
                assert!(mode == Mode::Fact || there >= qty, "an admitted sale has its goods");
                *self.net.get_mut(&product).unwrap() -= qty;
            }
            (Verdict::InsufficientStock { .. }, Mode::Admit) => assert!(there < qty),
            other => panic!("{other:?}"),
        }
        self.sales.push(Made { till, product, document, operation, verdict, returned: 0 });
    }

    async fn adjust(&mut self, till: usize, product: usize, reason: MovementReason, qty: i64) {
        let verdict = self.tills[till].send(adjust(&self.products[product], reason, qty)).await;
        assert!(is_applied(&verdict), "{verdict:?}");
        *self.net.get_mut(&product).unwrap() += qty;
    }

    async fn refund(&mut self, sale: usize, qty: i64) {
        let Some(made) = self.sales.get_mut(sale) else { return };
        if !is_applied(&made.verdict) {
            return;
        }
        let (till, product) = (made.till, made.product);
        let document = self.tills[till].refund(&made.document, &[(&self.products[product], qty)]);
        assert!(is_applied(&self.tills[till].tell(&document).await), "it has happened");
        let sold = made.document.lines[0].item.qty.milli() / 1_000;
        let within = qty.min(sold - made.returned);
        made.returned += within;
        *self.net.get_mut(&product).unwrap() += within;
    }

    async fn again(&mut self, sale: usize, mode: Mode) {
        let Some(made) = self.sales.get_mut(sale) else { return };
        if (made.operation.mode, mode) == (Mode::Fact, Mode::Withdraw) {
            // No register does: it printed the receipt.
            return;
        }
        let refunded = mode == Mode::Withdraw && is_applied(&made.verdict);
        let operation = again(&made.operation, mode);
        let answer = self.tills[made.till].push(vec![operation]).await.remove(0);
        let qty = made.document.lines[0].item.qty.milli() / 1_000;
        let net = self.net.get_mut(&made.product).unwrap();
        match (is_applied(&made.verdict), is_applied(&answer.verdict)) {
            (false, true) => *net -= qty,
            (true, false) => *net += qty,
            (true, true) | (false, false) => {}
        }
        assert!(!refunded || !is_applied(&answer.verdict), "a withdrawn sale does not stand");
        if matches!((made.operation.mode, mode), (Mode::Admit, Mode::Fact)) && is_applied(&answer.verdict) {
            made.operation.mode = Mode::Fact;
        }
        made.verdict = answer.verdict;
    }

    async fn resolve(&mut self, conflict: usize, choice: usize) {
        let conflicts = self.tills[0].conflicts().await;
        let Some(conflict) = conflicts.get(conflict) else { return };
        let choice = [
            ConflictChoice::AcceptCount,
            ConflictChoice::TakeGoods,
            ConflictChoice::Order,
            ConflictChoice::KeepMine,
        ][choice];
        let before = self.balances().await;
        let resolution = resolve(conflict.conflict_id, choice);
        let verdict = self.tills[1].send(OperationBody::ConflictResolve(resolution)).await;
        let open = conflict.status == ConflictStatus::Open;
        self.follow(&before, Some(choice).filter(|_| is_applied(&verdict) && open)).await;
    }

    async fn reopen(&mut self, conflict: usize) {
        let conflicts = self.tills[0].conflicts().await;
        let Some(conflict) = conflicts.get(conflict) else { return };
        let before = self.balances().await;
        let choice = conflict.resolution();
        let verdict = self.tills[0].send(reopen(conflict.conflict_id)).await;
        self.follow(&before, choice.filter(|_| is_applied(&verdict))).await;
    }

    /// An accepted count, made or taken back, changes what is oversold and nothing else; goods that are taken in change
    /// what is on hand and nothing else.
    async fn follow(&mut self, before: &[(i64, i64)], choice: Option<ConflictChoice>) {
        for (n, (old, new)) in before.iter().zip(self.balances().await).enumerate() {
            assert!(
                choice == Some(ConflictChoice::TakeGoods) || old.0 == new.0,
                "{choice:?} {old:?} {new:?}"
            );
            assert!(
                choice == Some(ConflictChoice::AcceptCount) || old.1 == new.1,
                "{choice:?} {old:?} {new:?}"
            );
            *self.net.get_mut(&n).unwrap() += (new.0 - new.1) - (old.0 - old.1);
        }
    }

    async fn balances(&self) -> Vec<(i64, i64)> {
        let mut balances = Vec::new();
        for product in &self.products {
            balances.push(self.tills[0].stock(product).await);
        }
        balances
    }

    async fn restart(&mut self) {
        let shop = self.shop.take().unwrap();
        let tokens: Vec<_> = self.tills.iter().map(|till| till.device_id).collect();
        // Sessions hold the server; they end with it.
        let placeholder = Shop::open();
        let code = pos_server::invite(&placeholder.place.location, &placeholder.clock()).unwrap().code;
        let (request, _) = placeholder.request("x", code);
        let id = request.device_id;
        placeholder.server.pair(request).await.unwrap();
        for till in &mut self.tills {
            till.session = placeholder.server.session(id).await.unwrap();
        }
        let shop = shop.reopen();
        for (till, device_id) in self.tills.iter_mut().zip(tokens) {
            till.session = shop.server.session(device_id).await.unwrap();
        }
        self.shop = Some(shop);
    }

    async fn check(&self) {
        for (n, product) in self.products.iter().enumerate() {
            let (on_hand, oversold) = self.tills[0].stock(product).await;
            assert!(on_hand >= 0 && oversold >= 0);
            assert_eq!(on_hand - oversold, self.net[&n], "what is there less what is owed is what happened");
        }
        let place = &self.shop.as_ref().unwrap().place;
        assert_eq!(pos_server::Records::open(&place.location).unwrap().verify().unwrap(), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::store::HISTORIES, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_registers_send_the_balances_are_what_happened(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.run(step).await;
            }
            world.check().await;
        });
    }
}
