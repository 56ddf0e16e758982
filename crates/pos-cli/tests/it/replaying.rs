//! Past invoices through the checkout.

use std::fmt::Write;

use serde_json::json;

use crate::shell::Shell;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

#[test]
fn every_invoice_becomes_a_sale_a_return_or_an_adjustment() {
    let shell = Shell::shop("GBP", "en-GB");
    let rows = "1,A,APPLE,2,2010-12-01 08:26:00,1.50,17850.0,UK\n\
                1,G,GIFT,1,2010-12-01 08:26:00,0.0,17850.0,UK\n\
                C2,A,APPLE,-1,2010-12-01 09:00:00,1.50,17850.0,UK\n\
                3,B,,-5,2010-12-01 10:00:00,0.0,,UK\n\
                4,C,CHERRY,1,2010-12-01 11:00:00,0.75,,UK\n\
                5,D,DATE,1,2010-12-01 11:00:00,cheap,,UK\n";
    let file = shell.file("past.csv", format!("{HEADER}{rows}"));
    let report = shell.done(&["replay", &file]);
    assert_eq!(report["invoices"], 5);
    assert_eq!(
        (&report["sales"], &report["returns"], &report["adjustments"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(report["total"], "2.25", "3.00 - 1.50 + 0.75");
    let refused = report["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["invoice"], "5");
    assert!(!refused[0]["code"].as_str().unwrap().is_empty(), "with its reason");
    let sales = shell.done(&["sales"]);
    let kept = sales.as_array().unwrap().iter().find(|s| s["total"] == "3.00").unwrap();
    assert_eq!(kept["document_date"], "2010-12-01T08:26:00", "the document's own date is kept");
    assert_eq!(shell.done(&["stock", "A"])["tracked"], false, "goods from a file are not counted");
    shell.verify();
}

#[test]
fn a_file_replayed_twice_doubles_nothing() {
    let shell = Shell::shop("GBP", "en-GB");
    let file = shell.file("past.csv", invoices(20));
    let first = shell.done(&["replay", &file]);
    assert_eq!(shell.done(&["replay", &file]), first, "the same report");
    assert_eq!(shell.done(&["sales"]).as_array().unwrap().len(), 20);
}

#[test]
fn a_replay_killed_again_and_again_resumes_and_doubles_nothing() {
    const INVOICES: usize = 400;
    let shell = Shell::shop("GBP", "en-GB");
    let file = shell.file("past.csv", invoices(INVOICES));
    let mut killed = 0;
    for growth in [1, 100_000, 300_000, 200_000, 400_000] {
        killed += u32::from(shell.kill_after_growth(&["replay", &file], growth));
        shell.verify();
    }
    assert!(killed >= 2, "the test really killed replays: {killed}");
    let report = shell.done(&["replay", &file]);
    assert_eq!(report["sales"], INVOICES, "all of them, by this run or an earlier one");
    assert_eq!(report["total"], format!("{}.00", INVOICES * 3), "each invoice is 2 x 1.50");
    assert_eq!(shell.done(&["sales"]).as_array().unwrap().len(), INVOICES);
    shell.verify();
}

#[test]
fn beside_a_program_at_work_one_may_look_and_not_work() {
    let shell = Shell::shop("GBP", "en-GB");
    let file = shell.file("past.csv", invoices(2_000));
    let at_work = shell.begin(&["replay", &file], 100_000).unwrap();
    for look in
        [&["status"][..], &["queue", "--limit", "5"], &["sales", "--limit", "5"], &["product", "show", "A"]]
    {
        shell.done(look);
    }
    let error = shell.refused(4, &["sell", "--line", "A", "--tender", "cash:5"]);
    assert_eq!((&error["code"], &error["retryable"]), (&json!("app.data_in_use"), &json!(true)));
    assert!(at_work.kill(), "it was at work all the time");
    shell.sell("A", "1.50");
    shell.verify();
}

#[test]
fn a_file_of_something_else_is_refused_whole() {
    let shell = Shell::shop("GBP", "en-GB");
    let error = shell.refused(3, &["replay", &shell.file("list.csv", "code,name,price\nA,Apple,1\n")]);
    assert_eq!(error["code"], "import.missing_column");
    assert_eq!(shell.done(&["sales"]), json!([]));
}

/// Invoices of one line, 3.00 each.
fn invoices(count: usize) -> String {
    let mut text = String::from(HEADER);
    for i in 0..count {
        writeln!(text, "{},A,APPLE,2,2010-12-01 08:26:00,1.50,{}.0,UK", 10_000 + i, 100 + i % 9).unwrap();
    }
    text
}
