//! The same work over a slow way: a register far from its server, whose requests all take 150 ms longer.

use std::time::Duration;

use anyhow::Result;
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::server::Server;

use super::Sizes;
use super::catalogue::{Catalogue, code};
use super::drain::all_at_once;
use super::first_sync::join;
use super::memory::Watch;
use super::report::{Report, Times, announce};
use super::till::Till;

/// One round trip to a server on another continent.
const ROUND_TRIP: Duration = Duration::from_millis(150);

/// Loads a new register through a slow way, sells without it, and drains through it. How many sales were made.
pub(super) async fn measure(
    server: &Server,
    sizes: Sizes,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<u32> {
    announce("joining from far away");
    let mut way = Proxy::lay(server.address())?;
    way.always(Some(Fault::Delay(ROUND_TRIP)));
    let folder = tempfile::tempdir()?;
    let till = Till::open(folder.path()).await?;
    let register = Watch::own();
    let took = join(&till, server, &way.url(), "Caisse 3", catalogue).await?;
    let row = report.row("first sync, products with stock, 150 ms away");
    row.work(catalogue.len(), took).register(&register.end());

    announce(&format!("selling {} times without the way", sizes.far));
    way.pull()?;
    let mut times = Times::new()?;
    for sale in 0..sizes.far {
        times.record(till.sell(catalogue.products_of(sale).map(code), "queued").await?)?;
    }
    till.close().await?;
    way.plug()?;
    let till = Till::open_quiet(folder.path()).await?;
    all_at_once(&till, sizes.far, "drain of queued sales, 150 ms away", report).await?;
    till.close().await?;
    Ok(sizes.far)
}
