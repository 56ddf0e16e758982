//! What one durable write costs on this disk: the floor under every committed sale.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::Sizes;
use super::report::{Report, Times};

/// Appends a page and waits until the disk has it, again and again.
pub(super) fn measure(folder: &Path, sizes: Sizes, report: &mut Report) -> Result<()> {
    let path = folder.join("synced-writes");
    let mut file = File::create(&path)?;
    let mut times = Times::new()?;
    for _ in 0..sizes.sales {
        let began = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.record(began.elapsed())?;
    }
    std::fs::remove_file(&path)?;
    report.row("the disk alone: 4 KiB appended and synced").times(times);
    Ok(())
}
