//! The server goes away, the shop sells on, the server comes back: what the counter notices, and how fast the queue
//! leaves.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pos_testkit::server::Server;
use serde_json::{Value, json};

use super::catalogue::{Catalogue, code};
use super::memory::Watch;
use super::report::{Report, Times, announce};
use super::till::Till;

/// How often the queue is looked at while it drains.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Stops the server, and sells on.
pub(super) async fn fill(
    till: &Till,
    server: &mut Server,
    sales: u32,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<()> {
    announce(&format!("selling {sales} times while the server is away"));
    server.stop()?;
    let register = Watch::own();
    let mut times = Times::new()?;
    for sale in 0..sales {
        let codes = catalogue.products_of(sale).map(code);
        times.record(till.sell(codes, "queued").await?)?;
    }
    report.row("sale of 3 lines, the server gone").times(times).register(&register.end());
    Ok(())
}

/// Starts the server again and runs one round, as `comptoir sync` does. Nothing else runs beside it.
pub(super) async fn measure(
    data: &Path,
    server: &mut Server,
    queued: u32,
    report: &mut Report,
) -> Result<()> {
    let till = Till::open_quiet(data).await?;
    server.start_again()?;
    all_at_once(&till, queued, "drain of queued sales", report).await?;
    till.close().await
}

/// One round of a register that nothing else happens on; how long until its queue was empty.
pub(super) async fn all_at_once(
    till: &Till,
    queued: u32,
    what: &str,
    report: &mut Report,
) -> Result<Duration> {
    announce("draining the queue");
    let waiting = pending(till).await?;
    ensure!(waiting == u64::from(queued), "{waiting} wait, not {queued}");
    let (register, central) = (Watch::own(), Watch::child("comptoir-server"));
    let began = Instant::now();
    let round = async {
        let done = till.call("sync.now", json!({})).await?;
        anyhow::Ok((done, began.elapsed()))
    };
    let emptied = async {
        while pending(till).await? > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        anyhow::Ok(began.elapsed())
    };
    let ((round, all), drained) = tokio::try_join!(round, emptied)?;
    let (register, central) = (register.end(), central.end());
    ensure!(round["refused"] == 0 && round["conflicts"] == 0, "the server took every sale: {round}");
    let row = report.row(format!("{what}, until the queue is empty"));
    row.work(queued, drained).register(&register).server(&central);
    report.row("the same, until the stock is read back").work(queued, all);
    report.course(&format!("register during the {what}"), &register);
    report.course(&format!("server during the {what}"), &central);
    Ok(drained)
}

/// Fails unless the server has exactly the documents of all sales.
pub(super) fn check(server: &Server, documents: u32) -> Result<()> {
    let totals = server.ask(&["totals"])?;
    let counts = totals["documents"].as_array().into_iter().flatten().filter_map(|sum| sum["count"].as_u64());
    let counted: u64 = counts.sum();
    ensure!(counted == u64::from(documents), "{documents} sales were made: {totals}");
    Ok(())
}

/// How many operations the server does not have yet.
pub(super) async fn pending(till: &Till) -> Result<u64> {
    let status = till.call("sync.status", json!({})).await?;
    let count = |name: &str| status.get(name).and_then(Value::as_u64).with_context(|| format!("{status}"));
    Ok(count("pending")? + count("in_flight")?)
}
