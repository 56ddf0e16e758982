//! Importing a product list: judged whole, then written in small steps that never hold up a sale.
//!
//! Before the first step the file itself is put beside the database and the job is recorded, so that an import that
//! was begun is always finished, whatever stops the program: the next start goes on where it stopped. A file whose job
//! was not recorded changes nothing.

use std::path::{Path, PathBuf};

use pos_domain::{Category, Hash32, Product, Rate};
use pos_store::backups::Cause;
use pos_store::jobs::{self, JobKind};
use pos_store::queue::Lane;
use pos_store::{Conn, Priority, Shared, Store, Tx, categories, products, settings};
use serde::{Deserialize, Serialize};

use super::records::Stamp;
use crate::app::App;
use crate::error::AppError;
use crate::import::{ImportRow, Judged, judge, read_table};
use crate::outcome::{Outcome, Topic};
use crate::view::{ColumnMapping, ImportReport, ImportRowFault, Progress};

/// Rows written in one step: about 10 ms of the writer.
const STEP_ROWS: usize = 100;
/// An import of this many rows is preceded by a backup: nobody corrects a hundred rows by hand.
const BULK_ROWS: usize = 100;
/// Colour of a category that an import makes.
const NEW_CATEGORY_COLOUR: &str = "#5b6b7a";
/// Unit of a product whose file says none.
const DEFAULT_UNIT: &str = "pcs";

/// The file of a job that was begun.
#[derive(Serialize, Deserialize)]
struct JobFile {
    /// Tells two imports of the same file apart.
    run: uuid::Uuid,
    mapping: ColumnMapping,
    text: String,
}

/// What became, or would become, of rows.
#[derive(Debug, Default)]
struct Tally {
    created: u32,
    updated: u32,
    unchanged: u32,
    rejected: Vec<ImportRowFault>,
}

impl App {
    /// `import.run`
    pub async fn import_products(
        &self,
        text: String,
        mapping: ColumnMapping,
        dry_run: bool,
    ) -> Result<Outcome<ImportReport>, AppError> {
        let currency = self.read(|conn| Ok(settings::load(conn)?.currency)).await?;
        let judged = judge(&read_table(&text)?, &mapping, currency)?;
        if dry_run {
            return Ok(Outcome::read(self.preview_import(judged).await?));
        }
        if judged.rows.len() >= BULK_ROWS {
            self.save_before(Cause::Import).await;
        }
        let file = JobFile { run: self.new_id(), mapping, text };
        let bytes = serde_json::to_vec(&file).map_err(AppError::internal)?;
        let file_hash = Hash32::of(&bytes);
        let path = self.job_path(file_hash);
        let written = move |_: &Store| write_durably(&path, &bytes).map_err(|e| AppError::file(&path, e));
        self.inner.store.beside(written).await?;
        let total = u32::try_from(judged.rows.len()).unwrap_or(u32::MAX);
        let now_ms = self.now_ms();
        self.write(move |tx| {
            Ok(jobs::begin(tx, file_hash, JobKind::Products, "", u64::from(total), now_ms)?)
        })
        .await?;
        let report = self.run_import(file_hash, judged, 0).await?;
        Ok(Outcome::changed(report, &[Topic::Products, Topic::Stock, Topic::Sync]))
    }

    /// Goes on with imports that a crash or a power cut stopped.
    pub(crate) async fn finish_imports(&self) -> Result<(), AppError> {
        for job in self.read(|conn| Ok(jobs::list_unfinished(conn, JobKind::Products)?)).await? {
            let path = self.job_path(job.file_hash);
            let bytes = std::fs::read(&path).map_err(|e| AppError::file(&path, e))?;
            let file: JobFile =
                serde_json::from_slice(&bytes).map_err(|e| AppError::file(&path, e.into()))?;
            let currency = self.read(|conn| Ok(settings::load(conn)?.currency)).await?;
            let judged = judge(&read_table(&file.text)?, &file.mapping, currency)?;
            tracing::info!(done = job.done, total = job.total, "going on with an import that was stopped");
            self.run_import(job.file_hash, judged, u32::try_from(job.done).unwrap_or(u32::MAX)).await?;
        }
        Ok(())
    }

    async fn preview_import(&self, judged: Judged) -> Result<ImportReport, AppError> {
        self.report(move |conn| {
            let mut tally = Tally::default();
            for row in &judged.rows {
                match plan(conn, row)? {
                    Plan::Create => tally.created += 1,
                    Plan::Update(before, after) if before.row == *after => tally.unchanged += 1,
                    Plan::Update(..) => tally.updated += 1,
                    Plan::Reject(fault) => tally.rejected.push(fault),
                }
            }
            Ok(report_of(judged, tally, true))
        })
        .await
    }

    async fn run_import(
        &self,
        file_hash: Hash32,
        mut judged: Judged,
        done: u32,
    ) -> Result<ImportReport, AppError> {
        let rows = std::mem::take(&mut judged.rows);
        let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut tally = Tally::default();
        let mut at = done;
        let skip = usize::try_from(done).unwrap_or(usize::MAX);
        for step in rows.get(skip..).unwrap_or_default().chunks(STEP_ROWS) {
            let (stamp, step) = (self.stamp(Lane::Bulk), step.to_vec());
            at = at.saturating_add(u32::try_from(step.len()).unwrap_or(0));
            let part = self
                .inner
                .store
                .write_async(Priority::Sync, move |tx| {
                    let part = write_step(tx, &stamp, &step)?;
                    jobs::set_done(tx, file_hash, u64::from(at))?;
                    Ok::<_, AppError>(part)
                })
                .await?;
            tally.created += part.created;
            tally.updated += part.updated;
            tally.unchanged += part.unchanged;
            tally.rejected.extend(part.rejected);
            self.tell_progress(Some(Progress { task: "import".to_owned(), done: at, total }));
        }
        let now_ms = self.now_ms();
        self.write(move |tx| Ok(jobs::finish(tx, file_hash, now_ms)?)).await?;
        self.tell_progress(None);
        // The job has ended: a file that cannot be removed is only litter.
        let _ = std::fs::remove_file(self.job_path(file_hash));
        self.wrote();
        Ok(report_of(judged, tally, false))
    }

    fn job_path(&self, file_hash: Hash32) -> PathBuf {
        job_path(self.dir(), file_hash)
    }
}

/// Where the file of a running import lies.
pub(crate) fn job_path(dir: &Path, file_hash: Hash32) -> PathBuf {
    dir.join("imports").join(format!("{file_hash}.json"))
}

/// What a row does to the catalogue.
enum Plan {
    Create,
    Update(Box<Shared<Product>>, Box<Product>),
    Reject(ImportRowFault),
}

fn plan(conn: &Conn, row: &ImportRow) -> Result<Plan, AppError> {
    let by_code = products::find_by_code(conn, &row.code)?;
    let mut found = by_code;
    for barcode in &row.barcodes {
        match (products::find_by_code(conn, barcode)?, &found) {
            (Some(other), Some(own)) if other.product_id != own.product_id => {
                return Ok(Plan::Reject(taken(row, barcode)));
            }
            (Some(other), None) if other.code != row.code => return Ok(Plan::Reject(taken(row, barcode))),
            (Some(other), None) => found = Some(other),
            (Some(_) | None, _) => {}
        }
    }
    let Some(found) = found else { return Ok(Plan::Create) };
    let Some(before) = products::find(conn, found.product_id)? else { return Ok(Plan::Create) };
    let mut after = before.row.clone();
    after.name.clone_from(&row.name);
    after.price = row.price;
    after.cost = row.cost.or(after.cost);
    after.tax_rate = row.tax_rate.unwrap_or(after.tax_rate);
    after.unit = row.unit.clone().unwrap_or(after.unit);
    for barcode in &row.barcodes {
        if !after.barcodes.contains(barcode) {
            after.barcodes.push(barcode.clone());
        }
    }
    if let Some(name) = &row.category {
        // A category that does not exist yet counts as a change; it is made when the row is written.
        after.category_id = categories::find_by_name(conn, name)?.map(|c| c.category_id);
    }
    Ok(Plan::Update(Box::new(before), Box::new(after)))
}

fn taken(row: &ImportRow, barcode: &str) -> ImportRowFault {
    ImportRowFault {
        line: row.line,
        field: "barcode".to_owned(),
        code: "taken_by_another_product".to_owned(),
        value: barcode.to_owned(),
    }
}

fn write_step(tx: &Tx<'_>, stamp: &Stamp, rows: &[ImportRow]) -> Result<Tally, AppError> {
    let shop = settings::load(tx)?;
    let mut tally = Tally::default();
    for row in rows {
        let category_id = match &row.category {
            None => None,
            Some(name) => Some(match categories::find_by_name(tx, name)? {
                Some(category) => category.category_id,
                None => {
                    let category_id = stamp.ids.next();
                    let colour = NEW_CATEGORY_COLOUR.to_owned();
                    let position = i32::try_from(categories::list(tx)?.len()).unwrap_or(i32::MAX);
                    stamp.create(tx, &Category { category_id, name: name.clone(), colour, position })?;
                    category_id
                }
            }),
        };
        match plan(tx, row)? {
            Plan::Reject(fault) => tally.rejected.push(fault),
            Plan::Update(before, after) => {
                if stamp.update(tx, &before, &after)? {
                    tally.updated += 1;
                } else {
                    tally.unchanged += 1;
                }
            }
            Plan::Create => {
                let product = Product {
                    product_id: stamp.ids.next(),
                    code: row.code.clone(),
                    barcodes: row.barcodes.clone(),
                    name: row.name.clone(),
                    category_id,
                    unit: row.unit.clone().unwrap_or_else(|| DEFAULT_UNIT.to_owned()),
                    price: row.price,
                    cost: row.cost,
                    tax_rate: row.tax_rate.unwrap_or(Rate::ZERO),
                    track_stock: row.stock.is_some(),
                    offline_policy: shop.default_offline_policy,
                    favourite: false,
                    picture: None,
                    archived: false,
                    tracking: pos_domain::serial::SerialTracking::None,
                    packs: Vec::new(),
                };
                stamp.create_product(tx, &product, row.stock)?;
                tally.created += 1;
            }
        }
    }
    Ok(tally)
}

fn report_of(judged: Judged, tally: Tally, dry_run: bool) -> ImportReport {
    let Judged { mut rejected, warnings, repeated, .. } = judged;
    rejected.extend(tally.rejected);
    rejected.sort_by_key(|fault| fault.line);
    // A row that repeats an earlier one of the same file was loaded into the same product.
    let updated = tally.updated.saturating_add(repeated);
    let loaded = tally.created.saturating_add(updated).saturating_add(tally.unchanged);
    ImportReport {
        dry_run,
        created: tally.created,
        updated,
        unchanged: tally.unchanged,
        loaded,
        rejected,
        warnings,
    }
}

fn write_durably(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
