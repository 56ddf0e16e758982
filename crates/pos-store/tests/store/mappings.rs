//! The server's name for a thing becomes ours, everywhere, at once and for ever.

use pos_domain::body::EntityKind;
use pos_domain::{OpId, OperationBody};
use pos_store::carts::{self, SavedCart};
use pos_store::mappings::{self, Mapped};
use pos_store::queue::{self, OpMode};
use pos_store::{audit, customers, feed, products, sales, stock};
use serde_json::json;

use crate::kit::{
    NOW, Register, confirm, create_body, customer, enqueue, fresh, id, incoming, product, qty, stock_row,
    update,
};

/// A register that made a product and a customer offline, and sold.
fn offline_register() -> (Register, pos_domain::SaleId) {
    let register = Register::new();
    let mut cola = product(10, "COLA", "Cola");
    cola.barcodes = vec!["4006381333931".to_owned()];
    let sale = confirm(&[(&cola, 2)]);
    let sale_id = sale.sale_id;
    let OperationBody::SaleComplete(document) = &sale.body else { panic!("a sale") };
    let cart = pos_domain::Cart {
        cart_id: fresh().into(),
        lines: vec![document.lines[0].item.clone()],
        discount: None,
        customer_id: Some(id(500).into()),
        note: None,
    };
    register.write(move |tx| {
        products::put(tx, &cola)?;
        customers::put(tx, &customer(500, "Mamadou"))?;
        enqueue(tx, OpId(fresh()), &create_body(EntityKind::Product, id(10), &cola), &[])?;
        let edit = update(EntityKind::Product, id(10), 0, json!({"name": "Cola"}), json!({"name": "Coca"}));
        enqueue(tx, OpId(fresh()), &OperationBody::EntityUpdate(edit), &[])?;
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        carts::save(
            tx,
            &SavedCart {
                undo: vec![cart.clone()],
                cart,
                recalled_from: None,
                taken_elsewhere: false,
                updated_at_ms: NOW,
            },
        )
    });
    (register, sale_id)
}

#[test]
fn a_mapped_product_is_repointed_everywhere() {
    let (register, sale_id) = offline_register();
    let outcome = register.write(|tx| {
        let outcome = mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)?;
        let theirs = product(90, "COLA", "Cola 33 cl");
        feed::apply_rows(
            tx,
            &[incoming(EntityKind::Product, id(90), 4, 8, &theirs), stock_row(id(90), 7, 2, 8)],
        )?;
        Ok(outcome)
    });
    assert_eq!(outcome, Mapped::Applied);
    assert!(register.read(|conn| products::find(conn, id(10).into())).is_none());
    let ours = register.read(|conn| products::find(conn, id(90).into())).unwrap();
    assert_eq!((ours.row.name.as_str(), ours.rev), ("Coca", 4), "our edit waits on top of the server's row");
    let shown = register.read(|conn| stock::shown(conn, id(90).into()));
    assert_eq!((shown.server, shown.pending, shown.shown), (qty(7), qty(-2), qty(5)));
    let cart = register.read(carts::find_open).unwrap();
    assert_eq!(
        (cart.cart.lines[0].product_id, cart.undo[0].lines[0].product_id),
        (id(90).into(), id(90).into())
    );
    let sold = register.read(move |conn| sales::find(conn, sale_id)).unwrap();
    assert_eq!(sold.document.lines[0].item.product_id, id(10).into(), "the document says what was printed");
    assert_eq!(register.read(|conn| mappings::resolve(conn, EntityKind::Product, id(10))), id(90));
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn a_mapping_onto_a_row_that_is_here_already_leaves_one_product() {
    let (register, _) = offline_register();
    register.write(|tx| {
        let mut theirs = product(90, "COLA", "Cola 33 cl");
        theirs.barcodes = vec!["4006381333931".to_owned()];
        feed::apply_rows(tx, &[incoming(EntityKind::Product, id(90), 4, 8, &theirs)])?;
        mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)
    });
    let found = register.read(|conn| products::search(conn, "co", 9));
    assert_eq!(found.iter().map(|p| p.product_id).collect::<Vec<_>>(), [id(90).into()]);
    let scanned = register.read(|conn| products::find_by_code(conn, "4006381333931")).unwrap();
    assert_eq!(scanned.product_id, id(90).into());
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn a_movement_of_a_mapped_product_leaves_the_pending_stock_when_the_balance_there_contains_it() {
    let register = Register::new();
    let cola = product(10, "COLA", "Cola");
    let sale = confirm(&[(&cola, 2)]);
    register.write(move |tx| {
        products::put(tx, &cola)?;
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        // The feed tells of the sale and of the balance before the answer to the push tells which product it is of.
        let theirs = incoming(EntityKind::Product, id(90), 4, 8, &product(90, "COLA", "Cola 33 cl"));
        feed::apply_rows(tx, &[theirs, stock_row(id(90), 5, 2, 9)])?;
        queue::mark_own(tx, sale.op_id, 9)?;
        mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)
    });
    let shown = register.read(|conn| stock::shown(conn, id(90).into()));
    assert_eq!((shown.server, shown.pending, shown.shown), (qty(5), qty(0), qty(5)));
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn a_mapped_customer_keeps_its_sales() {
    let (register, _) = offline_register();
    register.write(|tx| mappings::apply(tx, EntityKind::Customer, id(500), id(590), NOW));
    assert!(register.read(|conn| customers::find(conn, id(590).into())).is_some());
    let cart = register.read(carts::find_open).unwrap();
    assert_eq!(cart.cart.customer_id, Some(id(590).into()));
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn a_contradiction_is_kept_beside_the_mapping_that_stands() {
    let (register, _) = offline_register();
    let outcomes = register.write(|tx| {
        Ok([
            mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)?,
            mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)?,
            mappings::apply(tx, EntityKind::Product, id(10), id(91), NOW)?,
            mappings::apply(tx, EntityKind::Product, id(92), id(92), NOW)?,
        ])
    });
    assert_eq!(outcomes, [Mapped::Applied, Mapped::Known, Mapped::Orphaned, Mapped::Known]);
    assert_eq!(register.read(|conn| mappings::resolve(conn, EntityKind::Product, id(10))), id(90));
    let story = register.read(|conn| audit::list_of(conn, id(10)));
    assert_eq!(story[0].1.action, "mapping.contradiction");
}

#[test]
fn a_merge_of_merges_leads_to_the_last_name() {
    let (register, _) = offline_register();
    register.write(|tx| {
        mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)?;
        mappings::apply(tx, EntityKind::Product, id(90), id(91), NOW)
    });
    assert_eq!(register.read(|conn| mappings::resolve(conn, EntityKind::Product, id(10))), id(91));
    assert!(register.read(|conn| products::find(conn, id(91).into())).is_some());
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}
