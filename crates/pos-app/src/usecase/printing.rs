//! Asking for paper: receipts, reports and the drawer. Nobody waits for a printer: what is asked for is a row, written in
//! the transaction that asks, and [`crate::printer`] brings it to the printer.

use pos_devices::Report;
use pos_devices::escpos::PrinterModel;
use pos_domain::{SaleId, TenderKind};
use pos_store::print_jobs::{self, NewJob, Printer, State, Work};
use pos_store::{Tx, sales};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use crate::app::{App, device_settings};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CodePages, DeviceSettings, PaperWidth, PrintQueue, PrinterSetting, ReceiptView};

/// How long after it was asked for a job is tried, 15 minutes: longer than changing a roll takes, and short enough that
/// no printer spits out yesterday's receipts in the morning.
const GIVE_UP_AFTER_MS: i64 = 15 * 60 * 1000;

impl App {
    /// `receipt.print`: asks for the paper; it says "duplicate" when paper of it is out already.
    pub async fn print_receipt(&self, sale_id: SaleId) -> Result<Outcome<ReceiptView>, AppError> {
        let prepared = self.prepare(sale_id, true).await?;
        let (title, now_ms) = (prepared.view.number.clone(), self.now_ms());
        self.write(move |tx| {
            let device = device_settings(tx)?;
            has_printer(&device, Printer::Receipts)?;
            let job = job(Printer::Receipts, Work::Receipt(sale_id), title.clone(), now_ms);
            print_jobs::ask(tx, &job)?;
            Ok(())
        })
        .await?;
        self.asked_for_paper();
        Ok(Outcome::changed(prepared.view, &[Topic::Printing]))
    }

    /// Asks for a report on the printer of receipts. `title` is what people call it in the list of jobs.
    ///
    /// # Errors
    /// [`ErrorCode::PrintNoPrinter`] when none is set.
    pub(crate) async fn print_report(&self, title: &str, report: &Report) -> Result<(), AppError> {
        let device = self.read(|conn| Ok(device_settings(conn)?)).await?;
        let width = width_of(device.paper);
        let bytes = pos_devices::report::to_escpos(report, width, model_of(device.code_pages));
        self.print_page(Printer::Receipts, title, bytes).await
    }

    /// Asks for bytes that were made for a printer of this register.
    pub(crate) async fn print_page(
        &self,
        printer: Printer,
        title: &str,
        bytes: Vec<u8>,
    ) -> Result<(), AppError> {
        let job = job(printer, Work::Page(bytes), title.to_owned(), self.now_ms());
        self.write(move |tx| {
            has_printer(&device_settings(tx)?, printer)?;
            print_jobs::ask(tx, &job)?;
            Ok(())
        })
        .await?;
        self.asked_for_paper();
        Ok(())
    }

    /// `print.list`: how the printers stand, and their latest jobs.
    pub async fn list_prints(&self, limit: u32) -> Result<Outcome<PrintQueue>, AppError> {
        let queue = self
            .read(move |conn| {
                let jobs = print_jobs::list(conn, limit.clamp(1, MAX_PAGE))?;
                Ok(PrintQueue::of(print_jobs::standing(conn)?, jobs))
            })
            .await?;
        Ok(Outcome::read(queue))
    }

    /// `print.retry`: tries a job now that waits or was given up.
    pub async fn retry_print(&self, job_no: i64) -> Result<Outcome<PrintQueue>, AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| {
            let before = print_jobs::retry(tx, job_no, now_ms, now_ms.saturating_add(GIVE_UP_AFTER_MS))?;
            check_was_open(before, job_no)
        })
        .await?;
        self.asked_for_paper();
        self.shown_prints().await
    }

    /// `print.cancel`: gives a job up for good that waits or was given up.
    pub async fn cancel_print(&self, job_no: i64) -> Result<Outcome<PrintQueue>, AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| check_was_open(print_jobs::cancel(tx, job_no, now_ms)?, job_no)).await?;
        // The one behind it may be due.
        self.asked_for_paper();
        self.shown_prints().await
    }

    async fn shown_prints(&self) -> Result<Outcome<PrintQueue>, AppError> {
        Ok(Outcome { changed: vec![Topic::Printing], ..self.list_prints(MAX_PAGE).await? })
    }

    /// What keeps the printer, when a sale was to be printed: its code. Reads what is known and waits for nothing.
    pub(crate) async fn known_print_trouble(&self) -> Result<Option<String>, AppError> {
        let standing = self
            .read(|conn| {
                let wanted = device_settings(conn)?.print_automatically;
                Ok(if wanted { print_jobs::standing(conn)?.trouble } else { None })
            })
            .await?;
        Ok(standing.map(|trouble| trouble.as_str().to_owned()))
    }
}

/// Asks for what this register is set to do after a sale: its receipt, and the drawer for cash. In the transaction that
/// makes the document final, so that a power cut between the two is none.
pub(crate) fn ask_after_sale(tx: &Tx<'_>, sale_id: SaleId, now_ms: i64) -> Result<(), AppError> {
    let device = device_settings(tx)?;
    if has_printer(&device, Printer::Receipts).is_err() || !(device.print_automatically || device.drawer) {
        return Ok(());
    }
    let Some(sale) = sales::find(tx, sale_id)? else { return Ok(()) };
    let open_drawer = device.drawer && sale.document.tenders.iter().any(|t| t.kind == TenderKind::Cash);
    let (work, title) = if device.print_automatically {
        (Work::Receipt(sale_id), sale.summary.number.unwrap_or_default())
    } else if open_drawer {
        (Work::Drawer, String::new())
    } else {
        return Ok(());
    };
    print_jobs::ask(tx, &NewJob { open_drawer, ..job(Printer::Receipts, work, title, now_ms) })?;
    Ok(())
}

/// Asks for what this register is set to do after a document that is no sale: its page, and the drawer when cash was
/// given.
pub(crate) fn ask_for_page(
    tx: &Tx<'_>,
    title: String,
    bytes: Vec<u8>,
    in_cash: bool,
    now_ms: i64,
) -> Result<(), AppError> {
    let device = device_settings(tx)?;
    if has_printer(&device, Printer::Receipts).is_err() {
        return Ok(());
    }
    let open_drawer = device.drawer && in_cash;
    let work = match (device.print_automatically, open_drawer) {
        (true, _) => Work::Page(bytes),
        (false, true) => Work::Drawer,
        (false, false) => return Ok(()),
    };
    print_jobs::ask(tx, &NewJob { open_drawer, ..job(Printer::Receipts, work, title, now_ms) })?;
    Ok(())
}

/// Where a printer's bytes go; labels go where receipts go unless they have a printer of their own.
pub(crate) fn target_of(device: &DeviceSettings, printer: Printer) -> &PrinterSetting {
    match (printer, &device.label_printer) {
        (Printer::Receipts, _) | (Printer::Labels, PrinterSetting::None) => &device.printer,
        (Printer::Labels, own @ (PrinterSetting::Network { .. } | PrinterSetting::File { .. })) => own,
    }
}

/// The paper, as the encoders know it.
pub(crate) const fn width_of(paper: PaperWidth) -> pos_devices::PaperWidth {
    match paper {
        PaperWidth::Mm58 => pos_devices::PaperWidth::Mm58,
        PaperWidth::Mm80 => pos_devices::PaperWidth::Mm80,
    }
}

/// What the printer can show, as the encoders know it.
pub(crate) const fn model_of(pages: CodePages) -> PrinterModel {
    match pages {
        CodePages::Epson => PrinterModel::Epson,
        CodePages::Only437 => PrinterModel::Only437,
        CodePages::OnlyAscii => PrinterModel::OnlyAscii,
    }
}

fn has_printer(device: &DeviceSettings, printer: Printer) -> Result<(), AppError> {
    match target_of(device, printer) {
        PrinterSetting::None => Err(AppError::new(ErrorCode::PrintNoPrinter)),
        PrinterSetting::Network { .. } | PrinterSetting::File { .. } => Ok(()),
    }
}

const fn job(printer: Printer, work: Work, title: String, now_ms: i64) -> NewJob {
    let give_up_at_ms = now_ms.saturating_add(GIVE_UP_AFTER_MS);
    NewJob { printer, work, title, open_drawer: false, asked_at_ms: now_ms, give_up_at_ms }
}

fn check_was_open(before: Option<State>, job_no: i64) -> Result<(), AppError> {
    let word = match before {
        Some(State::Waiting | State::Failed) => return Ok(()),
        None => return Err(AppError::with(ErrorCode::PrintJobNotFound, json!({ "job_no": job_no }))),
        Some(State::Printing) => "printing",
        Some(State::Done) => "done",
        Some(State::Cancelled) => "cancelled",
    };
    Err(AppError::with(ErrorCode::PrintJobClosed, json!({ "job_no": job_no, "state": word })))
}
