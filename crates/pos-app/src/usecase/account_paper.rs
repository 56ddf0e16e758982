//! Accounts on paper and in files: a statement on the printer, as PDF, for the printer of another machine; the debts as
//! a table.

use std::path::PathBuf;

use pos_devices::pdf::PdfPaper;
use pos_devices::report::{to_escpos, to_pdf, to_text};
use pos_domain::CustomerId;
use pos_store::settings;

use super::accounts::{Days, open_accounts, statement_of};
use super::printing::{model_of, width_of};
use crate::account_pages::{debts_csv, statement_page};
use crate::app::{App, device_settings};
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{AccountOrder, ReceiptFormat};

impl App {
    /// `account.statement_text`: the statement as it comes out of the printer, line by line.
    pub async fn statement_text(
        &self,
        customer_id: CustomerId,
        days: Days,
    ) -> Result<Outcome<Vec<String>>, AppError> {
        let now_ms = self.now_ms();
        let text = self.report(move |conn| {
            let page = statement_page(
                &statement_of(conn, customer_id, days, now_ms)?,
                &settings::load(conn)?,
                now_ms,
            );
            Ok(to_text(&page, width_of(device_settings(conn)?.paper)))
        });
        Ok(Outcome::read(text.await?.lines().map(str::to_owned).collect()))
    }

    /// `account.print`: a statement on the printer of receipts.
    pub async fn print_statement(
        &self,
        customer_id: CustomerId,
        days: Days,
    ) -> Result<Outcome<()>, AppError> {
        let now_ms = self.now_ms();
        let (title, page) = self
            .report(move |conn| {
                let statement = statement_of(conn, customer_id, days, now_ms)?;
                let page = statement_page(&statement, &settings::load(conn)?, now_ms);
                Ok((statement.customer.name, page))
            })
            .await?;
        self.print_report(&title, &page).await?;
        Ok(Outcome::changed((), &[Topic::Printing]))
    }

    /// `account.save`: a statement as a file, into the folder `statements` of the data folder when no path is given; the
    /// path it was written to.
    pub async fn save_statement(
        &self,
        customer_id: CustomerId,
        days: Days,
        format: ReceiptFormat,
        path: Option<String>,
    ) -> Result<Outcome<String>, AppError> {
        let now_ms = self.now_ms();
        let (bytes, extension) = self
            .report(move |conn| {
                let statement = statement_of(conn, customer_id, days, now_ms)?;
                let page = statement_page(&statement, &settings::load(conn)?, now_ms);
                match format {
                    ReceiptFormat::Pdf => {
                        Ok((to_pdf(&page, PdfPaper::A4).map_err(AppError::internal)?, "pdf"))
                    }
                    ReceiptFormat::Escpos => {
                        let device = device_settings(conn)?;
                        let (width, model) = (width_of(device.paper), model_of(device.code_pages));
                        Ok((to_escpos(&page, width, model), "escpos"))
                    }
                }
            })
            .await?;
        let name = format!("statements/statement-{customer_id}-{now_ms}.{extension}");
        self.save_bytes(path, &name, bytes).await
    }

    /// `account.export`: everybody's debt as CSV, into the folder `exports` of the data folder when no path is given; the
    /// path it was written to.
    pub async fn export_accounts(&self, path: Option<String>) -> Result<Outcome<String>, AppError> {
        let now_ms = self.now_ms();
        let bytes = self
            .report(move |conn| {
                let open = open_accounts(conn, AccountOrder::Amount, now_ms)?;
                debts_csv(&open, settings::load(conn)?.currency).map_err(AppError::internal)
            })
            .await?;
        self.save_bytes(path, &format!("exports/debts-{now_ms}.csv"), bytes).await
    }

    /// Writes a file where a person wants it, or under its usual name in the data folder.
    async fn save_bytes(
        &self,
        path: Option<String>,
        usual: &str,
        bytes: Vec<u8>,
    ) -> Result<Outcome<String>, AppError> {
        let path = match path.filter(|p| !p.trim().is_empty()) {
            Some(path) => PathBuf::from(path),
            None => self.dir().join(usual),
        };
        let written = path.display().to_string();
        let saving = self.inner.store.beside(move |_| {
            let saved = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            saved.and_then(|()| std::fs::write(&path, bytes)).map_err(|e| AppError::file(&path, e))
        });
        saving.await?;
        Ok(Outcome::read(written))
    }
}
