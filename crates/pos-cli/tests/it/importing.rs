//! Importing product lists: good ones, bad ones, and ones that are killed.

use std::fmt::Write;

use serde_json::json;

use crate::shell::Shell;

/// A clean list of `count` products.
pub(crate) fn list(count: usize) -> String {
    let mut text = String::from("code,name,price,cost,tax_rate,stock\n");
    for i in 0..count {
        writeln!(text, "P{i:05},Product {i},{}.50,1,20,{}", i % 90 + 1, i % 7).unwrap();
    }
    text
}

#[test]
fn a_clean_list_is_loaded_whole() {
    let shell = Shell::shop("EUR", "fr-FR");
    let file = shell.file("list.csv", list(1_200));
    let report = shell.done(&["product", "import", &file]);
    assert_eq!((&report["loaded"], &report["created"]), (&json!(1_200), &json!(1_200)));
    assert_eq!(report["rejected"], json!([]));
    assert_eq!(shell.products(), 1_200);
    assert_eq!(shell.shown("P00005"), "5");
    let again = shell.done(&["product", "import", &file]);
    assert_eq!((&again["loaded"], &again["unchanged"]), (&json!(1_200), &json!(1_200)), "nothing doubles");
    assert_eq!(shell.products(), 1_200);
    shell.verify();
}

#[test]
fn every_bad_row_is_named_and_the_others_are_loaded() {
    let shell = Shell::shop("EUR", "fr-FR");
    let rows = "code,barcode,name,price,stock\n\
                A,,Apple,1.50,3\n\
                B,,,2.00,1\n\
                C,,Cherry,cheap,1\n\
                D,,Date,-1,1\n\
                E,,Elder,1.234,1\n\
                F,,Fig,1.00,many\n\
                ,,Nameless code,1.00,1\n\
                H,4006381333932,Honey &amp; lemon,2.00,1\n";
    let report = shell.done(&["product", "import", &shell.file("list.csv", rows)]);
    let faults: Vec<(u64, &str)> = report["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["field"].as_str().unwrap()))
        .collect();
    assert_eq!(
        faults,
        [(3, "name"), (4, "price"), (5, "price"), (6, "price"), (7, "stock"), (8, "code")],
        "the header is line 1"
    );
    let coded = |fault: &serde_json::Value| fault["code"].as_str().is_some_and(|code| !code.is_empty());
    assert!(report["rejected"].as_array().unwrap().iter().all(coded), "each has its reason");
    assert_eq!(report["loaded"], 2);
    assert_eq!(
        report["warnings"].as_array().unwrap().len(),
        2,
        "a wrong check digit and an entity are remarks"
    );
    assert_eq!(shell.done(&["product", "show", "H"])["name"], "Honey & lemon");
    assert_eq!(shell.sell("A", "1.50")["total"], "1.50", "and it sells");
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing() {
    let shell = Shell::shop("EUR", "fr-FR");
    let file = shell.file("list.csv", "code,name,price\nA,Apple,1\nB,,1\n");
    let mut dry = shell.done(&["product", "import", &file, "--dry-run"]);
    assert_eq!(dry["dry_run"].take(), true);
    assert_eq!(shell.products(), 0);
    let mut real = shell.done(&["product", "import", &file]);
    assert_eq!(real["dry_run"].take(), false);
    assert_eq!(dry, real);
}

#[test]
fn columns_are_found_by_name_or_named() {
    let shell = Shell::shop("EUR", "fr-FR");
    let file = shell.file("list.csv", "Réf;Désignation;PV boutique\nA;Pomme;1.20\n");
    let error = shell.refused(3, &["product", "import", &file]);
    assert_eq!(error["code"], "import.missing_column");
    let named = ["product", "import", &file, "--column", "price=PV boutique", "--column", "code=Réf"];
    assert_eq!(shell.done(&named)["loaded"], 1);
    assert_eq!(shell.done(&["product", "show", "A"])["price"], "1.20");
    let unknown = shell.refused(2, &["product", "import", &file, "--column", "colour=Réf"]);
    assert_eq!(unknown["code"], "usage");
}

#[test]
fn a_list_of_a_spreadsheet_keeps_its_accents() {
    let shell = Shell::shop("EUR", "fr-FR");
    shell.done(&["product", "import", &shell.file("list.csv", b"code;nom;prix\nA;Caf\xe9;1\n")]);
    assert_eq!(shell.done(&["product", "show", "A"])["name"], "Café");
}

#[test]
fn an_import_killed_at_any_point_is_whole_or_absent_and_never_doubled() {
    const ROWS: usize = 3_000;
    let shell = Shell::shop("EUR", "fr-FR");
    let file = shell.file("list.csv", list(ROWS));
    let mut killed = 0;
    for growth in [1, 20_000, 200_000, 500_000, 1_000_000, 1_500_000] {
        killed += u32::from(shell.kill_after_growth(&["product", "import", &file], growth));
        let there = shell.products();
        assert!(
            there == 0 || there == ROWS,
            "after a kill at {growth} bytes {there} of {ROWS} products are there"
        );
        shell.verify();
    }
    assert!(killed >= 2, "the test really killed imports: {killed}");
    assert_eq!(shell.done(&["product", "import", &file])["loaded"], ROWS);
    assert_eq!(shell.products(), ROWS);
    assert_eq!(shell.shown("P00006"), "6", "no first count came twice");
    shell.verify();
}
