//! Rows from the server and own edits: neither overwrites the other, nothing is lost, the cursor is never ahead.

use pos_domain::body::EntityKind;
use pos_domain::conflict::{ConflictEvent, ConflictEventKind, ConflictStatus};
use pos_domain::{Conflict, ConflictKind, OpId, OperationBody};
use pos_store::feed::{self, IncomingRow, OwnEffect, Page};
use pos_store::first_sync::{self, SnapshotPage};
use pos_store::{StoreError, Topic, conflicts, health, products, queue, settings, stock};
use serde_json::json;

use crate::kit::{
    NOW, Register, acknowledge, confirm, create_body, customer, enqueue, fields, fresh, id, incoming,
    product, qty, shown_product, stock_row, stocked, update,
};

fn page(rows: Vec<IncomingRow>, own: Vec<OwnEffect>, cursor: &str) -> Page {
    Page { rows, own, next_cursor: cursor.to_owned() }
}

fn tombstone(entity: EntityKind, id: uuid::Uuid, rev: u64, seq: u64) -> IncomingRow {
    IncomingRow { seq, entity: entity.as_str().to_owned(), id, rev, deleted: true, data: None }
}

/// Edits the price here, and queues it.
fn edit_price(register: &Register, price: i64) -> OpId {
    let op_id = OpId(fresh());
    register.write(move |tx| {
        let before = products::find(tx, id(10).into())?.unwrap();
        let mut row = before.row.clone();
        row.price = crate::kit::money(price);
        products::put(tx, &row)?;
        let edit = update(
            EntityKind::Product,
            id(10),
            before.rev,
            json!({ "price": before.row.price }),
            json!({ "price": price }),
        );
        enqueue(tx, op_id, &OperationBody::EntityUpdate(edit), &[])
    });
    op_id
}

#[test]
fn a_pulled_row_keeps_the_edit_that_waits_on_top() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let op_id = edit_price(&register, 1_500);
    let mut server = bread.clone();
    server.name = "Pain complet".to_owned();
    server.price = crate::kit::money(1_200);
    let row = incoming(EntityKind::Product, id(10), 2, 20, &server);
    register.write(move |tx| feed::promote(tx, &page(vec![row], vec![], "c20"), NOW));
    let shown = shown_product(&register, 10).unwrap();
    assert_eq!(shown.row.name, "Pain complet", "the other field is the server's");
    assert_eq!(shown.row.price.minor(), 1_500, "what was typed here stays until the server has decided");
    assert_eq!(shown.rev, 2, "the next edit is based on the revision that its editor sees");
    // Acknowledged, but the row with its outcome is still on its way.
    register.write(move |tx| acknowledge(tx, op_id, 21));
    assert_eq!(shown_product(&register, 10).unwrap().row.price.minor(), 1_500);
    let decided = incoming(EntityKind::Product, id(10), 3, 21, &server);
    register.write(move |tx| feed::apply_rows(tx, &[decided]));
    assert_eq!(
        shown_product(&register, 10).unwrap().row.price.minor(),
        1_200,
        "the server decided otherwise"
    );
}

#[test]
fn an_older_row_changes_nothing() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 7);
    let mut older = bread.clone();
    older.name = "Old".to_owned();
    let row = incoming(EntityKind::Product, id(10), 1, 3, &older);
    let changed = register.write(move |tx| feed::apply_rows(tx, &[row]));
    assert_eq!((changed.rows, changed.topics.len()), (0, 0));
    assert_eq!(shown_product(&register, 10).unwrap().row.name, "Product 10");
}

#[test]
fn a_tombstone_removes_a_row_and_a_later_revision_brings_it_back() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    register.write(|tx| feed::apply_rows(tx, &[tombstone(EntityKind::Product, id(10), 2, 9)]));
    assert!(shown_product(&register, 10).is_none());
    assert!(register.read(|conn| products::find_by_code(conn, "P10")).is_none());
    let back = incoming(EntityKind::Product, id(10), 3, 10, &bread);
    register.write(move |tx| feed::apply_rows(tx, &[back]));
    assert!(register.read(|conn| products::find_by_code(conn, "P10")).is_some());
}

#[test]
fn a_deletion_here_waits_on_top_of_the_servers_row() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let op_id = OpId(fresh());
    register.write(move |tx| {
        products::remove(tx, id(10).into())?;
        let body = OperationBody::EntityDelete(pos_domain::body::EntityDelete {
            entity: EntityKind::Product,
            id: id(10),
            base_rev: 1,
            hlc: pos_domain::merge::Hlc::default(),
        });
        enqueue(tx, op_id, &body, &[])?;
        feed::apply_rows(tx, &[incoming(EntityKind::Product, id(10), 2, 8, &bread)])
    });
    assert!(shown_product(&register, 10).is_none(), "the pull does not bring it back");
    register.write(move |tx| {
        let claimed = crate::kit::claim(tx, op_id)?;
        let refused = queue::OpFault {
            class: queue::ErrorClass::Permanent,
            code: "rejected.forbidden".to_owned(),
            params: serde_json::Map::new(),
        };
        assert_eq!(queue::dead_letter(tx, op_id, claimed.generation, &refused, NOW)?, queue::Fenced::Done);
        Ok(())
    });
    assert!(shown_product(&register, 10).is_some(), "the server refused the deletion");
}

#[test]
fn what_the_server_deleted_stays_gone_when_an_edit_of_it_is_refused() {
    let register = Register::new();
    stocked(&register, 10, 5, 1);
    let op_id = edit_price(&register, 1_500);
    register.write(move |tx| {
        feed::apply_rows(tx, &[tombstone(EntityKind::Product, id(10), 2, 9)])?;
        let claimed = crate::kit::claim(tx, op_id)?;
        let refused = queue::OpFault {
            class: queue::ErrorClass::Permanent,
            code: "rejected.unknown_reference".to_owned(),
            params: serde_json::Map::new(),
        };
        assert_eq!(queue::dead_letter(tx, op_id, claimed.generation, &refused, NOW)?, queue::Fenced::Done);
        Ok(())
    });
    assert!(shown_product(&register, 10).is_none());
}

#[test]
fn fields_of_a_newer_server_survive_an_edit_here() {
    let register = Register::new();
    let mut newer = fields(&product(10, "P10", "Bread"));
    newer.insert("allergens".to_owned(), json!(["gluten"]));
    let row = incoming(EntityKind::Product, id(10), 1, 1, &newer);
    register.write(move |tx| feed::apply_rows(tx, &[row]));
    edit_price(&register, 1_500);
    let mut renamed = newer.clone();
    renamed.insert("name".to_owned(), json!("Pain"));
    let row = incoming(EntityKind::Product, id(10), 2, 5, &renamed);
    register.write(move |tx| feed::apply_rows(tx, &[row]));
    let folder = register.close();
    let conn = rusqlite::Connection::open(folder.path().join(pos_store::FILE_NAME)).unwrap();
    let (extra, below): (String, String) = conn
        .query_row("SELECT extra, server_fields FROM product", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert!(extra.contains("gluten") && below.contains("gluten"), "the program that knows it will find it");
}

#[test]
fn what_this_program_does_not_know_is_kept_for_the_one_that_will() {
    let register = Register::new();
    let unknown_kind = IncomingRow {
        entity: "loyalty".to_owned(),
        ..incoming(EntityKind::Product, id(80), 1, 1, &json!({}))
    };
    let unknown_shape = incoming(EntityKind::Product, id(81), 1, 2, &json!({ "product_id": id(81) }));
    let other_id = incoming(EntityKind::Product, id(82), 1, 3, &product(83, "C", "Cola"));
    let good = incoming(EntityKind::Product, id(84), 1, 4, &product(84, "D", "Dates"));
    let changed = register.write(move |tx| {
        feed::promote(tx, &page(vec![unknown_kind, unknown_shape, other_id, good], vec![], "c"), NOW)
    });
    assert_eq!(changed.rows, 1, "the good one is not held up");
    assert_eq!(register.read(|conn| health::get(conn, NOW)).parked_rows, 3);
    let changed = register.write(feed::retry_parked_rows);
    assert_eq!(changed.rows, 0, "this is still the same program");
    assert_eq!(register.read(|conn| health::get(conn, NOW)).parked_rows, 3);
}

#[test]
fn the_cursor_moves_with_its_rows_or_not_at_all() {
    let register = Register::new();
    let row = incoming(EntityKind::Product, id(10), 1, 1, &product(10, "A", "A"));
    let failed: Result<(), StoreError> = register.try_write(move |tx| {
        feed::promote(tx, &page(vec![row], vec![], "c1"), NOW)?;
        Err(StoreError::NoDevice)
    });
    assert!(failed.is_err());
    assert_eq!(register.read(feed::find_cursor), None);
    assert!(shown_product(&register, 10).is_none());
}

#[test]
fn a_lost_answer_is_learnt_from_the_feed() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 2)]);
    let (op_id, product_id) = (sale.op_id, bread.product_id);
    register.write(move |tx| sale.insert(tx, queue::OpMode::Fact));
    let row = stock_row(id(10), 3, 2, 9);
    register.write(move |tx| {
        feed::promote(tx, &page(vec![row], vec![OwnEffect { op_id, feed_seq: 9 }], "c9"), NOW)
    });
    let shown = register.read(move |conn| stock::shown(conn, product_id));
    assert_eq!((shown.server, shown.pending, shown.shown), (qty(3), qty(0), qty(3)), "not counted twice");
    let row = register.read(move |conn| queue::find(conn, op_id)).unwrap();
    assert_eq!(row.state, queue::OpState::Pending, "its verdict still comes with the next push");
}

pub(crate) fn oversold(status: ConflictStatus, events: Vec<ConflictEventKind>) -> Conflict {
    Conflict {
        conflict_id: id(70).into(),
        kind: ConflictKind::Oversold,
        status,
        entity: "sale".to_owned(),
        entity_id: id(71),
        title: "R1-000001".to_owned(),
        op_id: id(72).into(),
        device_id: id(1).into(),
        register: "Till 1".to_owned(),
        other_register: None,
        opened_at_ms: NOW,
        fields: vec![],
        shortages: vec![],
        prices: vec![],
        refund: None,
        contested: None,
        fork: None,
        serials: Vec::new(),
        unapproved: None,
        sale_id: Some(id(71).into()),
        choices: vec![],
        events: events
            .into_iter()
            .map(|what| ConflictEvent {
                at_ms: NOW,
                what,
                device_id: None,
                register: None,
                actor: None,
                choice: None,
                note: None,
            })
            .collect(),
    }
}

#[test]
fn a_conflict_is_counted_when_it_opens_and_when_it_opens_again() {
    use ConflictEventKind::{Opened, Reopened, Resolved};
    let register = Register::new();
    let mut opened = Vec::new();
    for (rev, status, events) in [
        (1, ConflictStatus::Open, vec![Opened]),
        (2, ConflictStatus::Resolved, vec![Opened, Resolved]),
        (3, ConflictStatus::Open, vec![Opened, Resolved, Reopened]),
        (3, ConflictStatus::Open, vec![Opened, Resolved, Reopened]),
    ] {
        let row = incoming(EntityKind::Conflict, id(70), rev, 10 + rev, &oversold(status, events));
        let changed = register.write(move |tx| feed::apply_rows(tx, &[row]));
        opened.push((changed.conflicts_opened, changed.topics.contains(&Topic::Conflicts)));
    }
    assert_eq!(opened, [(1, true), (0, true), (1, true), (0, false)]);
    assert_eq!(register.read(conflicts::count_open), 1);
    let kept = register.read(|conn| conflicts::find(conn, id(70).into())).unwrap();
    assert_eq!((kept.conflict.events.len(), kept.decision_waits), (3, false));
    let listed = register.read(|conn| conflicts::list(conn, ConflictStatus::Open, None, 5));
    assert_eq!(listed.len(), 1);
    assert!(
        register.read(|conn| conflicts::list(conn, ConflictStatus::Open, Some(id(70).into()), 5)).is_empty()
    );
    register.write(|tx| {
        let body = OperationBody::ConflictReopen(pos_domain::body::ConflictReopening {
            conflict_id: id(70).into(),
            actor: "Fatou".to_owned(),
            note: None,
            hlc: pos_domain::merge::Hlc::default(),
        });
        enqueue(tx, OpId(fresh()), &body, &[])
    });
    let kept = register.read(|conn| conflicts::find(conn, id(70).into())).unwrap();
    assert!(kept.decision_waits, "the screen says that a decision is on its way");
    let health = register.read(|conn| health::get(conn, NOW));
    assert_eq!((health.conflicts_open, health.conflicts_resolved_24h), (1, 1));
}

#[test]
fn a_first_sync_resumes_after_a_kill_and_removes_what_the_server_does_not_have() {
    let register = Register::new();
    stocked(&register, 10, 5, 1);
    let gone = stocked(&register, 11, 5, 1);
    let mine = OpId(fresh());
    register.write(move |tx| {
        let own = product(12, "OWN", "Made here");
        products::put(tx, &own)?;
        enqueue(tx, mine, &create_body(EntityKind::Product, id(12), &own), &[])?;
        first_sync::begin(tx, "mark", NOW)
    });
    let first = register.write(|tx| {
        let rows = [incoming(EntityKind::Product, id(10), 1, 3, &product(10, "P10", "Again"))];
        first_sync::apply_page(
            tx,
            &SnapshotPage { entity: EntityKind::Product, rows: &rows, next: Some(id(10)), total_rows: 2 },
        )
    });
    assert_eq!(first.rows, 1, "the same revision is written again: it is another snapshot");
    assert!(matches!(
        register.try_write(|tx| first_sync::finish(tx, NOW)),
        Err(StoreError::WrongState { .. })
    ));
    let folder = register.close();
    let store = pos_store::Store::open(folder.path(), pos_store::OpenMode::ReadWrite).unwrap();
    let progress = store.read(first_sync::find).unwrap().unwrap();
    let products_done = progress.checkpoints.iter().find(|c| c.entity == "product").unwrap();
    assert_eq!((progress.mark.as_str(), products_done.last_key), ("mark", Some(id(10))));
    assert_eq!((products_done.done_rows, products_done.total_rows), (1, 2));
    store
        .write(pos_store::Priority::Sync, move |tx| -> Result<(), StoreError> {
            for kind in EntityKind::ALL {
                let rows = match kind {
                    EntityKind::Customer => vec![incoming(kind, id(500), 1, 4, &customer(500, "Mamadou"))],
                    EntityKind::Stock => vec![stock_row(id(10), 9, 5, 4)],
                    EntityKind::Setting
                    | EntityKind::Category
                    | EntityKind::Product
                    | EntityKind::Cashier
                    | EntityKind::HeldCart
                    | EntityKind::AccountEntry
                    | EntityKind::SerialEvent
                    | EntityKind::Conflict => vec![],
                };
                first_sync::apply_page(
                    tx,
                    &SnapshotPage { entity: kind, rows: &rows, next: None, total_rows: 1 },
                )?;
            }
            first_sync::finish(tx, NOW)
        })
        .unwrap();
    assert_eq!(store.read(feed::find_cursor).unwrap().as_deref(), Some("mark"));
    let find = |n: u128| store.read(move |conn| products::find(conn, id(n).into())).unwrap();
    assert_eq!(find(10).unwrap().row.name, "Again");
    assert!(find(11).is_none(), "{} is not on the server any more", gone.name);
    assert!(find(12).is_some(), "its creation still waits in the queue");
    let shown = store.read(|conn| stock::shown(conn, id(10).into())).unwrap();
    assert_eq!(shown.shown, qty(9));
    assert_eq!(store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn shop_settings_are_assembled_from_rows() {
    let register = Register::new();
    let before = register.read(settings::load);
    assert_eq!(before, crate::kit::shop());
    let row = settings::SettingRow { key: "checkout_deadline_ms".to_owned(), value: json!(1500) };
    register.write(move |tx| settings::put(tx, &row));
    assert_eq!(register.read(settings::load).checkout_deadline_ms, 1_500);
    let broken = settings::SettingRow { key: "cash_rounding".to_owned(), value: json!("all of it") };
    register.write(move |tx| settings::put(tx, &broken));
    let after = register.read(settings::load);
    assert_eq!(
        (after.checkout_deadline_ms, after.cash_rounding),
        (1_500, None),
        "one bad row costs only itself"
    );
}
