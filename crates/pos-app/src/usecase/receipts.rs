//! Completed sales: the list, the receipt on the screen, and the receipt as a file.

use std::path::PathBuf;

use pos_devices::escpos::{self, PrinterModel};
use pos_devices::format::Locale;
use pos_devices::receipt::{Codes, Copy};
use pos_devices::{Issue, Receipt, Style};
use pos_domain::{Hash32, SaleId};
use pos_store::queue::OpState;
use pos_store::sales::{self, StoredSale};
use pos_store::{Conn, chain, settings};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use super::labels::logo_of;
use super::printing::{model_of, width_of};
use crate::app::{App, device_settings};
use crate::clock::local_text;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{Page, ReceiptFormat, ReceiptView, SaleSummary, SaleSync};

/// A receipt ready to be shown, printed or written, and how.
pub(crate) struct Prepared {
    pub(crate) receipt: Receipt,
    pub(crate) view: ReceiptView,
    pub(crate) width: pos_devices::PaperWidth,
    model: PrinterModel,
}

impl App {
    /// `sale.list`
    pub async fn list_sales(
        &self,
        search: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Outcome<Page<SaleSummary>>, AppError> {
        let page = self
            .read(move |conn| {
                let limit = limit.clamp(1, MAX_PAGE);
                let after = after.as_deref().map(str::parse).transpose();
                let after = after.map_err(|e: uuid::Error| AppError::input("after", e))?;
                let found = if search.trim().is_empty() {
                    sales::list(conn, after, limit)?
                } else {
                    sales::search(conn, search.trim(), limit)?
                };
                let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
                let next =
                    found.last().filter(|_| full && search.trim().is_empty()).map(|s| s.sale_id.to_string());
                let items = found.into_iter().filter(|s| s.number.is_some()).map(summary_view).collect();
                Ok(Page { items, next, total: None })
            })
            .await?;
        Ok(Outcome::read(page))
    }

    /// `sale.receipt`
    pub async fn receipt(&self, sale_id: SaleId) -> Result<Outcome<ReceiptView>, AppError> {
        Ok(Outcome::read(self.receipt_of(sale_id, false).await?))
    }

    /// `sale.find`: by its printed number, or by the number it had in the system it came from.
    pub async fn find_sale(&self, number: String) -> Result<Outcome<ReceiptView>, AppError> {
        let view = self
            .read(move |conn| {
                let found = match sales::find_by_number(conn, &number)? {
                    Some(sale) => Some(sale),
                    None => sales::find_by_external_number(conn, &number)?,
                };
                let sale = found.ok_or_else(|| not_found(&number))?;
                Ok(prepare(conn, sale, false)?.view)
            })
            .await?;
        Ok(Outcome::read(view))
    }

    /// `receipt.save`: writes a receipt as PDF or ESC/POS; the path it was written to.
    pub async fn save_receipt(
        &self,
        sale_id: SaleId,
        format: ReceiptFormat,
        path: Option<String>,
    ) -> Result<Outcome<String>, AppError> {
        let prepared = self.prepare(sale_id, true).await?;
        let (bytes, extension) = match format {
            ReceiptFormat::Pdf => {
                (pos_devices::pdf::render(&prepared.receipt).map_err(AppError::internal)?, "pdf")
            }
            ReceiptFormat::Escpos => (escpos_bytes(&prepared), "escpos"),
        };
        let path = match path.filter(|p| !p.trim().is_empty()) {
            Some(path) => PathBuf::from(path),
            None => self.dir().join("receipts").join(format!("{}.{extension}", prepared.view.number)),
        };
        let written = path.clone();
        let saving = self.inner.store.beside(move |_| {
            let saved = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            saved.and_then(|()| std::fs::write(&path, bytes)).map_err(|e| AppError::file(&path, e))
        });
        saving.await?;
        self.note_print(sale_id, extension).await?;
        Ok(Outcome::changed(written.display().to_string(), &[Topic::Sales]))
    }

    /// A receipt for the screen. `printing` marks it as a duplicate when it was printed before.
    pub(crate) async fn receipt_of(&self, sale_id: SaleId, printing: bool) -> Result<ReceiptView, AppError> {
        Ok(self.prepare(sale_id, printing).await?.view)
    }

    pub(crate) async fn prepare(&self, sale_id: SaleId, printing: bool) -> Result<Prepared, AppError> {
        self.read(move |conn| {
            let sale = sales::find(conn, sale_id)?.ok_or_else(|| not_found(&sale_id.to_string()))?;
            prepare(conn, sale, printing)
        })
        .await
    }

    pub(crate) async fn note_print(&self, sale_id: SaleId, target: &'static str) -> Result<(), AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| Ok(sales::record_print(tx, sale_id, target, now_ms).map(|_| ())?)).await
    }
}

/// The bytes for an ESC/POS printer.
pub(crate) fn escpos_bytes(prepared: &Prepared) -> Vec<u8> {
    escpos::encode(&prepared.receipt, prepared.width, prepared.model)
}

fn prepare(conn: &Conn, sale: StoredSale, printing: bool) -> Result<Prepared, AppError> {
    let sale_id = sale.summary.sale_id;
    let number = sale.summary.number.clone().ok_or_else(|| not_found(&sale_id.to_string()))?;
    let shop = settings::load(conn)?;
    let record = chain::find_of(conn, sale_id)?;
    let issued_at = local_text(record.as_ref().map_or(sale.summary.sold_at_ms, |r| r.issued_at_ms));
    let duplicate = printing && sales::print_count(conn, sale_id)? > 0;
    let issue = Issue {
        number: &number,
        issued_at: &issued_at,
        chain_hash: record.map_or(Hash32::GENESIS, |r| r.hash),
        copy: if duplicate { Copy::Duplicate } else { Copy::Original },
    };
    let logo = logo_of(shop.receipt_logo.as_deref());
    let style = Style {
        locale: Locale::parse(&shop.locale),
        header: &shop.receipt_header,
        footer: &shop.receipt_footer,
        logo: logo.as_ref(),
        codes: Codes { barcode: shop.receipt_barcode, qr: shop.receipt_qr },
    };
    let device = device_settings(conn)?;
    let (width, model) = (width_of(device.paper), model_of(device.code_pages));
    let receipt = Receipt::of(&sale.document, issue, style);
    let text = pos_devices::text::render(&receipt, width).lines().map(str::to_owned).collect();
    let sync = sync_of(sale.summary.sync);
    let view = ReceiptView { sale_id, number, document: sale.document, text, duplicate, sync };
    Ok(Prepared { receipt, view, width, model })
}

fn not_found(number: &str) -> AppError {
    AppError::with(ErrorCode::SaleNotFound, json!({ "number": number }))
}

pub(crate) fn sync_of(state: OpState) -> SaleSync {
    match state {
        OpState::Acknowledged => SaleSync::Applied,
        OpState::Pending | OpState::InFlight | OpState::Rejected | OpState::Parked | OpState::Dead => {
            SaleSync::Queued
        }
    }
}

pub(crate) fn summary_view(sale: sales::SaleSummary) -> SaleSummary {
    SaleSummary {
        sale_id: sale.sale_id,
        kind: sale.kind,
        number: sale.number.unwrap_or_default(),
        sold_at_ms: sale.sold_at_ms,
        document_date: sale.document_date,
        cashier: sale.cashier,
        customer: sale.customer,
        lines: sale.lines,
        total: sale.total,
        sync: sync_of(sale.sync),
    }
}
