//! X and Z reports: on the screen, on paper and as PDF.
//!
//! An X is the next Z as it would be now. A Z is read back from its document, never computed again: what `verify` finds
//! wrong with one is not painted over.

use std::path::PathBuf;

use pos_devices::pdf::PdfPaper;
use pos_devices::report::{Report, to_escpos, to_pdf, to_text};
use pos_domain::shift::PerpetualTotals;
use pos_domain::till::TillHead;
use pos_domain::{DocumentId, ShiftReport, TillContent};
use pos_store::till::{self, Period, StoredTillDocument};
use pos_store::{Conn, settings};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use super::printing::{ask_for_page, model_of, width_of};
use super::receipts::sync_of;
use super::shift::{open_carts, unsynced};
use crate::app::{App, Counter, device_settings};
use crate::code::ErrorCode;
use crate::drawer_page::drawer_page;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CountedDrawer, DrawerReport, DrawerReportKind, ZSummary};

impl App {
    /// `report.x`: the totals since the last Z. Nothing is closed by it.
    pub async fn report_x(&self) -> Result<Outcome<DrawerReport>, AppError> {
        let now_ms = self.now_ms();
        Ok(Outcome::read(self.report(move |conn| report_x(conn, now_ms)).await?))
    }

    /// `report.z`: the Z with that number, the last one when none is given.
    pub async fn report_z(&self, z_number: Option<u64>) -> Result<Outcome<DrawerReport>, AppError> {
        Ok(Outcome::read(self.report(move |conn| report_z(conn, z_number)).await?))
    }

    /// `report.list_z`: Z reports, newest first, without the first `skip`.
    pub async fn list_z(&self, skip: u32, limit: u32) -> Result<Outcome<Vec<ZSummary>>, AppError> {
        let list = self
            .report(move |conn| {
                let stored = till::list_closings(conn, skip, limit.clamp(1, MAX_PAGE))?;
                Ok(stored.into_iter().filter_map(summary).collect())
            })
            .await?;
        Ok(Outcome::read(list))
    }

    /// `report.print`: a Z once more on paper, or an X when no number is given.
    pub async fn print_drawer_report(&self, z_number: Option<u64>) -> Result<Outcome<()>, AppError> {
        let now_ms = self.now_ms();
        let (title, page) = self.report(move |conn| page_of(conn, z_number, now_ms)).await?;
        self.print_report(&title, &page).await?;
        Ok(Outcome::changed((), &[Topic::Printing]))
    }

    /// `report.save`: a Z as a PDF file, or an X when no number is given; the path it was written to.
    pub async fn save_drawer_report(
        &self,
        z_number: Option<u64>,
        path: Option<String>,
    ) -> Result<Outcome<String>, AppError> {
        let now_ms = self.now_ms();
        let (title, page) = self.report(move |conn| page_of(conn, z_number, now_ms)).await?;
        let bytes = to_pdf(&page, PdfPaper::A4).map_err(AppError::internal)?;
        let path = match path.filter(|p| !p.trim().is_empty()) {
            Some(path) => PathBuf::from(path),
            None => self.dir().join("reports").join(format!("{title}.pdf")),
        };
        let written = path.clone();
        let saving = self.inner.store.beside(move |_| {
            let saved = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            saved.and_then(|()| std::fs::write(&path, bytes)).map_err(|e| AppError::file(&path, e))
        });
        saving.await?;
        Ok(Outcome::read(written.display().to_string()))
    }

    /// The paper of a Z, as this register is set to do after a sale. What keeps the printer is for the list of its jobs.
    pub(super) async fn print_closing_if_wanted(&self, document_id: DocumentId) -> Result<(), AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| {
            let report = closing_page(tx, document_id)?;
            let device = device_settings(tx)?;
            let page = drawer_page(&report, &settings::load(tx)?);
            let bytes = to_escpos(&page, width_of(device.paper), model_of(device.code_pages));
            ask_for_page(tx, report.number.unwrap_or_default(), bytes, true, now_ms)
        })
        .await?;
        self.asked_for_paper();
        Ok(())
    }
}

/// The number of the last Z and all totals with it; nothing before the first.
pub(super) fn perpetual_of_last(conn: &Conn) -> Result<(u64, PerpetualTotals), AppError> {
    let last = till::list_closings(conn, 0, 1)?.into_iter().next();
    Ok(match last.map(|stored| stored.document.content) {
        Some(TillContent::ShiftClosing(report)) => (report.z_number, report.perpetual),
        Some(
            TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::AccountPayment(_),
        )
        | None => (0, PerpetualTotals::default()),
    })
}

/// A Z by its document.
pub(super) fn closing_page(conn: &Conn, document_id: DocumentId) -> Result<DrawerReport, AppError> {
    let stored = till::find(conn, document_id)?.ok_or_else(|| not_found(None))?;
    view_of(conn, stored)
}

fn report_z(conn: &Conn, z_number: Option<u64>) -> Result<DrawerReport, AppError> {
    let stored = match z_number {
        Some(z_number) => till::find_closing(conn, z_number)?,
        None => till::list_closings(conn, 0, 1)?.into_iter().next(),
    };
    view_of(conn, stored.ok_or_else(|| not_found(z_number))?)
}

fn view_of(conn: &Conn, stored: StoredTillDocument) -> Result<DrawerReport, AppError> {
    let sync = sync_of(stored.sync);
    let TillContent::ShiftClosing(report) = stored.document.content else { return Err(not_found(None)) };
    let TillHead { document_id, made_at_ms, cashier, business, outlet, register, .. } = stored.document.head;
    let ShiftReport {
        z_number, opened_at_ms, ranges, totals, perpetual, expected, open_carts, unsynced, ..
    } = (*report).clone();
    let ShiftReport { count, counted, difference, note, .. } = *report;
    let counted = Some(CountedDrawer { count, counted, difference, note });
    let view = DrawerReport {
        kind: DrawerReportKind::Z,
        document_id: Some(document_id),
        number: Some(stored.number),
        z_number,
        business,
        outlet,
        register,
        made_at_ms,
        cashier,
        opened_at_ms,
        ranges,
        totals,
        perpetual,
        expected,
        counted,
        open_carts,
        unsynced,
        text: Vec::new(),
        sync: Some(sync),
    };
    with_text(conn, view)
}

fn report_x(conn: &Conn, now_ms: i64) -> Result<DrawerReport, AppError> {
    let Period { ranges, totals, opened_at_ms } =
        till::period_after(conn, till::place_of_last_closing(conn)?)?;
    let too_large = |e| AppError::input("drawer", "too_large").caused_by(e);
    let (last, before) = perpetual_of_last(conn)?;
    let Counter { device, settings, cashier, .. } = Counter::load(conn)?;
    let documents = ranges.iter().map(|range| range.last.saturating_sub(range.first).saturating_add(1)).sum();
    let view = DrawerReport {
        kind: DrawerReportKind::X,
        document_id: None,
        number: None,
        z_number: last.saturating_add(1),
        business: settings.business_name,
        outlet: settings.outlet_name,
        register: device.name,
        made_at_ms: now_ms,
        cashier: cashier.name,
        opened_at_ms,
        perpetual: before.plus(documents, &totals).map_err(too_large)?,
        expected: totals.cash.expected().map_err(too_large)?,
        ranges,
        totals,
        counted: None,
        open_carts: open_carts(conn)?,
        unsynced: unsynced(conn)?,
        text: Vec::new(),
        sync: None,
    };
    with_text(conn, view)
}

fn with_text(conn: &Conn, view: DrawerReport) -> Result<DrawerReport, AppError> {
    let page = drawer_page(&view, &settings::load(conn)?);
    let width = width_of(device_settings(conn)?.paper);
    let text = to_text(&page, width).lines().map(str::to_owned).collect();
    Ok(DrawerReport { text, ..view })
}

/// The page of a report, and what people call it.
fn page_of(conn: &Conn, z_number: Option<u64>, now_ms: i64) -> Result<(String, Report), AppError> {
    let report = match z_number {
        Some(_) => report_z(conn, z_number)?,
        None => report_x(conn, now_ms)?,
    };
    let title = match &report.number {
        Some(number) => format!("Z-{} {number}", report.z_number),
        None => "X".to_owned(),
    };
    Ok((title, drawer_page(&report, &settings::load(conn)?)))
}

fn summary(stored: StoredTillDocument) -> Option<ZSummary> {
    let TillContent::ShiftClosing(report) = stored.document.content else { return None };
    let ShiftReport { z_number, ref totals, counted, difference, .. } = *report;
    let back = totals.refunds.amount.plus(totals.voids.amount).ok()?;
    Some(ZSummary {
        z_number,
        number: stored.number,
        closed_at_ms: stored.document.head.made_at_ms,
        cashier: stored.document.head.cashier,
        documents: report.documents(),
        sales: totals.sales.amount.minus(back).ok()?,
        cash: totals.cash,
        counted,
        difference,
        sync: sync_of(stored.sync),
    })
}

fn not_found(z_number: Option<u64>) -> AppError {
    AppError::with(ErrorCode::ReportNotFound, json!({ "z": z_number }))
}
