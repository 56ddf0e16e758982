//! Measures what README.md promises, on the programs as they are shipped, and asserts nothing about time.
//!
//! # How to repeat
//!
//! ```text
//! cargo xtask bench             builds everything as shipped, then measures: about five minutes on 2 cores
//! cargo xtask bench --quick     a tenth of it, to try the bench itself
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
//! the server comes back, and the queue drains. At last the window is opened on that register.
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
}

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    let Arguments { quick } = clap::Parser::parse();
    let sizes = if quick { bench::Sizes::QUICK } else { bench::Sizes::FULL };
    println!("{}", bench::run(sizes)?);
    Ok(())
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("the bench starts and stops the real programs as Unix does: it runs on Linux and macOS")
}
