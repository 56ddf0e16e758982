//! Brings what was asked for to the printers, in order, beside everything else.
//!
//! A job is taken, tried and judged; its outcome is written before the next one is taken. What this program left on its
//! way when it ended is printed again, and a receipt then says that it is a duplicate, because paper of it may be out. A
//! printer that cannot print is tried again with longer and longer waits, its own reason in sight, until the job is given
//! up; the other printer goes on meanwhile. In a world in process nothing prints: there is no paper in it.

use std::sync::Arc;
use std::time::Duration;

use pos_devices::escpos::{DrawerPin, drawer_pulse};
use pos_devices::transport::{Patience, PrinterAddress, RAW_PORT, TransportFault, send};
use pos_store::print_jobs::{self, Job, Printer, Trouble, Work};
use tokio::sync::{Mutex, Notify};

use crate::app::{App, WeakApp, device_settings};
use crate::error::AppError;
use crate::outcome::Topic;
use crate::usecase::{escpos_bytes, target_of};
use crate::view::PrinterSetting;

/// First wait after a try that came to nothing, 1 s; each further one is twice as long.
const FIRST_WAIT_MS: i64 = 1_000;
/// Longest wait between two tries, 30 s: whoever has just put in a new roll stands beside the printer.
const LONGEST_WAIT_MS: i64 = 30_000;
/// How long after a sale the drawer opens, 15 s: later, a drawer that flies open is a fright and a risk.
const DRAWER_FRESH_MS: i64 = 15_000;
/// How often the queue is looked at when nobody says that something was asked for.
const ROUND: Duration = Duration::from_secs(60);
/// How long closing the program waits for the printers, 2 s: what is not printed by then is printed at the next start.
const CLOSING_PATIENCE: Duration = Duration::from_secs(2);
/// How long jobs that ended well are kept in the list, 7 days.
const KEEP_ENDED_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The printers of one open register.
#[derive(Debug, Default)]
pub(crate) struct Printers {
    asked: Arc<Notify>,
    /// Held by whoever prints: one round at a time.
    at_work: Mutex<()>,
}

impl App {
    /// Something was asked of a printer.
    pub(crate) fn asked_for_paper(&self) {
        self.inner.printers.asked.notify_one();
    }

    /// Prints whatever is asked for until the register is closed.
    pub(crate) fn print_on(&self) {
        let asked = Arc::clone(&self.inner.printers.asked);
        let app = self.downgrade();
        tokio::spawn(async move {
            while let Some(wait) = round(&app).await {
                tokio::select! {
                    () = asked.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
        });
    }

    /// Gives what waits a last chance before the program ends.
    pub(crate) async fn print_the_rest(&self) {
        if tokio::time::timeout(CLOSING_PATIENCE, self.print_due()).await.is_err() {
            tracing::info!("the printer was not waited for; what it owes is printed at the next start");
        }
    }

    /// Prints what is due, until each printer has nothing left or cannot print.
    async fn print_due(&self) -> Result<(), AppError> {
        let _alone = self.inner.printers.at_work.lock().await;
        let now_ms = self.now_ms();
        if !self.read(move |conn| Ok(print_jobs::is_due(conn, now_ms)?)).await? {
            return Ok(());
        }
        // Nobody else prints: whatever is on its way is left over.
        self.write(move |tx| Ok(print_jobs::resume(tx, now_ms)?)).await?;
        let (receipts, labels) =
            tokio::join!(self.print_all(Printer::Receipts), self.print_all(Printer::Labels));
        receipts.and(labels)
    }

    async fn print_all(&self, printer: Printer) -> Result<(), AppError> {
        loop {
            let now_ms = self.now_ms();
            let Some(job) = self.write(move |tx| Ok(print_jobs::claim(tx, printer, now_ms)?)).await? else {
                return Ok(());
            };
            self.announce(&[Topic::Printing]);
            let tried = self.try_job(&job).await;
            self.judge(job, tried).await?;
            self.announce(&[Topic::Printing, Topic::Sales]);
        }
    }

    /// Writes what became of a try.
    async fn judge(&self, job: Job, tried: Result<(), Trouble>) -> Result<(), AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| {
            match tried {
                Ok(()) => {
                    print_jobs::done(tx, &job, now_ms)?;
                    print_jobs::forget(tx, now_ms.saturating_sub(KEEP_ENDED_MS))?;
                }
                Err(trouble) if is_final(trouble) || now_ms >= job.give_up_at_ms => {
                    print_jobs::fail(tx, &job, trouble, now_ms)?;
                }
                Err(trouble) => {
                    let due_ms = now_ms.saturating_add(wait_ms(job.attempts));
                    print_jobs::put_off(tx, &job, trouble, due_ms, now_ms)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn try_job(&self, job: &Job) -> Result<(), Trouble> {
        let device = self.read(|conn| Ok(device_settings(conn)?)).await.map_err(unprintable)?;
        let address = address_of(target_of(&device, job.printer))?;
        let opens = job.open_drawer
            && self.now_ms().saturating_sub(job.asked_at_ms) <= DRAWER_FRESH_MS
            && !job.trouble.is_some_and(Trouble::may_have_printed);
        let mut bytes = if opens { drawer_pulse(DrawerPin::default()).to_vec() } else { Vec::new() };
        match &job.work {
            Work::Receipt(sale_id) => {
                let prepared = self.prepare(*sale_id, true).await.map_err(unprintable)?;
                bytes.extend(escpos_bytes(&prepared));
            }
            Work::Page(page) => bytes.extend(page),
            Work::Drawer if opens => {}
            Work::Drawer => return Err(Trouble::TooLate),
        }
        send(&address, &bytes, Patience::default()).await.map_err(|fault| {
            tracing::info!(job_no = job.job_no, fault = %fault, "not printed");
            trouble_of(&fault)
        })
    }
}

/// One round; how long to wait for the next one, or `None` when the register is closed.
async fn round(app: &WeakApp) -> Option<Duration> {
    let app = app.upgrade().filter(|app| !app.is_closed())?;
    if let Err(error) = app.print_due().await {
        tracing::warn!(code = error.code.as_str(), "the printers' queue could not be kept");
        return Some(ROUND);
    }
    let due_ms = app.read(|conn| Ok(print_jobs::next_due_ms(conn)?)).await.ok().flatten();
    let wait_ms = due_ms.map(|due| due.saturating_sub(app.now_ms()).max(0));
    // The clock may be set meanwhile: no wait is longer than a round.
    Some(
        wait_ms
            .and_then(|ms| u64::try_from(ms).ok())
            .map_or(ROUND, |ms| Duration::from_millis(ms).min(ROUND)),
    )
}

/// Milliseconds until the next try after so many.
fn wait_ms(attempts: u32) -> i64 {
    let doubled = attempts.saturating_sub(1).min(16);
    FIRST_WAIT_MS.saturating_mul(1_i64 << doubled).min(LONGEST_WAIT_MS)
}

/// Whether no further try can help before a person has done something here.
const fn is_final(trouble: Trouble) -> bool {
    match trouble {
        Trouble::NoPrinter | Trouble::BadAddress | Trouble::Unprintable | Trouble::TooLate => true,
        Trouble::NotWritable
        | Trouble::Unreachable
        | Trouble::NoAnswer
        | Trouble::PaperOut
        | Trouble::CoverOpen
        | Trouble::OutOfOrder
        | Trouble::BrokenOff
        | Trouble::Stuck
        | Trouble::Interrupted => false,
    }
}

fn trouble_of(fault: &TransportFault) -> Trouble {
    match fault {
        TransportFault::File { .. } => Trouble::NotWritable,
        TransportFault::Unreachable { .. } => Trouble::Unreachable,
        TransportFault::NoAnswer { .. } => Trouble::NoAnswer,
        TransportFault::PaperOut => Trouble::PaperOut,
        TransportFault::CoverOpen => Trouble::CoverOpen,
        TransportFault::OutOfOrder => Trouble::OutOfOrder,
        TransportFault::BrokenOff(_) => Trouble::BrokenOff,
        TransportFault::Stuck => Trouble::Stuck,
    }
}

fn unprintable(error: AppError) -> Trouble {
    tracing::warn!(code = error.code.as_str(), "what was to be printed cannot be made");
    Trouble::Unprintable
}

fn address_of(printer: &PrinterSetting) -> Result<PrinterAddress, Trouble> {
    match printer {
        PrinterSetting::None => Err(Trouble::NoPrinter),
        PrinterSetting::File { path } => Ok(PrinterAddress::Path(path.into())),
        PrinterSetting::Network { address } => {
            let (host, port) = match address.rsplit_once(':') {
                Some((host, port)) => (host, port.parse().map_err(|_| Trouble::BadAddress)?),
                None => (address.as_str(), RAW_PORT),
            };
            Ok(PrinterAddress::Network { host: host.to_owned(), port })
        }
    }
}
