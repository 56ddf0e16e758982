//! The order of the measurements, and how much of everything.

mod catalogue;
mod checkout;
mod disk;
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

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    products: u32,
    sales: u32,
    queued: u32,
    lookups: u32,
    windows: u32,
}

impl Sizes {
    /// What the README quotes.
    pub(crate) const FULL: Self =
        Self { products: 100_000, sales: 2_000, queued: 10_000, lookups: 2_000, windows: 5 };
    /// A tenth.
    pub(crate) const QUICK: Self =
        Self { products: 10_000, sales: 200, queued: 1_000, lookups: 200, windows: 2 };
}

/// Measures everything.
pub(crate) fn run(sizes: Sizes) -> Result<Report> {
    let beside = std::env::current_exe()?.with_file_name("bench-data");
    std::fs::create_dir_all(&beside).with_context(|| beside.display().to_string())?;
    tempfile::env::override_temp_dir(&beside).map_err(|other| anyhow::anyhow!("data go to {other:?}"))?;
    let mut report = Report::new(machine::describe(&beside)?);
    disk::measure(&beside, sizes, &mut report)?;
    let catalogue = Catalogue::new(sizes.products);
    tokio::runtime::Runtime::new()?.block_on(live(sizes, &catalogue, &mut report))?;
    Ok(report)
}

/// The life of a shop, from its first import to a window in the evening.
async fn live(sizes: Sizes, catalogue: &Catalogue, report: &mut Report) -> Result<()> {
    let office = first_sync::import(catalogue, report)?;
    {
        let alone = copy_of(office.data())?;
        let till = Till::open(alone.path()).await?;
        checkout::measure(&till, "without a server", sizes, catalogue, report).await?;
        till.close().await?;
    }
    let mut server = Server::start()?;
    first_sync::upload(&office, &server, catalogue, report)?;
    drop(office);
    let folder = tempfile::tempdir()?;
    let till = first_sync::measure(folder.path(), &server, catalogue, report).await?;
    lookup::measure(&till, sizes, catalogue, report).await?;
    checkout::measure(&till, "online, on loopback", sizes, catalogue, report).await?;
    drain::fill(&till, &mut server, sizes, catalogue, report).await?;
    till.close().await?;
    drain::measure(folder.path(), &mut server, sizes, report).await?;
    let documents = sizes.sales + sizes.queued;
    drain::check(&server, documents)?;
    #[cfg(target_os = "linux")]
    window::measure(folder.path(), sizes, report).await;
    #[cfg(not(target_os = "linux"))]
    report.note("the window was not measured: it is driven through WebKitGTK, on Linux");
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
