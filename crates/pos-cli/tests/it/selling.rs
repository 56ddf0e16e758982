//! Selling in a shop without a server.

use serde_json::json;

use crate::shell::Shell;

#[test]
fn a_sale_is_final_numbered_and_told_in_decimals() {
    let shell = Shell::demo();
    let first = shell.done(&["sell", "--line", "HUILE-1Lx2", "--line", "SEL-500G", "--tender", "cash:60000"]);
    assert_eq!(first["state"], "final");
    assert_eq!(first["sync"], "queued", "nobody but this machine knows it yet");
    assert_eq!(
        (&first["total"], &first["payable"], &first["tendered"], &first["change"], &first["currency"]),
        (&json!("51000"), &json!("51000"), &json!("60000"), &json!("9000"), &json!("GNF"))
    );
    let second = shell.sell("2000010000111", "3000");
    assert_ne!(first["number"], second["number"], "each sale has its own number");
    assert_eq!(shell.shown("HUILE-1L"), "34");
    assert_eq!(shell.shown("SEL-500G"), "38", "a barcode sells the same product");
    shell.verify();
}

#[test]
fn stock_tells_server_pending_and_shown() {
    let shell = Shell::demo();
    shell.sell("RIZ-5KGx3", "186000");
    let stock = shell.done(&["stock", "RIZ-5KG"]);
    let number = |name: &str| stock[name].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(stock["code"], "RIZ-5KG");
    assert_eq!(number("shown"), 37);
    assert_eq!(number("server") + number("pending"), number("shown"), "what is shown is the sum");
}

#[test]
fn goods_that_are_not_counted_have_no_stock() {
    let shell = Shell::shop("EUR", "fr-FR");
    let file = shell.file("list.csv", "code,name,price\nS,Service,10\n");
    shell.done(&["product", "import", &file]);
    let stock = shell.done(&["stock", "S"]);
    assert_eq!(stock["tracked"], false);
    for name in ["server", "pending", "shown"] {
        assert_eq!(stock[name], json!(null), "{name}");
    }
}

#[test]
fn codes_with_x_and_at_inside_are_found_first() {
    let shell = Shell::shop("EUR", "fr-FR");
    let list = "code,name,price\nBOX,Box,1.00\nBOXx2,Double box,1.50\nme@5,Mail,2.00\n";
    shell.done(&["product", "import", &shell.file("list.csv", list)]);
    for (line, total) in [
        ("BOX", "1.00"),
        ("BOXx2", "1.50"),
        ("BOXx3", "3.00"),
        ("BOXx2x2", "3.00"),
        ("BOXx2@4", "4.00"),
        ("BOXx3@0.50", "1.50"),
        ("me@5", "2.00"),
        ("me@5x2", "4.00"),
        ("me@5@1", "1.00"),
    ] {
        assert_eq!(shell.sell(line, "20")["total"], total, "{line}");
    }
    let error = shell.refused(3, &["sell", "--line", "NOx2@3", "--tender", "cash:6"]);
    assert_eq!((&error["code"], &error["params"]["code"]), (&json!("product.not_found"), &json!("NO")));
}

#[test]
fn several_tenders_pay_one_sale() {
    let shell = Shell::demo();
    let mobile = ["sell", "--line", "RIZ-5KG", "--tender", "mobile:50000:OM-17", "--tender", "cash:15000"];
    let sale = shell.done(&mobile);
    assert_eq!((&sale["tendered"], &sale["change"]), (&json!("65000"), &json!("3000")));
}

#[test]
fn tenders_that_do_not_settle_are_refused_with_the_difference() {
    let shell = Shell::demo();
    let sell = |tender: &str| shell.refused(3, &["sell", "--line", "RIZ-5KG", "--tender", tender]);
    let missing = sell("cash:60000");
    assert_eq!((&missing["code"], &missing["params"]["missing"]), (&json!("sale.underpaid"), &json!("2000")));
    let excess = sell("card:63000:T-1");
    assert_eq!((&excess["code"], &excess["params"]["excess"]), (&json!("sale.overpaid"), &json!("1000")));
    assert_eq!(sell("mobile:62000")["code"], "sale.tender_invalid", "mobile money has a reference");
    let card = sell("card:62000:4111111111111111");
    assert_eq!(card["params"]["problem"], "card_number", "no card number is ever kept");
    let unpaid = shell.refused(3, &["sell", "--line", "RIZ-5KG"]);
    assert_eq!(unpaid["code"], "sale.underpaid");
    assert_eq!(shell.done(&["sales"]), json!([]), "nothing of it was sold");
    assert_eq!(shell.shown("RIZ-5KG"), "40");
}

#[test]
fn the_same_request_sells_once() {
    let shell = Shell::demo();
    let id = "01900000-0000-7000-8000-000000000001";
    let sell = ["sell", "--line", "RIZ-5KG", "--tender", "cash:62000", "--request-id", id];
    let (first, again) = (shell.done(&sell), shell.done(&sell));
    assert_eq!((&first["sale_id"], &first["number"]), (&again["sale_id"], &again["number"]));
    assert_eq!(shell.shown("RIZ-5KG"), "39");
}

#[test]
fn a_receipt_is_text_a_pdf_or_bytes_for_the_printer() {
    let shell = Shell::demo();
    let number = shell.sell("RIZ-5KG", "62000")["number"].as_str().unwrap().to_owned();
    let text = shell.done(&["receipt", &number])["text"].to_string();
    assert!(text.contains(&number) && text.contains("Riz local"), "{text}");
    for (option, begin) in [("--pdf", &b"%PDF-"[..]), ("--escpos", b"\x1b@")] {
        let file = shell.file("receipt", "");
        let document = shell.done(&["receipt", &number, option, &file]);
        assert_eq!(document["file"], json!(file));
        assert!(std::fs::read(&file).unwrap().starts_with(begin), "{option}");
    }
}

#[test]
fn a_price_changes_and_the_receipts_before_do_not() {
    let shell = Shell::demo();
    let number = shell.sell("RIZ-5KG", "62000")["number"].as_str().unwrap().to_owned();
    let before = shell.done(&["receipt", &number])["text"].clone();
    let product = shell.done(&["product", "set", "RIZ-5KG", "--price", "65000", "--name", "Riz 5 kg"]);
    assert_eq!((&product["price"], &product["name"]), (&json!("65000"), &json!("Riz 5 kg")));
    assert_eq!(shell.done(&["product", "show", "RIZ-5KG"])["price"], "65000");
    assert_eq!(shell.sell("RIZ-5KG", "65000")["total"], "65000");
    assert_eq!(shell.done(&["receipt", &number])["text"], before);
    let error = shell.refused(3, &["product", "set", "RIZ-5KG", "--price", "1.5"]);
    assert_eq!((&error["code"], &error["params"]["field"]), (&json!("input.invalid"), &json!("price")));
}

#[test]
fn every_sale_is_listed_and_every_list_can_be_cut() {
    let shell = Shell::demo();
    for _ in 0..3 {
        shell.sell("SEL-500G", "3000");
    }
    assert_eq!(shell.done(&["sales"]).as_array().unwrap().len(), 3);
    assert_eq!(shell.done(&["sales", "--limit", "2"]).as_array().unwrap().len(), 2);
    assert_eq!(shell.done(&["product", "search", "riz", "--limit", "1"]).as_array().unwrap().len(), 1);
    let queue = shell.done(&["queue"]);
    let sales = queue.as_array().unwrap().iter().filter(|e| e["kind"] == "sale.complete");
    assert_eq!(sales.count(), 3, "what is sold waits for a server");
}
