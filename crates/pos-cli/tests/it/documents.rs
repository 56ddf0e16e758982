//! The shape of every document: as it was (snapshots), and as docs/CLI.md shows it.

use std::collections::BTreeMap;
use std::path::Path;

use pos_app::view::PrinterSetting;
use serde_json::{Map, Value};

use crate::floor;
use crate::printing::set_printer;
use crate::queueing::refused_edits;
use crate::server::Server;
use crate::shell::{Shell, bare, finish};

/// One real document of each kind, from a day in the life of two registers.
fn documents() -> BTreeMap<&'static str, Value> {
    let mut documents = BTreeMap::new();
    documents.insert("usage", Shell::empty().run(&["sell"]).document());
    let cart = &examples()["cart"];
    documents.insert("quote", finish(bare(&["quote", "--json"]), &cart.to_string()).document());

    let mut server = Server::start();
    let shell = Shell::shop("EUR", "fr-FR");
    let list = "code,barcode,name,price,cost,tax_rate,stock\n\
                TEA,,Green tea,1.99,1.10,20,1\nJAM,4006381333932,Jam,3.50,,5.5,9\nBAD,,Bad,cheap,,,\n";
    documents.insert("import", shell.done(&["product", "import", &shell.file("list.csv", list)]));
    documents.insert("product", shell.done(&["product", "show", "TEA"]));
    documents
        .insert("connect", shell.done(&["connect", "--server", &server.url(), "--code", &server.code()]));
    let other = server.join("Second");
    server.kill();
    let sale = shell.sell("TEA", "2.00");
    documents.insert("stock", shell.done(&["stock", "TEA"]));
    documents.insert("queue", shell.done(&["queue"]));
    server.resume();
    other.sell("TEA", "2.00");
    documents.insert("sync-dry-run", shell.done(&["sync", "--dry-run"]));
    documents.insert("sync", shell.done(&["sync"]));
    documents.insert("sync-compare", shell.done(&["sync", "--compare"]));
    documents.insert("status", shell.done(&["status"]));
    documents.insert("conflicts", shell.done(&["conflicts"]));
    documents.insert("refusal", shell.run(&["sell", "--line", "TEAx2", "--tender", "cash:5"]).document());
    documents.insert("receipt", shell.done(&["receipt", sale["number"].as_str().unwrap()]));
    documents.insert("sell", sale);
    documents.insert("sales", shell.done(&["sales"]));
    documents.insert("audit", shell.done(&["audit", "--limit", "1"]));
    documents.insert("verify", shell.done(&["verify"]));
    set_printer(&shell, PrinterSetting::File { path: shell.path().join("paper.bin").display().to_string() });
    shell.sell("JAM", "3.50");
    documents.insert("print-list", shell.done(&["print", "list"]));
    documents.insert("label", shell.done(&["label", "TEAx24", "--pdf", &shell.file("labels.pdf", "")]));

    let (_server, _first, second, [of_two, of_three]) = refused_edits();
    documents.insert("queue-dead", second.done(&["queue", "dead", "--limit", "1"]));
    documents.insert("queue-retry", second.done(&["queue", "retry", "--all"]));
    second.done(&["sync"]);
    let edit = ["queue", "edit", &of_two, "--set", "barcodes=[\"96385074\"]", "--reason", "typo"];
    documents.insert("queue-edit", second.done(&edit));
    let discard = ["queue", "discard", &of_three, "--reason", "the other one is right"];
    documents.insert("queue-discard", second.done(&discard));
    documents.insert("queue-export", second.done(&["queue", "export"]));

    let shop = Shell::shop("EUR", "fr-FR");
    shop.done(&["product", "import", &shop.file("list.csv", list)]);
    let made = shop.done(&["customer", "create", "Binta Diallo", "--phone", "622000001", "--limit", "50"]);
    documents.insert("customer", made);
    let on_account = ["sell", "--line", "JAM", "--customer", "binta", "--tender", "account:3.50"];
    shop.done(&on_account);
    documents.insert("customer-list", shop.done(&["customer", "list"]));
    documents.insert("debt-list", shop.done(&["debt", "list"]));
    documents.insert("debt-pay", shop.done(&["debt", "pay", "Binta Diallo", "1.50", "--tender", "cash:2"]));
    documents.insert("debt-statement", shop.done(&["debt", "statement", "622000001"]));
    shop.done(&["debt", "pay", "binta", "2"]);
    documents.insert("customer-delete", shop.done(&["customer", "delete", "binta"]));

    let past = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
                1,A,APPLE,2,2010-12-01 08:26:00,1.50,17850.0,UK\n2,A,APPLE,1,2010-12-01 08:30:00,cheap,,UK\n";
    let london = Shell::shop("GBP", "en-GB");
    documents.insert("replay", london.done(&["replay", &london.file("past.csv", past)]));
    let made = london.done(&["backup", "now"]);
    let name = made["name"].as_str().unwrap().to_owned();
    documents.insert("backup-now", made);
    documents.insert("backup-list", london.done(&["backup", "list"]));
    documents.insert("backup-restore", london.done(&["backup", "restore", &name]));
    documents.insert("recovery", london.done(&["recovery"]));
    documents.extend(floor::documents());
    documents
}

/// A document without its values: names in their order, and what kind of value each has.
fn shape(document: &Value) -> Value {
    match document {
        Value::Null => Value::Null,
        Value::Bool(_) => "flag".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => items.first().map(shape).into_iter().collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect::<Map<_, _>>().into()
        }
    }
}

/// The examples of docs/CLI.md: the blocks that open with "```json NAME".
fn examples() -> BTreeMap<String, Value> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CLI.md");
    let text = std::fs::read_to_string(page).unwrap();
    let blocks = text.split("```json ").skip(1).filter_map(|block| block.split_once("```"));
    let example = |block: &str| -> (String, Value) {
        let (name, json) = block.split_once('\n').unwrap();
        let json =
            serde_json::from_str(json).unwrap_or_else(|e| panic!("the example {name} is no JSON: {e}"));
        (name.trim().to_owned(), json)
    };
    blocks.map(|(block, _)| example(block)).collect()
}

#[test]
fn every_document_has_the_shape_that_was_published() {
    let documents = documents();
    let shapes: BTreeMap<&str, Value> = documents.iter().map(|(name, d)| (*name, shape(d))).collect();
    insta::assert_json_snapshot!("shapes", shapes);
    let examples = examples();
    for (name, shape_of_it) in shapes {
        let example = examples.get(name).unwrap_or_else(|| panic!("docs/CLI.md has no example of {name}"));
        assert_eq!(shape(example), shape_of_it, "docs/CLI.md shows {name} as it is");
    }
    for name in ["usage", "quote", "import", "stock", "refusal", "replay", "sync"] {
        assert_eq!(examples[name], documents[name], "docs/CLI.md shows {name} to the letter");
    }
}
