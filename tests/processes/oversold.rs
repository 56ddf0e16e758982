//! The last unit, sold online at one register and offline at the other.

use anyhow::{Context, Result};
use pos_testkit::proxy::Proxy;
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use serde_json::{Value, json};

use crate::books;

/// What a person may decide.
const CHOICE: &str = "accept_count";
/// And why.
const NOTE: &str = "it was in the cellar";

#[test]
fn the_last_unit_sold_twice_while_apart_is_a_shortage_that_people_see_and_decide() -> Result<()> {
    let server = Server::start()?;
    let mut way = Proxy::lay(server.address())?;
    let online = Register::shop("EUR", "fr-FR")?;
    let list = online.file("shelf.csv", "code,name,price,stock\nLAST,Last one,10.00,1\n")?;
    online.tell(&["product", "import", &list])?;
    online.connect(&server, &server.url())?;
    let offline = Register::join_by(&server, &way.url(), "Apart")?;

    way.pull()?;
    let sell = ["sell", "--line", "LAST", "--tender", "cash:10.00"];
    assert_eq!(online.tell(&sell)?["sync"], "applied", "the server still had it");
    let fact = offline.tell(&sell)?;
    assert_eq!((&fact["state"], &fact["sync"]), (&json!("final"), &json!("queued")), "a fact at the counter");
    assert_eq!(books::balance(&server, "LAST")?, books::nothing(), "the server knows of one sale yet");

    way.plug()?;
    let round = offline.tell(&["sync"])?;
    assert_eq!((&round["pushed"], &round["refused"], &round["conflicts"]), (&json!(1), &json!(0), &json!(1)));
    online.tell(&["sync"])?;
    assert_eq!(
        books::balance(&server, "LAST")?,
        books::pieces(0, 1),
        "both sales stand, one unit is missing"
    );
    let agreed = books::agree(&server, &[&online, &offline])?;
    assert_eq!((agreed.by_register, agreed.documents.len()), (vec![1, 1], 2), "no sale was taken back");
    for register in [&online, &offline] {
        assert_eq!(register.tell(&["status"])?["state"], "attention", "a person is called");
        assert_eq!(register.tell(&["stock", "LAST"])?["shown"], "0", "nothing to sell at either register");
    }

    let conflict = seen_by_both(&online, &offline)?;
    assert_eq!(conflict["shortages"][0]["missing"], "1");
    let id = books::text(&conflict, "id");
    online.tell(&["conflict", "resolve", id, "--choice", CHOICE, "--note", NOTE])?;
    online.tell(&["sync"])?;
    assert_eq!(books::balance(&server, "LAST")?, books::nothing(), "the count is right again");
    offline.tell(&["sync"])?;
    for register in [&online, &offline] {
        assert_eq!(register.tell(&["conflicts"])?, json!([]), "nobody has to decide any more");
        assert_eq!(register.tell(&["status"])?["state"], "synced");
        let story = story_of(register, id)?;
        assert_eq!(story, ["opened", "resolved"], "each register tells what happened, in its order");
    }
    assert_eq!(decided(&online, id)?["events"], decided(&offline, id)?["events"], "and both tell the same");
    let said = &decided(&offline, id)?["events"][1];
    assert_eq!((&said["choice"], &said["note"]), (&json!(CHOICE), &json!(NOTE)), "who decided what, and why");
    books::agree(&server, &[&online, &offline])?;
    Ok(())
}

/// The one conflict, which both registers show.
fn seen_by_both(first: &Register, second: &Register) -> Result<Value> {
    let [mine, theirs] = [first.tell(&["conflicts"])?, second.tell(&["conflicts"])?];
    for list in [&mine, &theirs] {
        assert_eq!(list.as_array().map(Vec::len), Some(1), "one shortage is one conflict: {list}");
        assert_eq!((&list[0]["kind"], &list[0]["entity"]), (&json!("oversold"), &json!("sale")));
    }
    assert_eq!(mine[0]["id"], theirs[0]["id"], "it is the same one");
    Ok(mine[0].clone())
}

fn decided(register: &Register, id: &str) -> Result<Value> {
    let all = register.tell(&["conflicts", "--all"])?;
    let found = all.as_array().into_iter().flatten().find(|conflict| conflict["id"] == id);
    found.cloned().with_context(|| format!("the decided conflict is kept: {all}"))
}

fn story_of(register: &Register, id: &str) -> Result<Vec<String>> {
    let conflict = decided(register, id)?;
    let events = conflict["events"].as_array().context("events")?;
    Ok(events.iter().map(|event| books::text(event, "what").to_owned()).collect())
}
