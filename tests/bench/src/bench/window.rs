//! The window of the till: from the start of the program to the first possible scan.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use comptoir_tests::display::{Display, Size};
use comptoir_tests::window::Window;

use super::Sizes;
use super::memory::shared_kib;
use super::report::{Report, Times, announce, mib};

/// The program and the web view's two helpers.
const PROGRAMS: [&str; 3] = ["comptoir-desktop", "WebKitWebProcess", "WebKitNetworkProcess"];
/// The field that takes what the scanner reads has the focus.
const CAN_SCAN: &str = "document.activeElement?.dataset.testid === 'scan-input'";

/// Opens the window again and again. A machine that cannot is told so, and loses no other figure.
pub(super) async fn measure(data: &Path, sizes: Sizes, report: &mut Report) {
    announce("opening the window");
    if let Err(reason) = open_again_and_again(data, sizes, report).await {
        report.note(format!("the window was not measured: {reason:#}"));
    }
}

async fn open_again_and_again(data: &Path, sizes: Sizes, report: &mut Report) -> Result<()> {
    let display = Display::start(Size::TILL)?;
    let mut times = Times::new()?;
    let mut most = None;
    for _ in 0..sizes.windows {
        let began = Instant::now();
        let window = Window::open(&display, data).await?;
        window.wait(CAN_SCAN).await?;
        times.record(began.elapsed())?;
        most = most.max(shared_kib(&PROGRAMS));
        window.close().await?;
    }
    report.row("window, start to first possible scan").times(times);
    report.note(format!(
        "the window was driven by WebDriver on a display without a screen, which draws in software: the time contains \
         the driver's own start. It and its web view hold {}, shared pages counted in parts",
        mib(most)
    ));
    Ok(())
}
