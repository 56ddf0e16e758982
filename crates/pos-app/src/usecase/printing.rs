//! Sending receipts to the printer. A printer never holds up a sale: what it says becomes a notice.

use std::time::Duration;

use pos_devices::escpos::{DrawerPin, drawer_pulse};
use pos_devices::transport::{Patience, PrinterAddress, RAW_PORT, send};
use pos_domain::{SaleId, TenderKind};
use serde_json::json;

use super::receipts::escpos_bytes;
use crate::app::{App, device_settings};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{PrinterSetting, ReceiptView};

/// How long a finished sale waits for its printer before the screen goes on, 1 s: a working printer takes a tenth.
const CUSTOMER_PATIENCE: Duration = Duration::from_secs(1);

impl App {
    /// `receipt.print`: prints, and marks it as a duplicate when it was printed before.
    pub async fn print_receipt(&self, sale_id: SaleId) -> Result<Outcome<ReceiptView>, AppError> {
        let printer = self.read(|conn| Ok(device_settings(conn)?.printer)).await?;
        let address = address_of(&printer)?.ok_or_else(|| AppError::new(ErrorCode::PrintNoPrinter))?;
        let prepared = self.prepare(sale_id, true).await?;
        self.send(&address, escpos_bytes(&prepared)).await?;
        self.note_print(sale_id, "printer").await?;
        Ok(Outcome::changed(prepared.view, &[Topic::Sales]))
    }

    /// After a sale: prints when the register is set to, and opens the drawer for cash. What went wrong, in words
    /// for support.
    pub(crate) async fn print_if_wanted(&self, sale_id: SaleId) -> Result<Option<String>, AppError> {
        let device = self.read(|conn| Ok(device_settings(conn)?)).await?;
        let Some(address) = address_of(&device.printer)? else { return Ok(None) };
        let prepared = self.prepare(sale_id, true).await?;
        let mut bytes = Vec::new();
        if prepared.view.document.tenders.iter().any(|t| t.kind == TenderKind::Cash) {
            bytes.extend(drawer_pulse(DrawerPin::default()));
        }
        if device.print_automatically {
            bytes.extend(escpos_bytes(&prepared));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let app = self.clone();
        let printing = tokio::spawn(async move {
            app.send(&address, bytes).await?;
            if device.print_automatically { app.note_print(sale_id, "printer").await } else { Ok(()) }
        });
        Ok(match tokio::time::timeout(CUSTOMER_PATIENCE, printing).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(e))) => {
                Some(e.params.get("detail").and_then(|d| d.as_str()).unwrap_or_default().to_owned())
            }
            Ok(Err(e)) => Some(e.to_string()),
            // It goes on by itself; the next customer does not wait for it.
            Err(_) => Some("the printer has not answered yet".to_owned()),
        })
    }

    async fn send(&self, address: &PrinterAddress, bytes: Vec<u8>) -> Result<(), AppError> {
        send(address, &bytes, Patience::default()).await.map_err(|e| {
            let params = json!({ "detail": e.to_string() });
            AppError::with(ErrorCode::PrintFailed, params).caused_by(e)
        })
    }
}

fn address_of(printer: &PrinterSetting) -> Result<Option<PrinterAddress>, AppError> {
    match printer {
        PrinterSetting::None => Ok(None),
        PrinterSetting::File { path } => Ok(Some(PrinterAddress::Path(path.into()))),
        PrinterSetting::Network { address } => {
            let (host, port) = match address.rsplit_once(':') {
                Some((host, port)) => {
                    (host, port.parse().map_err(|_| AppError::input("printer.address", "not_a_number"))?)
                }
                None => (address.as_str(), RAW_PORT),
            };
            Ok(Some(PrinterAddress::Network { host: host.to_owned(), port }))
        }
    }
}
