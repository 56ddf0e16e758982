//! The shop floor from the shell: goods and sales that come back, the drawer, things that bear a number, people.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::shell::Shell;

/// A shop whose first sale is of three pots of jam.
fn shop() -> (Shell, String) {
    let shell = Shell::shop("EUR", "fr-FR");
    let list = "code,name,price,tax_rate,stock\nJAM,Jam,3.50,5.5,9\nPHONE,Phone,99.00,20,2\n";
    shell.done(&["product", "import", &shell.file("list.csv", list)]);
    let number = shell.sell("JAMx3", "10.50")["number"].as_str().unwrap().to_owned();
    (shell, number)
}

/// One real document of each command.
pub(crate) fn documents() -> BTreeMap<&'static str, Value> {
    let (shell, sale) = shop();
    let mut documents = BTreeMap::new();
    documents.insert("shift", shell.done(&["shift", "open", "50"]));
    let refund = ["refund", &sale, "--line", "JAM", "--reason", "not-wanted", "--note", "dented"];
    documents.insert("refund", shell.done(&refund));
    let mistaken = shell.sell("JAM", "5")["number"].as_str().unwrap().to_owned();
    documents.insert("void", shell.done(&["void", &mistaken, "--reason", "wrong-item"]));
    documents.insert("cash", shell.done(&["cash", "out", "4.20", "--note", "to the bank"]));
    documents.insert("report-x", shell.done(&["report", "x"]));
    shell.done(&["shift", "close", "42.30"]);
    documents.insert("report-z", shell.done(&["report", "z"]));
    let received = ["imei", "49-015420-323751-8", "--note", "received", "--code", "PHONE", "--remark", "new"];
    documents.insert("imei", shell.done(&received));
    documents.insert("people", shell.done(&["people", "add", "Awa", "--role", "manager"]));
    documents
}

#[test]
fn each_refusal_is_a_document_with_its_code_and_what_is_needed_to_mend_it() {
    let (shell, sale) = shop();
    let mut refusals = BTreeMap::new();
    let mut refuse = |name: &'static str, arguments: &[&str]| {
        let mut error = shell.refused(3, arguments);
        // Whose yes is needed for what is asked: another id each time.
        if let Some(subject) = error["params"].get_mut("subject") {
            *subject = "an id".into();
        }
        refusals.insert(name, error);
    };
    refuse("refund", &["refund", &sale, "--line", "JAMx4", "--reason", "defective"]);
    shell.done(&["refund", &sale, "--line", "JAM", "--reason", "price"]);
    refuse("void", &["void", &sale, "--reason", "wrong-item"]);
    shell.done(&["customer", "create", "Binta Diallo", "--phone", "622000001", "--limit", "5"]);
    shell.done(&["customer", "create", "Binta Camara"]);
    refuse("customer", &["customer", "show", "binta"]);
    refuse("customer that nobody knows", &["customer", "show", "Nobody"]);
    refuse("debt", &["debt", "pay", "622000001", "2"]);
    shell.done(&["shift", "open", "50"]);
    refuse("shift open", &["shift", "open", "50"]);
    shell.done(&["shift", "close", "57"]);
    refuse("shift close", &["shift", "close", "0"]);
    refuse("cash", &["cash", "out", "0"]);
    refuse("expense of no category", &["cash", "expense", "Gold", "1"]);
    refuse("report z", &["report", "z", "7"]);
    let received = ["imei", "SN-1", "--note", "received", "--code", "PHONE"];
    shell.done(&received);
    refuse("imei", &received);
    refuse("imei that is none", &["imei", "", "--note", "received", "--code", "PHONE"]);
    refuse("people", &["people", "remove", "Nobody"]);
    refuse("people of one name", &["people", "add", "Propriétaire"]);
    shell.done(&["people", "add", "Awa"]);
    let credit =
        ["--as", "Awa", "sell", "--line", "JAMx2", "--customer", "622000001", "--tender", "account:7.00"];
    refuse("credit beyond the limit", &credit);
    insta::assert_json_snapshot!("refusals", refusals);
    shell.verify();
}

#[test]
fn words_of_the_shop_floor_that_are_no_command_are_wrong_usage() {
    let shell = Shell::empty();
    for wrong in [
        &["refund"][..],
        &["refund", "R1-000001", "--reason", "other"],
        &["refund", "R1-000001", "--all", "--reason", "because"],
        &["refund", "R1-000001", "--all", "--line", "JAM", "--reason", "other"],
        &["void", "R1-000001"],
        &["customer"],
        &["customer", "create"],
        &["debt", "pay", "Binta"],
        &["debt", "pay", "Binta", "much"],
        &["shift"],
        &["shift", "open"],
        &["shift", "close", "10", "--request-id", "twice"],
        &["cash", "sideways", "5"],
        &["cash", "expense", "Taxi"],
        &["report", "y"],
        &["report", "z", "first"],
        &["imei"],
        &["imei", "SN-1", "--remark", "new"],
        &["people", "add", "Awa", "--role", "king"],
        &["people", "set-role", "Awa"],
    ] {
        let error = shell.refused(2, wrong);
        assert_eq!(error["code"], "usage", "{wrong:?}");
    }
    assert!(!shell.path().exists(), "wrong usage touches nothing");
}

#[test]
fn the_same_press_of_a_button_does_it_once() {
    let (shell, sale) = shop();
    let id = "01900000-0000-7000-8000-00000000000";
    let press = |n: u8| format!("{id}{n}");
    let refund = ["refund", &sale, "--line", "JAM", "--reason", "price", "--request-id", &press(1)];
    assert_eq!(shell.done(&refund)["number"], shell.done(&refund)["number"]);
    shell.done(&["shift", "open", "50", "--request-id", &press(2)]);
    shell.done(&["shift", "open", "50", "--request-id", &press(2)]);
    for _ in 0..2 {
        let state = shell.done(&["cash", "in", "5", "--request-id", &press(3)]);
        assert_eq!(state["expected"], "62.00", "10.50 for jam, 3.50 back, a float of 50 and 5 put in, once");
    }
    let close = ["shift", "close", "62", "--request-id", &press(4)];
    assert_eq!(shell.done(&close)["number"], shell.done(&close)["number"]);
    assert_eq!(shell.refused(3, &["report", "z", "2"])["code"], "report.not_found", "closed once");
    shell.verify();
}
