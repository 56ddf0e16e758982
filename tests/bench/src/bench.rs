//! The order of the measurements, and how much of everything.

mod backlog;
mod catalogue;
mod checkout;
mod disk;
mod distance;
mod drain;
mod first_sync;
mod lookup;
mod machine;
mod memory;
mod report;
mod till;
#[cfg(target_os = "linux")]
mod window;

use std::path::Path;

use anyhow::{Context, Result};
use pos_testkit::server::Server;
use tempfile::TempDir;

use catalogue::Catalogue;
use report::Report;
use till::Till;

use crate::Part;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    products: u32,
    sales: u32,
    queued: u32,
    backlog: u32,
    far: u32,
    lookups: u32,
    windows: u32,
}

impl Sizes {
    /// What the README quotes.
    pub(crate) const FULL: Self = Self {
        products: 100_000,
        sales: 2_000,
        queued: 10_000,
        backlog: 100_000,
        far: 10_000,
        lookups: 2_000,
        windows: 5,
    };
    /// A tenth.
    pub(crate) const QUICK: Self = Self {
        products: 10_000,
        sales: 200,
        queued: 1_000,
        backlog: 10_000,
        far: 1_000,
        lookups: 200,
        windows: 2,
    };
}

/// What is reported, and what is only done because something later needs it.
struct Choice<'a> {
    only: &'a [Part],
    report: Report,
    unasked: Report,
}

impl Choice<'_> {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn report(&mut self, part: Part) -> &mut Report {
        if self.wants(part) { &mut self.report } else { &mut self.unasked }
    }
}

/// Measures everything, or what is asked for alone.
pub(crate) fn run(sizes: Sizes, only: &[Part]) -> Result<Report> {
    let beside = std::env::current_exe()?.with_file_name("bench-data");
    std::fs::create_dir_all(&beside).with_context(|| beside.display().to_string())?;
    tempfile::env::override_temp_dir(&beside).map_err(|other| anyhow::anyhow!("data go to {other:?}"))?;
    let mut report = Report::new(machine::describe(&beside)?);
    disk::measure(&beside, sizes, &mut report)?;
    let catalogue = Catalogue::new(sizes.products);
    let mut choice = Choice { only, report, unasked: Report::new(Vec::new()) };
    tokio::runtime::Runtime::new()?.block_on(live(sizes, &catalogue, &mut choice))?;
    Ok(choice.report)
}

/// The life of a shop, from its first import to a window in the evening.
async fn live(sizes: Sizes, catalogue: &Catalogue, choice: &mut Choice<'_>) -> Result<()> {
    let office = first_sync::import(catalogue, choice.report(Part::Load))?;
    if choice.wants(Part::Counter) {
        let alone = copy_of(office.data())?;
        let till = Till::open(alone.path()).await?;
        checkout::measure(&till, "without a server", sizes, catalogue, &mut choice.report).await?;
        till.close().await?;
    }
    let mut server = Server::start()?;
    first_sync::upload(&office, &server, catalogue, choice.report(Part::Load))?;
    drop(office);
    let folder = tempfile::tempdir()?;
    let report = choice.report(Part::Load);
    let till = first_sync::measure(folder.path(), &server, catalogue, report).await?;
    if choice.wants(Part::Lookup) {
        lookup::measure(&till, sizes, catalogue, &mut choice.report).await?;
    }
    let mut documents = 0;
    if choice.wants(Part::Counter) {
        checkout::measure(&till, "online, on loopback", sizes, catalogue, &mut choice.report).await?;
        documents += sizes.sales;
    }
    if choice.wants(Part::Drain) {
        drain::fill(&till, &mut server, sizes.queued, catalogue, &mut choice.report).await?;
        till.close().await?;
        drain::measure(folder.path(), &mut server, sizes.queued, &mut choice.report).await?;
        documents += sizes.queued;
    } else {
        till.close().await?;
    }
    if choice.wants(Part::Backlog) {
        let report = &mut choice.report;
        documents += backlog::measure(folder.path(), &mut server, sizes, catalogue, report).await?;
    }
    if choice.wants(Part::Distance) {
        documents += distance::measure(&server, sizes, catalogue, &mut choice.report).await?;
    }
    drain::check(&server, documents)?;
    if choice.wants(Part::Window) {
        #[cfg(target_os = "linux")]
        window::measure(folder.path(), sizes, &mut choice.report).await;
        #[cfg(not(target_os = "linux"))]
        choice.report.note("the window was not measured: it is driven through WebKitGTK, on Linux");
    }
    Ok(())
}

/// A copy of a closed data folder.
fn copy_of(data: &Path) -> Result<TempDir> {
    let copy = tempfile::tempdir()?;
    copy_folder(data, copy.path()).with_context(|| format!("copying {}", data.display()))?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (entry, target) = entry.map(|e| (e.path(), to.join(e.file_name())))?;
        if entry.is_dir() {
            copy_folder(&entry, &target)?;
        } else {
            std::fs::copy(&entry, &target).map(drop)?;
        }
    }
    Ok(())
}
