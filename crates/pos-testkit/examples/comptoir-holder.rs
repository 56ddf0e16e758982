//! A program that holds a PostgreSQL until somebody kills it. For the test that does.
#![allow(clippy::print_stdout, reason = "a program for a pipe")]

use pos_testkit::postgres::{Disk, Postgres};

fn main() -> anyhow::Result<()> {
    println!("begun");
    let postgres = Postgres::shared(Disk::Trusted)?;
    println!("{}", if postgres.is_some() { "holds" } else { "not installed" });
    std::io::read_to_string(std::io::stdin())?;
    Ok(())
}
