//! Finding products and customers: by what was scanned, by what was typed, page by page.

use pos_domain::body::EntityKind;
use pos_store::products::{self, Archived};
use pos_store::{categories, customers, feed};

use crate::kit::{Register, category, customer, fields, id, incoming, product};

/// Names of the products that a search finds.
fn search(register: &Register, text: &'static str) -> Vec<String> {
    register.read(move |conn| products::search(conn, text, 10)).into_iter().map(|p| p.name).collect()
}

fn put(register: &Register, product: pos_domain::Product) {
    register.write(move |tx| products::put(tx, &product));
}

#[test]
fn a_scan_finds_a_product_by_any_spelling_of_its_barcode() {
    let register = Register::new();
    let mut coffee = product(10, "CAF-1", "Café");
    coffee.barcodes = vec!["036000291452".to_owned(), "LOT 7/B".to_owned()];
    put(&register, coffee);
    for code in ["036000291452", "0036000291452", " 0036000291452\n", "LOT 7/B", "CAF-1"] {
        let found = register.read(move |conn| products::find_by_code(conn, code));
        assert_eq!(found.map(|p| p.name).as_deref(), Some("Café"), "{code:?}");
    }
    assert!(register.read(|conn| products::find_by_code(conn, "036000291459")).is_none());
}

#[test]
fn a_barcode_follows_its_product_and_dies_with_it() {
    let register = Register::new();
    let mut coffee = product(10, "CAF-1", "Café");
    coffee.barcodes = vec!["4006381333931".to_owned()];
    put(&register, coffee.clone());
    coffee.barcodes = vec!["96385074".to_owned()];
    put(&register, coffee);
    assert!(
        register.read(|conn| products::find_by_code(conn, "4006381333931")).is_none(),
        "it was taken off"
    );
    assert!(register.read(|conn| products::find_by_code(conn, "96385074")).is_some());
    assert!(register.write(|tx| products::remove(tx, id(10).into())));
    assert!(register.read(|conn| products::find_by_code(conn, "96385074")).is_none());
    assert_eq!(search(&register, "caf"), [""; 0]);
    assert!(!register.write(|tx| products::remove(tx, id(10).into())), "it is gone already");
}

#[test]
fn what_the_server_knows_is_found_before_what_it_does_not() {
    let register = Register::new();
    put(&register, product(10, "X", "Mine"));
    let theirs = product(11, "X", "Theirs");
    let row = incoming(EntityKind::Product, id(11), 1, 1, &theirs);
    register.write(move |tx| feed::apply_rows(tx, &[row]));
    let found = register.read(|conn| products::find_by_code(conn, "X"));
    assert_eq!(found.map(|p| p.name).as_deref(), Some("Theirs"), "two registers gave one code");
}

#[test]
fn search_folds_accents_and_takes_words_in_any_order() {
    let register = Register::new();
    for (n, code, name) in [
        (10, "A1", "Café moulu 250 g"),
        (11, "A2", "Sucre de café"),
        (12, "BX-774", "Riz étuvé"),
        (13, "A4", "Mouchoirs"),
        (14, "A5", "Œufs frais"),
    ] {
        put(&register, product(n, code, name));
    }
    assert_eq!(
        search(&register, "cafe"),
        ["Café moulu 250 g", "Sucre de café"],
        "names that begin so go first"
    );
    assert_eq!(search(&register, "mou caf"), ["Café moulu 250 g"]);
    assert_eq!(search(&register, "ETUV"), ["Riz étuvé"]);
    assert_eq!(search(&register, "oeuf"), ["Œufs frais"], "keyboards have no ligatures");
    assert_eq!(search(&register, "œuf"), ["Œufs frais"]);
    assert_eq!(search(&register, "bx-77"), ["Riz étuvé"], "part of a code");
    assert_eq!(search(&register, "café\" OR \"riz"), [""; 0], "no character has a meaning of its own");
    assert_eq!(search(&register, "").len(), 5, "nothing typed shows the beginning of the catalogue");
}

#[test]
fn search_finds_what_is_inside_a_word_after_what_begins_with_it() {
    let register = Register::new();
    for (number, code, name) in [
        (1, "RX-4711-B", "Coca-Cola 33 cl"),
        (2, "B", "Multicolore"),
        (3, "C", "Colle forte"),
        (4, "D", "Émulsion"),
    ] {
        put(&register, product(number, code, name));
    }
    assert_eq!(
        search(&register, "col"),
        ["Colle forte", "Coca-Cola 33 cl", "Multicolore"],
        "the beginnings first"
    );
    assert_eq!(search(&register, "ÛLSI"), ["Émulsion"], "accents and capitals are folded inside as well");
    assert_eq!(search(&register, "lore mult"), ["Multicolore"], "each typed word, in any order");
    assert_eq!(search(&register, "lore colle"), [""; 0], "but every one of them");
    assert_eq!(search(&register, "ol"), [""; 0], "two letters are in half of all words");
    assert_eq!(search(&register, "711"), ["Coca-Cola 33 cl"], "the end of a number");
    assert_eq!(search(&register, "7_1"), [""; 0], "no character has a meaning of its own");
    register.write(|tx| products::remove(tx, id(2).into()).map(drop));
    assert_eq!(search(&register, "ticolo"), [""; 0], "what was deleted is not found by its words");
}

#[test]
fn search_finds_the_products_of_a_category_and_hides_what_is_archived() {
    let register = Register::new();
    let mut tea = product(10, "T", "Thé vert");
    tea.category_id = Some(id(30).into());
    let mut old = product(11, "O", "Thé noir");
    old.category_id = Some(id(30).into());
    old.archived = true;
    register.write(|tx| categories::put(tx, &category(30, "Boissons chaudes")));
    put(&register, tea);
    put(&register, old);
    assert_eq!(search(&register, "chaud"), ["Thé vert"]);
    assert_eq!(search(&register, "thé"), ["Thé vert"]);
    let all = register.read(|conn| products::list(conn, Some(id(30).into()), Archived::Shown, None, 10));
    assert_eq!(all.len(), 2);
    let named = register.read(|conn| categories::find_by_name(conn, "BOISSONS chaudes"));
    assert_eq!(named.map(|c| c.category_id), Some(id(30).into()));
}

#[test]
fn the_catalogue_is_listed_by_name_page_by_page() {
    let register = Register::new();
    for (n, name) in [(10, "Zèbre"), (11, "Éclair"), (12, "eau"), (13, "Eau"), (14, "abricot")] {
        put(&register, product(n, &format!("C{n}"), name));
    }
    let names = register.read(|conn| {
        let mut all: Vec<pos_domain::Product> = Vec::new();
        loop {
            let after = all.last().map(|p| p.product_id);
            let page = products::list(conn, None, Archived::Hidden, after, 2)?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    });
    let names: Vec<_> = names.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["abricot", "eau", "Eau", "Éclair", "Zèbre"]);
    assert_eq!(register.read(products::count), 5);
}

#[test]
fn favourites_are_those_that_exist_and_are_sold() {
    let register = Register::new();
    for n in [10, 11, 12] {
        let mut favourite = product(n, &format!("C{n}"), &format!("F{n}"));
        favourite.favourite = true;
        favourite.archived = n == 11;
        put(&register, favourite);
    }
    register.write(|tx| products::remove(tx, id(12).into()));
    let names: Vec<_> =
        register.read(|conn| products::list_favourites(conn, 9)).iter().map(|p| p.name.clone()).collect();
    assert_eq!(names, ["F10"]);
}

#[test]
fn customers_are_found_by_name_phone_and_code() {
    let register = Register::new();
    let mut mamadou = customer(500, "Mamadou Diallo");
    mamadou.phone = Some("622 11 22 33".to_owned());
    mamadou.code = Some("17850".to_owned());
    let aissatou = customer(501, "Aïssatou Bah");
    register.write(move |tx| {
        customers::put(tx, &mamadou)?;
        customers::put(tx, &aissatou)
    });
    for (text, name) in
        [("diallo", "Mamadou Diallo"), ("622 11", "Mamadou Diallo"), ("aissa", "Aïssatou Bah")]
    {
        let found = register.read(move |conn| customers::search(conn, text, 5));
        assert_eq!(found.first().map(|c| c.name.as_str()), Some(name), "{text}");
    }
    assert!(register.read(|conn| customers::find_by_code(conn, "17850")).is_some());
    assert_eq!(register.read(|conn| customers::list(conn, Some(id(501).into()), 5)).len(), 1);
    assert!(register.write(|tx| customers::remove(tx, id(500).into())));
    assert!(register.read(|conn| customers::search(conn, "diallo", 5)).is_empty());
}

#[test]
fn a_row_reads_back_as_it_was_written() {
    let register = Register::new();
    let mut full = product(10, "C", "Name");
    full.barcodes = vec!["b".to_owned(), "a".to_owned()];
    full.category_id = Some(id(30).into());
    full.cost = Some(crate::kit::money(7));
    full.picture = Some("p.png".to_owned());
    full.offline_policy = pos_domain::OfflinePolicy::Block;
    full.favourite = true;
    full.archived = true;
    let wanted = full.clone();
    put(&register, full);
    let found = crate::kit::shown_product(&register, 10).unwrap();
    assert_eq!((fields(&found.row), found.rev), (fields(&wanted), 0));
}
