//! Measures what README.md promises, on the programs as they are shipped, and asserts nothing about time.
//!
//! # How to repeat
//!
//! ```text
//! cargo xtask bench                   builds everything as shipped, then measures: about eight minutes on 2 cores
//! cargo xtask bench --quick           a tenth of it, to try the bench itself
//! cargo xtask bench --only backlog    one part; what it needs is done before, and not reported
//! ```
//!
//! On a machine that does nothing else. The data lie beside the built programs, so that a `/tmp` in memory flatters
//! nobody; each table begins with what one synced write costs on that disk. The result is printed twice: aligned for
//! the terminal, and as Markdown for the README.
//!
//! # What is measured
//!
//! One made catalogue of 100,000 products, the same at every run, goes through everything in the order of a shop's
//! life. It is imported into a register; on a copy of that register, sales are made without any server. The register
//! is connected to a `comptoir-server` of its own process and uploads everything. A second register joins and loads
//! everything; there, products are looked up and sales are made online. The server goes away, 10,000 sales are made,
//! the server comes back, and the queue drains. The server goes away for longer: 100,000 sales wait and drain, while a
//! customer comes every tenth of a second and must not notice. A third register does the same from far away, behind a
//! proxy that makes every request take 150 ms longer. At last the window is opened on the second register.
//!
//! A register's work runs inside this program through `pos_api::dispatch`, the door of the window and the shell.
//! Times are taken around one command. Memory is the peak of the register's process (this one) and of the server's
//! during a measurement, as the kernel counts resident pages; where it says nothing, the table says n/a.
#![expect(clippy::print_stdout, reason = "its figures are its product")]
#![expect(
    clippy::indexing_slicing,
    reason = "only JSON is indexed, which answers null for what it does not have"
)]

#[cfg(unix)]
mod bench;

/// Measures the speed and memory of a register, its server and its window.
#[derive(Debug, clap::Parser)]
#[command(name = "comptoir-bench")]
struct Arguments {
    /// A tenth of everything: to try the bench, not to quote it.
    #[arg(long)]
    quick: bool,
    /// Reports these parts alone; may be given several times.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// A catalogue: imported, uploaded, loaded by another register.
    Load,
    /// Scans and sales, without a server and online.
    Counter,
    /// Products by barcode and by words.
    Lookup,
    /// A day's queue drains.
    Drain,
    /// A long outage's queue drains while customers come.
    Backlog,
    /// The first sync and a drain over a slow way.
    Distance,
    /// The window's start.
    Window,
}

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    let Arguments { quick, only } = clap::Parser::parse();
    let sizes = if quick { bench::Sizes::QUICK } else { bench::Sizes::FULL };
    println!("{}", bench::run(sizes, &only)?);
    Ok(())
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("the bench starts and stops the real programs as Unix does: it runs on Linux and macOS")
}
