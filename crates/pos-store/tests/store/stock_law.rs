//! What a cashier sees is what is there, whatever the order in which answers and pages come.

use std::collections::BTreeMap;

use pos_domain::OpId;
use pos_store::feed::{self, IncomingRow, OwnEffect, Page};
use pos_store::queue::{self, OpMode};
use pos_store::{sales, stock};
use proptest::prelude::*;
use serde_json::json;

use crate::kit::{LEASE, NOW, Register, confirm, id, qty, stock_row, stocked};

const START: i64 = 100;

#[derive(Debug, Clone)]
enum Event {
    /// Sell so many here.
    Sell(i64),
    /// Another register sells so many on the server.
    SellElsewhere(i64),
    /// An own sale (by place) reaches the server; its answer is lost or not.
    Push { sale: usize, answered: bool },
    /// The server's pages reach this register.
    Pull,
    /// An old page comes again.
    PullAgain(usize),
    /// The last sale that the server does not have is rolled back.
    RollBack,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_i64..4).prop_map(Event::Sell),
        2 => (1_i64..4).prop_map(Event::SellElsewhere),
        4 => (0_usize..8, any::<bool>()).prop_map(|(sale, answered)| Event::Push { sale, answered }),
        3 => Just(Event::Pull),
        1 => (0_usize..8).prop_map(Event::PullAgain),
        1 => Just(Event::RollBack),
    ]
}

/// The server's side of one product.
struct Server {
    on_hand: i64,
    rev: u64,
    seq: u64,
    own: BTreeMap<OpId, u64>,
}

impl Server {
    fn take(&mut self, units: i64) {
        self.on_hand -= units;
        self.rev += 1;
        self.seq += 1;
    }

    fn row(&self) -> IncomingRow {
        stock_row(id(10), self.on_hand, self.rev, self.seq)
    }
}

#[derive(Clone, Copy)]
struct Sold {
    op_id: OpId,
    sale_id: pos_domain::SaleId,
    units: i64,
    on_server: bool,
    rolled_back: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn shown_stock_is_the_balance_pulled_and_own_sales_it_lacks(events in prop::collection::vec(event(), 1..40)) {
        let register = Register::new();
        let bread = stocked(&register, 10, START, 1);
        let mut server = Server { on_hand: START, rev: 1, seq: 1, own: BTreeMap::new() };
        let mut sold: Vec<Sold> = Vec::new();
        let mut pages: Vec<Page> = Vec::new();
        // What the balance here should be, and up to which seq it stands.
        let (mut pulled, mut pulled_seq) = (START, 1_u64);
        for event in events {
            match event {
                Event::Sell(units) => {
                    let sale = confirm(&[(&bread, units)]);
                    sold.push(Sold {
                        op_id: sale.op_id, sale_id: sale.sale_id, units, on_server: false, rolled_back: false,
                    });
                    register.write(move |tx| sale.insert(tx, OpMode::Fact));
                }
                Event::SellElsewhere(units) => server.take(units),
                Event::Push { sale, answered } => {
                    let Some(sale) = sold.get_mut(sale).filter(|sale| !sale.rolled_back) else { continue };
                    if !sale.on_server {
                        server.take(sale.units);
                        server.own.insert(sale.op_id, server.seq);
                        sale.on_server = true;
                    }
                    if answered {
                        let (op_id, feed_seq) = (sale.op_id, server.own[&sale.op_id]);
                        register.write(move |tx| {
                            for claimed in queue::claim_one(tx, op_id, NOW + LEASE)? {
                                let fenced =
                                    queue::acknowledge(tx, op_id, claimed.generation, feed_seq, NOW)?;
                                assert_eq!(fenced, queue::Fenced::Done);
                            }
                            Ok(())
                        });
                    }
                }
                Event::Pull => {
                    let own = server.own.iter()
                        .filter(|(_, seq)| **seq > pulled_seq)
                        .map(|(op_id, seq)| OwnEffect { op_id: *op_id, feed_seq: *seq })
                        .collect();
                    let page = Page { rows: vec![server.row()], own, next_cursor: server.seq.to_string() };
                    pages.push(page.clone());
                    register.write(move |tx| feed::promote(tx, &page, NOW));
                    (pulled, pulled_seq) = (server.on_hand, server.seq);
                }
                Event::PullAgain(n) => {
                    if let Some(page) = pages.get(n).cloned() {
                        register.write(move |tx| feed::promote(tx, &page, NOW));
                    }
                }
                Event::RollBack => {
                    let Some(sale) = sold.iter_mut().rev().find(|s| !s.on_server && !s.rolled_back) else {
                        continue;
                    };
                    sale.rolled_back = true;
                    let sale_id = sale.sale_id;
                    register.write(move |tx| sales::roll_back(tx, sale_id, "insufficient_stock", &json!({}), NOW));
                }
            }
            let lacking: i64 = sold.iter()
                .filter(|sale| !sale.rolled_back)
                .filter(|sale| server.own.get(&sale.op_id).is_none_or(|seq| *seq > pulled_seq))
                .map(|sale| sale.units)
                .sum();
            let shown = register.read(move |conn| stock::shown(conn, id(10).into()));
            prop_assert_eq!(shown.server, qty(pulled));
            prop_assert_eq!(shown.pending, qty(-lacking));
            prop_assert_eq!(shown.shown, qty(pulled - lacking));
        }
        prop_assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), vec![]);
    }
}
