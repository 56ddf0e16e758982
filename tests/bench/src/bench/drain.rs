//! The server goes away, the shop sells on, the server comes back: what the counter notices, and how fast the queue
//! leaves.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pos_testkit::server::Server;
use serde_json::{Value, json};

use super::Sizes;
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
    sizes: Sizes,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<()> {
    announce(&format!("selling {} times while the server is away", sizes.queued));
    server.stop()?;
    let register = Watch::own();
    let mut times = Times::new()?;
    for sale in 0..sizes.queued {
        let codes = catalogue.products_of(sizes.sales + sale).map(code);
        times.record(till.sell(codes, "queued").await?)?;
    }
    report.row("sale of 3 lines, the server gone").times(times).register(&register.end());
    Ok(())
}

/// Starts the server again and runs one round, as `comptoir sync` does. Nothing else runs beside it.
pub(super) async fn measure(
    data: &Path,
    server: &mut Server,
    sizes: Sizes,
    report: &mut Report,
) -> Result<()> {
    announce("draining the queue");
    let till = Till::open_quiet(data).await?;
    server.start_again()?;
    let waiting = pending(&till).await?;
    ensure!(waiting == u64::from(sizes.queued), "{waiting} wait, not {}", sizes.queued);
    let (register, central) = (Watch::own(), Watch::child("comptoir-server"));
    let began = Instant::now();
    let round = async {
        let done = till.call("sync.now", json!({})).await?;
        anyhow::Ok((done, began.elapsed()))
    };
    let emptied = async {
        while pending(&till).await? > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        anyhow::Ok(began.elapsed())
    };
    let ((round, all), drained) = tokio::try_join!(round, emptied)?;
    let (register, central) = (register.end(), central.end());
    ensure!(round["refused"] == 0 && round["conflicts"] == 0, "the server took every sale: {round}");
    let row = report.row("drain of queued sales, until the queue is empty");
    row.work(sizes.queued, drained).register(&register).server(&central);
    report.row("the same, until the stock is read back").work(sizes.queued, all);
    report.course("register during the drain", &register);
    report.course("server during the drain", &central);
    till.close().await
}

/// Fails unless the server has exactly the documents of all sales.
pub(super) fn check(server: &Server, documents: u32) -> Result<()> {
    let totals = server.ask(&["totals"])?;
    let counts = totals["documents"].as_array().into_iter().flatten().filter_map(|sum| sum["count"].as_u64());
    let counted: u64 = counts.sum();
    ensure!(counted == u64::from(documents), "{documents} sales were made: {totals}");
    Ok(())
}

async fn pending(till: &Till) -> Result<u64> {
    let status = till.call("sync.status", json!({})).await?;
    let count = |name: &str| status.get(name).and_then(Value::as_u64).with_context(|| format!("{status}"));
    Ok(count("pending")? + count("in_flight")?)
}
