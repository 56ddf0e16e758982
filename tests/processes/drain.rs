//! A server that goes away and comes back: nobody at the counter waits, and the queue leaves by itself.

use std::time::Duration;

use anyhow::{Context, Result};
use pos_app::{App, AppOptions, Clock, OpenAccess};
use pos_testkit::chance::seeded;
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rand::RngExt;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::books;

/// How soon the queue is gone after the server listens again: what the shop is promised.
const PROMISE: Duration = Duration::from_secs(5);
/// How often the server goes and comes.
const OUTAGES: usize = 5;
/// Sales during each.
const SALES: usize = 20;
/// A server that has come back is killed again within so long: in the middle of the drain, or before or after it.
const RELAPSE: Duration = Duration::from_millis(2_500);
/// Where the moment of that comes from.
const SEED: u64 = 0xD2A1;
/// How long a register that runs may need for what is not promised, such as noticing an outage. Only a hang reaches it.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn a_register_that_knows_that_it_is_offline_asks_nobody() -> Result<()> {
    let server = Server::start()?;
    let mut way = Proxy::lay(server.address())?;
    let register = shop(&server, &way.url())?;
    way.pull()?;
    let sell = ["sell", "--line", "TEA", "--tender", "cash:1.00"];
    assert_eq!(register.tell(&sell)?["sync"], "queued", "a refused connection is known at once");

    // Whoever asks now waits until its deadline: the way is there again and swallows everything.
    way.plug()?;
    way.always(Some(Fault::Silence));
    let before = way.requests();
    for _ in 0..SALES {
        assert_eq!(register.tell(&sell)?["sync"], "queued");
    }
    assert_eq!(way.requests(), before, "not one checkout waited for an answer: none asked");
    let status = register.tell(&["status"])?;
    assert_eq!((&status["state"], &status["pending"]), (&json!("offline"), &json!(SALES + 1)));

    way.behave();
    let round = register.tell(&["sync"])?;
    assert_eq!((&round["pushed"], &round["refused"]), (&json!(SALES + 1), &json!(0)));
    assert_eq!(register.tell(&sell)?["sync"], "applied", "after a good round the server is asked again");
    books::agree(&server, &[&register])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_drains_by_itself_within_five_seconds_of_the_servers_return() -> Result<()> {
    let mut server = Server::start()?;
    let register = shop(&server, &server.url())?;
    let app = App::open(AppOptions {
        dir: register.data().to_owned(),
        access: OpenAccess::Write,
        background_sync: true,
        clock: Clock::system(),
    })
    .await?;
    wait_for(&app, "synced").await.context("at the beginning")?;
    let mut chance = seeded(SEED);
    for outage in 0..OUTAGES {
        server.kill()?;
        for _ in 0..SALES {
            assert_eq!(sell(&app).await?["sync"], "queued", "outage {outage}: the customer gets a receipt");
        }
        timeout(HANG, wait_for(&app, "offline")).await.context("the indicator says so")??;
        server.start_again()?;
        // Not to wait for something: this is the moment of the fault.
        tokio::time::sleep(chance.random_range(Duration::ZERO..RELAPSE)).await;
        server.kill()?;
        server.start_again()?;
        let drained = timeout(PROMISE, wait_for(&app, "synced")).await;
        drained.with_context(|| format!("outage {outage}: the queue is gone within {PROMISE:?}"))??;
        assert_eq!(sell(&app).await?["sync"], "applied", "outage {outage}: the server is asked again");
    }
    wait_for(&app, "synced").await?;
    app.close().await?;
    let agreed = books::agree(&server, &[&register])?;
    assert_eq!(agreed.documents.len(), OUTAGES * (SALES + 1), "every sale once");
    println!(
        "{OUTAGES} outages, {SALES} sales during each, {} kills: drained within {PROMISE:?} every time",
        2 * OUTAGES
    );
    Ok(())
}

/// A shop with plenty of tea, given to the server at `url`.
fn shop(server: &Server, url: &str) -> Result<Register> {
    let register = Register::shop("EUR", "fr-FR")?;
    let list = register.file("shelf.csv", "code,name,price,stock\nTEA,Tea,1.00,100000\n")?;
    register.tell(&["product", "import", &list])?;
    register.connect(server, url)?;
    Ok(register)
}

async fn sell(app: &App) -> Result<Value> {
    let request_id: uuid::Uuid = app.new_id();
    let request = json!({
        "request_id": request_id,
        "lines": [{ "code": "TEA", "qty": null, "unit_price": null }],
        "tenders": [{ "kind": "cash", "amount": "1.00", "reference": null }],
    });
    call(app, "sale.sell", request).await
}

/// Waits until the indicator says `state`, told by the register's own news.
async fn wait_for(app: &App, state: &str) -> Result<()> {
    let mut news = app.subscribe();
    while call(app, "sync.status", json!({})).await?["state"] != state {
        // Whoever missed some news looks as well.
        let _topics = news.recv().await;
    }
    Ok(())
}

async fn call(app: &App, name: &str, request: Value) -> Result<Value> {
    let outcome = pos_api::dispatch(app, name, request).await;
    outcome.map(|o| o.value).map_err(|e| anyhow::anyhow!("{name}: {} {}", e.code.as_str(), e.params))
}
