//! Command lines that are wrong, and the promises about standard output.

use std::process::Stdio;

use serde_json::json;

use crate::shell::{Shell, bare, finish};

#[test]
fn wrong_usage_ends_with_2_and_is_a_document_too() {
    let shell = Shell::empty();
    for wrong in [
        &["dance"][..],
        &[],
        &["sell"],
        &["sell", "--line", "RIZ", "--tender", "cheque:5"],
        &["sell", "--line", "RIZ", "--tender", "cash:five"],
        &["init"],
        &["init", "--demo", "--new-shop", "X", "--currency", "GNF", "--locale", "fr-GN"],
        &["init", "--new-shop", "X"],
        &["product", "set", "RIZ"],
        &["product", "set", "RIZ", "--price", "cheap"],
        &["receipt", "R1-1", "--pdf", "a", "--escpos", "b"],
        &["conflict", "resolve", "not-an-id", "--choice", "keep_mine"],
        &["audit", "--limit", "0"],
    ] {
        let error = shell.refused(2, wrong);
        assert_eq!(error["code"], "usage", "{wrong:?}");
        assert!(!error["params"]["message"].as_str().unwrap().is_empty(), "{wrong:?} is told what is wrong");
    }
    assert!(!shell.path().exists(), "wrong usage touches nothing");
}

#[test]
fn a_register_must_be_named() {
    let said = finish(bare(&["status", "--json"]), "");
    assert_eq!(said.code, 2);
    let message = said.document()["error"]["params"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("--data") && message.contains("COMPTOIR_DATA"), "{message}");
}

#[test]
fn the_folder_may_be_named_by_the_environment() {
    let shell = Shell::demo();
    let mut command = bare(&["status", "--json"]);
    command.env("COMPTOIR_DATA", shell.path());
    assert_eq!(finish(command, "").code, 0);
}

#[test]
fn looking_at_a_folder_without_a_shop_is_refused_and_makes_nothing() {
    let shell = Shell::empty();
    for look in [&["status"][..], &["queue"], &["verify"], &["stock", "RIZ"], &["product", "search", "riz"]] {
        assert_eq!(shell.refused(3, look)["code"], "app.not_set_up", "{look:?}");
    }
    assert!(!shell.path().exists(), "looking writes nothing");
}

#[test]
fn working_in_a_folder_without_a_shop_is_refused() {
    let shell = Shell::empty();
    let file = shell.file("list.csv", "code,name,price\nA,Apple,1\n");
    for work in [
        &["sell", "--line", "RIZ", "--tender", "cash:1"][..],
        &["product", "import", &file],
        &["sync"],
        &["replay", &file],
    ] {
        assert_eq!(shell.refused(3, work)["code"], "app.not_set_up", "{work:?}");
    }
}

#[test]
fn nothing_but_the_document_reaches_standard_output() {
    let shell = Shell::demo();
    let mut command = shell.command(&["sell", "--line", "RIZ-5KG", "--tender", "cash:62000"]);
    command.env("RUST_LOG", "trace");
    let said = finish(command, "");
    assert_eq!(said.document()["state"], "final", "logs go to standard error");
}

#[test]
fn a_reader_that_has_read_enough_is_no_fault() {
    let shell = Shell::demo();
    let mut command = shell.command(&["product", "search", ""]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "as in `comptoir product search '' | head -1`: {err}");
    assert_eq!(err, "", "and nobody is told of it");
}

#[test]
fn without_json_people_get_sentences() {
    let shell = Shell::demo();
    let mut command = bare(&["status", "--data"]);
    command.arg(shell.path());
    let said = finish(command, "");
    assert!(said.out.contains("wait for the server"), "{}", said.out);
    assert!(serde_json::from_str::<serde_json::Value>(&said.out).is_err(), "sentences are no document");
}

#[test]
fn a_shop_begins_once() {
    let shell = Shell::demo();
    for again in [
        &["init", "--demo"][..],
        &["init", "--new-shop", "X", "--currency", "EUR", "--locale", "fr-FR"],
        &["init", "--join", "ABCD-EFGH", "--server", "http://127.0.0.1:9", "--register", "R"],
    ] {
        assert_eq!(shell.refused(3, again)["code"], "app.already_set_up", "{again:?}");
    }
}

#[test]
fn a_new_shop_tells_what_it_is() {
    let shell = Shell::empty();
    let document = shell.done(&[
        "init",
        "--new-shop",
        "Épicerie",
        "--currency",
        "GNF",
        "--locale",
        "fr-GN",
        "--cashier",
        "Awa",
    ]);
    assert_eq!(document["shop"], "Épicerie");
    assert_eq!(document["currency"], "GNF");
    assert_eq!(document["series"], "R1");
    assert_eq!(document["joined"], false);
    assert_eq!(document["demo"], false);
    assert_eq!(shell.products(), 0, "a new shop has no goods");
}

#[test]
fn a_wrong_value_names_its_field_and_leaves_no_shop() {
    let shell = Shell::empty();
    let wrong = ["init", "--new-shop", "X", "--currency", "QQQ", "--locale", "fr-GN"];
    let error = shell.refused(3, &wrong);
    assert_eq!(error["code"], "input.invalid");
    assert_eq!(error["params"]["field"], "currency");
    shell.done(&["init", "--new-shop", "X", "--currency", "EUR", "--locale", "fr-FR"]);
}

#[test]
fn a_file_that_is_not_there_is_the_environments_fault() {
    let shell = Shell::demo();
    let missing = shell.path().join("nothing.csv");
    let error = shell.refused(4, &["product", "import", missing.to_str().unwrap()]);
    assert_eq!(error["code"], "file.failed");
    assert_eq!(error["params"]["path"], json!(missing));
}

#[test]
fn what_does_not_exist_is_refused_by_name() {
    let shell = Shell::demo();
    let product = shell.refused(3, &["product", "show", "NOTHING"]);
    assert_eq!(
        (&product["code"], &product["params"]["code"]),
        (&json!("product.not_found"), &json!("NOTHING"))
    );
    assert_eq!(shell.refused(3, &["stock", "NOTHING"])["code"], "product.not_found");
    let receipt = shell.refused(3, &["receipt", "R1-99"]);
    assert_eq!((&receipt["code"], &receipt["params"]["number"]), (&json!("sale.not_found"), &json!("R1-99")));
    let id = "01900000-0000-7000-8000-000000000000";
    assert_eq!(
        shell.refused(3, &["conflict", "resolve", id, "--choice", "keep_mine"])["code"],
        "conflict.not_found"
    );
}
