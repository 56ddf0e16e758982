//! Labels for products, as a file or on the printer; and the sign above receipts.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_devices::Logo;
use pos_devices::format::{self, Locale};
use pos_devices::label::{self, Label, LabelPaper as Paper, MAX_LABELS};
use pos_store::print_jobs::Printer;
use pos_store::{Conn, Store, settings};

use super::catalogue::by_code;
use super::pictures::refused;
use crate::app::App;
use crate::clock::local_text;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{AppState, LabelPaper, LabelsOf};

impl App {
    /// `label.save`: writes labels as PDF; the path it was written to.
    ///
    /// # Errors
    /// `product.not_found`, `input.invalid` for none or too many labels, and those of the file.
    pub async fn save_labels(
        &self,
        wanted: Vec<LabelsOf>,
        paper: LabelPaper,
        path: Option<String>,
    ) -> Result<Outcome<String>, AppError> {
        let labels = self.labels_of(wanted).await?;
        let path = match path.filter(|p| !p.trim().is_empty()) {
            Some(path) => PathBuf::from(path),
            None => {
                let stamp = local_text(self.now_ms()).replace(':', "");
                self.dir().join("labels").join(format!("{stamp}.pdf"))
            }
        };
        let written = path.display().to_string();
        let write = move |_: &Store| -> Result<(), AppError> {
            let bytes = label::to_pdf(&labels, &paper_of(paper)).map_err(AppError::internal)?;
            path.parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&path, bytes))
                .map_err(|e| AppError::file(&path, e))
        };
        self.inner.store.beside(write).await?;
        Ok(Outcome::read(written))
    }

    /// `label.print`: asks the printer of labels for them, each of 40 by 30 mm; how many.
    ///
    /// # Errors
    /// As [`App::save_labels`], and `print.no_printer`.
    pub async fn print_labels(&self, wanted: Vec<LabelsOf>) -> Result<Outcome<u32>, AppError> {
        let labels = self.labels_of(wanted).await?;
        let title = labels.first().map(|label| label.name.clone()).unwrap_or_default();
        let count = u32::try_from(labels.len()).unwrap_or(u32::MAX);
        let make = move |_: &Store| -> Result<Vec<u8>, AppError> { Ok(label::to_escpos(&labels)) };
        let bytes = self.inner.store.beside(make).await?;
        self.print_page(Printer::Labels, &title, bytes).await?;
        Ok(Outcome::changed(count, &[Topic::Printing]))
    }

    /// `shop.set_logo`: the sign above receipts of a picture's file (base64 of a JPEG, PNG or WebP), or none.
    ///
    /// # Errors
    /// `picture.refused`, and those of changing a setting.
    pub async fn set_logo(&self, data: Option<String>) -> Result<Outcome<AppState>, AppError> {
        let make = move |_: &Store| -> Result<Option<String>, AppError> {
            let Some(data) = data else { return Ok(None) };
            let file =
                STANDARD.decode(data.trim()).map_err(|e| AppError::input("data", "base64").caused_by(e))?;
            let logo = Logo::of(&file).map_err(refused)?;
            Ok(Some(STANDARD.encode(logo.to_png().map_err(refused)?)))
        };
        let logo = self.inner.store.beside(make).await?;
        self.set_setting("receipt_logo", logo.into()).await
    }

    async fn labels_of(&self, wanted: Vec<LabelsOf>) -> Result<Vec<Label>, AppError> {
        let count: u64 = wanted.iter().map(|labels| u64::from(labels.count)).sum();
        match usize::try_from(count) {
            Ok(1..=MAX_LABELS) => {}
            Ok(0) => return Err(AppError::input("count", "empty")),
            Ok(_) | Err(_) => return Err(AppError::input("count", "too_many")),
        }
        self.read(move |conn| {
            let mut labels = Vec::new();
            for LabelsOf { code, count } in wanted {
                let label = label_of(conn, &code)?;
                labels.extend(std::iter::repeat_n(label, usize::try_from(count).unwrap_or(usize::MAX)));
            }
            Ok(labels)
        })
        .await
    }
}

/// The sign of a setting. What cannot be read any more is left out: a receipt is printed without it.
pub(crate) fn logo_of(stored: Option<&str>) -> Option<Logo> {
    let file = STANDARD.decode(stored?).ok()?;
    Logo::of(&file).ok()
}

fn label_of(conn: &Conn, code: &str) -> Result<Label, AppError> {
    let product = by_code(conn, code)?;
    let shop = settings::load(conn)?;
    let price = format::money(product.price, shop.currency, Locale::parse(&shop.locale));
    let scanned = product.barcodes.into_iter().next().unwrap_or(product.code);
    Ok(Label { name: product.name, price, code: scanned })
}

const fn paper_of(paper: LabelPaper) -> Paper {
    match paper {
        LabelPaper::A43x8 => Paper::A4_3X8,
        LabelPaper::Roll40x30 => Paper::ROLL_40X30,
    }
}
