//! What a person does about operations that the server refused for good.

use serde_json::{Value, json};

use crate::server::Server;
use crate::shell::Shell;

/// Two registers that gave the same barcodes to different products while apart: the second one's two edits were
/// refused for good. The server, the first register, the second one, and the refused operations of P2 and P3.
pub(crate) fn refused_edits() -> (Server, Shell, Shell, [String; 2]) {
    let mut server = Server::start();
    let first = Shell::shop("EUR", "fr-FR");
    let list = "code,name,price\nP1,One,1.00\nP2,Two,2.00\nP3,Three,3.00\nP4,Four,4.00\n";
    first.done(&["product", "import", &first.file("list.csv", list)]);
    server.connect(&first);
    let second = server.join("Second");
    server.kill();
    let mine = "code,barcode,name,price\nP1,4006381333931,One,1.00\nP4,4012345678901,Four,4.00\n";
    first.done(&["product", "import", &first.file("mine.csv", mine)]);
    let theirs = "code,barcode,name,price\nP2,4006381333931,Two,2.00\nP3,4012345678901,Three,3.00\n";
    second.done(&["product", "import", &second.file("theirs.csv", theirs)]);
    server.resume();
    first.done(&["sync"]);
    let round = second.done(&["sync"]);
    assert_eq!(round["refused"], 2, "{round}");
    let dead = second.done(&["queue", "dead"]);
    let op_of = |name: &str| {
        let found = dead.as_array().unwrap().iter().find(|d| d["operation"]["subject"] == name);
        found.unwrap_or_else(|| panic!("{name} is in {dead}"))["operation"]["op_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let refused = [op_of("Two"), op_of("Three")];
    (server, first, second, refused)
}

#[test]
fn a_refused_edit_is_corrected_and_another_one_given_up() {
    let (server, first, second, [of_two, of_three]) = refused_edits();
    let status = second.done(&["status"]);
    assert_eq!((&status["state"], &status["dead"]), (&json!("attention"), &json!(2)));
    assert_eq!(status["health"]["alerts"], json!(["alert.dead"]));
    let dead = second.done(&["queue", "dead"]);
    assert_eq!(dead[0]["operation"]["error_code"], "rejected.validation");
    assert_eq!((&dead[0]["entity"], &dead[0]["hold"]), (&json!("product"), &Value::Null));
    assert!(dead[0]["field"].as_str().unwrap().contains("barcodes"), "record and field are named: {dead}");
    assert_eq!(dead[0]["fields"]["barcodes"], json!(["4006381333931"]));

    let again = second.done(&["queue", "retry", &of_two]);
    assert_eq!(again["retried"], 1);
    assert_eq!(second.done(&["sync"])["refused"], 1, "nothing has changed, so it is refused again");

    let new =
        second.done(&["queue", "edit", &of_two, "--set", "barcodes=[\"96385074\"]", "--reason", "typo"]);
    assert_eq!((&new["state"], &new["subject"]), (&json!("pending"), &json!("Two")));
    let given_up = second.done(&["queue", "discard", &of_three, "--reason", "the other one is right"]);
    assert_eq!(given_up["freed"], 0);
    let round = second.done(&["sync"]);
    assert_eq!((&round["pushed"], &round["refused"]), (&json!(1), &json!(0)), "{round}");
    assert_eq!(second.done(&["status"])["state"], "synced");
    first.done(&["sync"]);
    for shell in [&first, &second] {
        assert_eq!(shell.done(&["product", "show", "P2"])["barcodes"], json!(["96385074"]));
        assert_eq!(shell.done(&["product", "show", "P3"])["barcodes"], json!([]), "it was taken back");
        shell.verify();
    }
    server.verify();
    let told = second.done(&["audit"]);
    let said =
        |what: &str| told.as_array().unwrap().iter().find(|e| e["what"] == what).unwrap()["params"].clone();
    assert_eq!(said("sync.discarded")["reason"], "the other one is right");
    assert_eq!(said("sync.replaced")["successor"], new["op_id"]);
}

#[test]
fn nothing_is_given_up_without_a_reason_and_a_sale_never() {
    let (_server, _first, second, [of_two, _]) = refused_edits();
    assert_eq!(second.refused(2, &["queue", "discard", &of_two])["code"], "usage");
    let error = second.refused(3, &["queue", "discard", &of_two, "--reason", "  "]);
    assert_eq!((&error["code"], &error["params"]["field"]), (&json!("input.invalid"), &json!("reason")));
    second.sell("P1", "1.00");
    let sale = second.done(&["queue", "--all"]);
    let sale =
        sale.as_array().unwrap().iter().find(|o| o["kind"] == "sale.complete").unwrap()["op_id"].clone();
    let error = second.refused(3, &["queue", "discard", sale.as_str().unwrap(), "--reason", "no"]);
    assert_eq!(
        (&error["code"], &error["params"]["reason"]),
        (&json!("sync.not_discardable"), &json!("not_dead"))
    );
    let unknown = "01970000-0000-7000-8000-000000000000";
    let error = second.refused(3, &["queue", "edit", unknown, "--set", "name=X"]);
    assert_eq!(error["code"], "sync.operation_not_found");
    assert_eq!(second.done(&["queue", "retry", "--all"])["retried"], 2);
}

#[test]
fn only_what_was_refused_is_tried_again() {
    let shell = Shell::demo();
    shell.sell("RIZ-5KG", "62000");
    let waiting = shell.done(&["queue"])[0]["op_id"].as_str().unwrap().to_owned();
    let error = shell.refused(3, &["queue", "retry", &waiting]);
    assert_eq!(
        (&error["code"], &error["params"]["reason"]),
        (&json!("sync.not_retryable"), &json!("not_dead"))
    );
    let unknown = "01970000-0000-7000-8000-000000000000";
    assert_eq!(shell.refused(3, &["queue", "retry", unknown])["code"], "sync.operation_not_found");
}

#[test]
fn the_queue_is_written_to_a_file_with_bodies_and_reasons() {
    let (_server, _first, second, refused) = refused_edits();
    let lines = second.done(&["queue", "export", "--scope", "dead", "--out", "-"]);
    assert_eq!((&lines["operations"], &lines["file"]), (&json!(2), &Value::Null));
    let lines: Vec<Value> = lines["text"]
        .as_str()
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a JSON object"))
        .collect();
    assert_eq!(lines[0]["op_id"], refused[0].as_str());
    assert_eq!(lines[0]["error_code"], "rejected.validation");
    assert_eq!(
        lines[0]["body"]["changes"]["barcodes"],
        json!(["4006381333931"]),
        "with the body as it was sent"
    );

    let file = second.file("queue.csv", "");
    let written = second.done(&["queue", "export", "--format", "csv", "--scope", "all", "--out", &file]);
    assert_eq!(written["file"], file.as_str());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("op_id,epoch,seq,kind,"), "{text}");
    assert!(text.contains(&refused[1]));
    let said = second.run(&["queue", "export"]).document();
    let file = said["file"].as_str().unwrap();
    assert!(std::path::Path::new(file).is_file(), "without a name it goes beside the register: {said}");
}
