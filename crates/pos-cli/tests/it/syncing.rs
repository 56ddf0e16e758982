//! Registers and their server.

use serde_json::{Value, json};

use crate::server::Server;
use crate::shell::Shell;

/// A business with a product of `stock` pieces at 10.00 and two registers that both know it.
fn two_registers(stock: u32) -> (Server, Shell, Shell) {
    let server = Server::start();
    let first = Shell::shop("EUR", "fr-FR");
    let list = format!("code,name,price,stock\nLAST,Last one,10.00,{stock}\n");
    first.done(&["product", "import", &first.file("list.csv", list)]);
    server.connect(&first);
    let second = server.join("Second");
    assert_eq!(second.shown("LAST"), stock.to_string(), "the catalogue and its stock came along");
    (server, first, second)
}

#[test]
fn a_shop_begun_alone_gives_everything_to_its_server() {
    let server = Server::start();
    let shell = Shell::demo();
    shell.sell("RIZ-5KGx3", "186000");
    server.connect(&shell);
    assert_eq!(server.stock("RIZ-5KG"), ("37".to_owned(), "0".to_owned()));
    let status = shell.done(&["status"]);
    assert_eq!((&status["state"], &status["pending"]), (&json!("synced"), &json!(0)));
    assert!(status["last_success"].as_str().unwrap().ends_with('Z'), "a time in UTC: {status}");
    let stock = shell.done(&["stock", "RIZ-5KG"]);
    assert_eq!(
        (&stock["server"], &stock["pending"], &stock["shown"]),
        (&json!("37"), &json!("0"), &json!("37"))
    );
    let error = shell.refused(3, &["connect", "--server", &server.url(), "--code", "AAAA-AAAA"]);
    assert_eq!(error["code"], "join.already_joined");
    shell.verify();
}

#[test]
fn a_code_joins_once_and_a_wrong_one_never() {
    let server = Server::start();
    let code = server.code();
    let join =
        |shell: &Shell| shell.run(&["init", "--join", &code, "--server", &server.url(), "--register", "R"]);
    assert_eq!(join(&Shell::empty()).code, 0);
    let second = Shell::empty();
    let said = join(&second);
    assert_eq!((said.code, &said.document()["error"]["code"]), (3, &json!("join.code_refused")));
    assert_eq!(second.refused(3, &["status"])["code"], "app.not_set_up", "a refused joining leaves no shop");
}

#[test]
fn a_sale_online_is_applied_at_once() {
    let (server, first, second) = two_registers(5);
    let sale = second.sell("LASTx2", "20.00");
    assert_eq!((&sale["sync"], &sale["state"]), (&json!("applied"), &json!("final")));
    assert_eq!(server.stock("LAST").0, "3");
    assert_eq!(first.shown("LAST"), "5", "the other register has not asked yet");
    let round = first.done(&["sync"]);
    assert!(round["pulled"].as_u64().unwrap() > 0, "{round}");
    assert_eq!(first.shown("LAST"), "3");
}

#[test]
fn online_the_last_unit_is_sold_once() {
    let (server, first, second) = two_registers(5);
    let sold = first.sell("LASTx5", "50.00");
    assert_eq!(sold["sync"], "applied");
    let error = second.refused(3, &["sell", "--line", "LASTx5", "--tender", "cash:50"]);
    assert_eq!(error["code"], "sale.insufficient_stock");
    assert_eq!(error["params"]["lines"][0]["code"], "LAST");
    assert_eq!(error["params"]["lines"][0]["asked"], "5");
    assert_eq!(error["params"]["lines"][0]["available"], "0");
    assert_eq!(second.done(&["sales"]), json!([]), "the sale was rolled back");
    assert_eq!(server.stock("LAST"), ("0".to_owned(), "0".to_owned()));
    second.done(&["product", "set", "LAST", "--price", "1.00"]);
    for shell in [&first, &second] {
        shell.verify();
    }
}

#[test]
fn two_registers_at_the_same_moment_sell_the_last_units_once() {
    const ROUNDS: usize = 8;
    let (server, first, second) = two_registers(0);
    for round in 0..ROUNDS {
        let code = format!("RACE{round}");
        let list = format!("code,name,price,stock\n{code},Race,1.00,5\n");
        first.done(&["product", "import", &first.file("race.csv", list)]);
        first.done(&["sync"]);
        second.done(&["sync"]);
        let line = format!("{code}x5");
        let sell = ["sell", "--line", &line, "--tender", "cash:5"];
        let said = std::thread::scope(|scope| {
            let other = scope.spawn(|| second.run(&sell));
            [first.run(&sell), other.join().unwrap()]
        });
        let accepted = said.iter().filter(|s| s.code == 0).count();
        assert_eq!(accepted, 1, "round {round}: exactly one is accepted: {said:?}");
        let refused = said.iter().find(|s| s.code == 3).unwrap().document();
        assert_eq!(refused["error"]["code"], "sale.insufficient_stock");
        assert_eq!(refused["error"]["params"]["lines"][0]["available"], "0");
        assert_eq!(server.stock(&code), ("0".to_owned(), "0".to_owned()), "round {round}");
    }
    let numbers = |shell: &Shell| -> usize { shell.done(&["sales"]).as_array().unwrap().len() };
    assert_eq!(numbers(&first) + numbers(&second), ROUNDS, "a rolled-back sale leaves no document");
    for shell in [&first, &second] {
        shell.verify();
    }
}

#[test]
fn without_its_server_a_register_sells_and_catches_up_later() {
    let (mut server, first, _second) = two_registers(5);
    server.kill();
    let sale = first.sell("LASTx2", "20.00");
    assert_eq!((&sale["state"], &sale["sync"]), (&json!("final"), &json!("queued")));
    let error = first.refused(4, &["sync"]);
    assert_eq!(error["code"], "sync.unreachable");
    assert_eq!(error["retryable"], true);
    let status = first.done(&["status"]);
    assert_eq!((&status["state"], &status["pending"]), (&json!("offline"), &json!(1)));
    let queue = first.done(&["queue"]);
    assert_eq!(queue[0]["kind"], "sale.complete");
    assert_eq!((&queue[0]["amount"], &queue[0]["subject"]), (&json!("20.00"), &sale["number"]));
    let stock = first.done(&["stock", "LAST"]);
    assert_eq!(
        (&stock["server"], &stock["pending"], &stock["shown"]),
        (&json!("5"), &json!("-2"), &json!("3"))
    );

    server.resume();
    let dry = first.done(&["sync", "--dry-run"]);
    assert_eq!((&dry["push"], &dry["push_by_kind"]["sale.complete"]), (&json!(1), &json!(1)));
    assert_eq!(first.done(&["status"])["pending"], 1, "a dry run sends nothing");
    let round = first.done(&["sync"]);
    assert_eq!((&round["pushed"], &round["refused"]), (&json!(1), &json!(0)));
    assert_eq!(server.stock("LAST").0, "3");
    assert_eq!(first.done(&["status"])["state"], "synced");
    assert_eq!(first.done(&["queue"]), json!([]));
    assert_eq!(first.done(&["sync"])["pushed"], 0, "nothing is sent twice");
    first.verify();
}

#[test]
fn goods_that_are_blocked_offline_are_refused_with_what_is_there() {
    let mut server = Server::start();
    let shell = Shell::demo();
    server.connect(&shell);
    server.kill();
    let error = shell.refused(3, &["sell", "--line", "TEL-64GOx4", "--tender", "cash:3800000"]);
    assert_eq!(error["code"], "sale.blocked_offline");
    let line = &error["params"]["lines"][0];
    assert_eq!(
        (&line["code"], &line["asked"], &line["available"]),
        (&json!("TEL-64GO"), &json!("4"), &json!("3"))
    );
    assert_eq!(shell.shown("TEL-64GO"), "3");
    let known = shell.sell("TEL-64GOx3", "2850000");
    assert_eq!(known["sync"], "queued", "what is known to be there is sold");
    let warned = shell.sell("LAMPE-SOLAIREx7", "840000");
    assert_eq!(warned["notices"][0]["kind"], "below_stock", "others are sold with a word to the cashier");
}

#[test]
fn goods_sold_twice_while_apart_are_a_conflict_that_a_person_decides() {
    let (mut server, first, second) = two_registers(1);
    server.kill();
    first.sell("LAST", "10.00");
    server.resume();
    assert_eq!(second.sell("LAST", "10.00")["sync"], "applied", "the server still had it");
    let round = first.done(&["sync"]);
    assert_eq!(round["conflicts"], 1, "{round}");
    assert_eq!(server.stock("LAST"), ("0".to_owned(), "1".to_owned()), "both sales stand");
    second.done(&["sync"]);
    for shell in [&first, &second] {
        let list = shell.done(&["conflicts"]);
        assert_eq!(list.as_array().unwrap().len(), 1, "both registers see it: {list}");
        assert_eq!((&list[0]["kind"], &list[0]["entity"]), (&json!("oversold"), &json!("sale")));
        assert_eq!(shell.done(&["status"])["conflicts_open"], 1);
        assert_eq!(shell.done(&["status"])["state"], "attention");
    }
    let conflict = first.done(&["conflicts"])[0].take();
    assert_eq!(conflict["shortages"][0]["missing"], "1");
    let id = conflict["id"].as_str().unwrap();
    let error = first.refused(3, &["conflict", "resolve", id, "--choice", "keep_mine"]);
    assert_eq!(error["code"], "conflict.choice_not_offered");
    assert_eq!(error["params"]["choices"], conflict["choices"]);

    first.done(&["conflict", "resolve", id, "--choice", "accept-count", "--note", "found it"]);
    first.done(&["sync"]);
    assert_eq!(server.stock("LAST"), ("0".to_owned(), "0".to_owned()), "the shortage is settled");
    second.done(&["sync"]);
    assert_eq!(second.done(&["conflicts"]), json!([]));
    let decided = second.done(&["conflicts", "--all"])[0].take();
    assert_eq!(decided["status"], "resolved");
    let told = |event: &Value| event["what"] == "resolved" && event["note"] == "found it";
    assert!(decided["events"].as_array().unwrap().iter().any(told), "{decided}");

    second.done(&["conflict", "reopen", id]);
    second.done(&["sync"]);
    assert_eq!(server.stock("LAST").1, "1", "the decision was taken back");
    for shell in [&first, &second] {
        shell.verify();
    }
}

#[test]
fn a_register_that_is_killed_while_selling_loses_and_doubles_nothing() {
    let (server, first, _second) = two_registers(100);
    let mut growth = 1;
    for _ in 0..6 {
        first.kill_after_growth(&["sell", "--line", "LAST", "--tender", "cash:10"], growth);
        growth += 9_000;
    }
    first.done(&["sync"]);
    let sold = first.done(&["sales"]).as_array().unwrap().len();
    assert_eq!(server.stock("LAST").0, (100 - sold).to_string(), "what is sold here is sold there");
    assert_eq!(first.done(&["status"])["state"], "synced");
    first.verify();
}

#[test]
fn a_product_made_on_two_registers_becomes_one_and_the_names_are_chosen() {
    let (server, first, second) = two_registers(1);
    for (shell, name, stock) in [(&first, "Tea", 3), (&second, "Green tea", 4)] {
        let list = format!("code,name,price,stock\nTEA,{name},2.00,{stock}\n");
        shell.done(&["product", "import", &shell.file("tea.csv", list)]);
        shell.sell("TEA", "2.00");
    }
    first.done(&["sync"]);
    second.done(&["sync"]);
    first.done(&["sync"]);
    assert_eq!(server.stock("TEA").0, "5", "both first counts less both sales: 3 + 4 - 2");
    let conflict = second.done(&["conflicts"])[0].take();
    assert_eq!((&conflict["kind"], &conflict["entity"]), (&json!("duplicate_identity"), &json!("product")));
    assert_eq!(conflict["fields"][0]["field"], "name");
    let (mine, theirs) = (&conflict["fields"][0]["mine"], &conflict["fields"][0]["theirs"]);
    assert_eq!((mine, theirs), (&json!("Green tea"), &json!("Tea")));

    let id = conflict["id"].as_str().unwrap();
    let unknown = ["conflict", "resolve", id, "--choice", "merge", "--mine", "colour"];
    assert_eq!(second.refused(2, &unknown)["code"], "usage");
    second.done(&["conflict", "resolve", id, "--choice", "merge", "--mine", "name"]);
    second.done(&["sync"]);
    first.done(&["sync"]);
    for shell in [&first, &second] {
        assert_eq!(shell.done(&["product", "show", "TEA"])["name"], "Green tea");
        assert_eq!(
            shell.done(&["product", "search", "tea"]).as_array().unwrap().len(),
            1,
            "it is one product"
        );
        assert_eq!(shell.shown("TEA"), "5");
        assert_eq!(shell.done(&["conflicts"]), json!([]));
        shell.verify();
    }
}

/// A PNG of four pixels.
const FOUR_PIXELS: [u8; 73] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00,
    0x00, 0x00, 0x10, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x38, 0x21, 0x27, 0x07, 0x44, 0x0c, 0x10,
    0x0a, 0x00, 0x1f, 0x26, 0x04, 0x11, 0xa2, 0x8f, 0x22, 0xaf, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

#[test]
fn a_picture_is_given_to_a_product_sent_fetched_and_taken_away() {
    let (_server, first, second) = two_registers(5);
    let product = first.done(&["product", "picture", "LAST", &first.file("last.png", FOUR_PIXELS)]);
    let picture = product["picture"].as_str().expect("a name").to_owned();
    assert_eq!(first.done(&["status"])["pictures"], json!({ "to_send": 1, "to_fetch": 0, "broken": 0 }));
    assert_eq!(first.done(&["sync"])["pictures"], 1);
    assert_eq!(second.done(&["sync"])["pictures"], 1);
    assert_eq!(second.done(&["product", "show", "LAST"])["picture"], json!(picture));
    let refused = first.refused(3, &["product", "picture", "LAST", &first.file("menu.pdf", "%PDF-1.7")]);
    assert_eq!(
        (&refused["code"], &refused["params"]["reason"]),
        (&json!("picture.refused"), &json!("not_a_picture"))
    );
    assert!(first.done(&["product", "picture", "LAST", "--remove"])["picture"].is_null());
    assert_eq!(first.run(&["product", "picture", "LAST"]).code, 2, "a file or --remove");
}
