//! A long outage: a queue of a hundred thousand sales drains while customers come, who must not notice.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use pos_testkit::server::Server;
use tokio::time::{MissedTickBehavior, interval};

use super::Sizes;
use super::catalogue::{Catalogue, code};
use super::drain::{fill, pending};
use super::memory::Watch;
use super::report::{Report, Times, announce};
use super::till::Till;

/// A customer comes so often.
const CUSTOMER_EVERY: Duration = Duration::from_millis(100);
/// Customers between two looks at the queue, whose counting would itself be noticed.
const CUSTOMERS_PER_LOOK: u32 = 4;
/// Customers while nothing else happens.
const IDLE_CUSTOMERS: u32 = 200;

/// Sales of one after the other, [`CUSTOMER_EVERY`].
struct Counter<'a> {
    till: &'a Till,
    catalogue: &'a Catalogue,
    times: Times,
    sales: u32,
    /// Sales that the server did not answer in time.
    unanswered: u32,
}

impl<'a> Counter<'a> {
    fn open(till: &'a Till, catalogue: &'a Catalogue) -> Result<Self> {
        Ok(Self { till, catalogue, times: Times::new()?, sales: 0, unanswered: 0 })
    }

    async fn serve(&mut self) -> Result<()> {
        let codes = self.catalogue.products_of(self.sales).map(code);
        let (became, took) = self.till.sell_anyhow(codes).await?;
        self.times.record(took)?;
        self.sales += 1;
        self.unanswered += u32::from(became != "applied");
        Ok(())
    }
}

/// Measures a checkout at rest, fills the queue without the server, and measures both while it drains. How many sales
/// were made.
pub(super) async fn measure(
    data: &Path,
    server: &mut Server,
    sizes: Sizes,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<u32> {
    let till = Till::open(data).await?;
    announce("a customer every 100 ms, and nothing else");
    let mut idle = Counter::open(&till, catalogue)?;
    let mut customers = customers();
    for _ in 0..IDLE_CUSTOMERS {
        customers.tick().await;
        idle.serve().await?;
    }
    let mut documents = idle.sales;
    report.row("sale of 3 lines every 100 ms, nothing else").times(idle.times);
    fill(&till, server, sizes.backlog, catalogue, report).await?;
    till.close().await?;
    documents += sizes.backlog;

    server.start_again()?;
    announce("a customer every 100 ms, while the backlog drains");
    let (register, central) = (Watch::own(), Watch::child("comptoir-server"));
    let till = Till::open(data).await?;
    let began = Instant::now();
    let mut busy = Counter::open(&till, catalogue)?;
    let mut customers = self::customers();
    while pending(&till).await? > 0 {
        for _ in 0..CUSTOMERS_PER_LOOK {
            customers.tick().await;
            busy.serve().await?;
        }
    }
    let drained = began.elapsed();
    let (register, central) = (register.end(), central.end());
    documents += busy.sales;
    if busy.unanswered > 0 {
        report.note(format!(
            "{} of {} sales during the backlog were not answered in time and joined it",
            busy.unanswered, busy.sales
        ));
    }
    report.row("the same, while a backlog drains").times(busy.times);
    let row = report.row("backlog drained beside these sales");
    row.work(sizes.backlog, drained).register(&register).server(&central);
    report.course("register during the backlog", &register);
    report.course("server during the backlog", &central);
    till.close().await?;
    Ok(documents)
}

fn customers() -> tokio::time::Interval {
    let mut customers = interval(CUSTOMER_EVERY);
    customers.set_missed_tick_behavior(MissedTickBehavior::Delay);
    customers
}
