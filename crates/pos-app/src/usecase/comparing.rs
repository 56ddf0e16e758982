//! Whether this register holds the same rows as the server.

use pos_domain::body::EntityKind;
use pos_store::{Conn, versions};
use pos_sync::{Comparison, ComparisonOutcome, Difference, DifferenceKind};
use serde_json::Value;
use uuid::Uuid;

use super::sync::u32_of;
use crate::app::App;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{ComparisonOutcomeWord, ComparisonView, DifferenceView, DifferenceWord};

impl App {
    /// `sync.compare`: reads the feed to its end, compares every row with the server's, and writes what differs as the
    /// server has it. `null` when the server stopped answering on the way.
    pub async fn compare_with_server(&self) -> Result<Outcome<Option<ComparisonView>>, AppError> {
        let link = self.joined_link().await?;
        let Some(Comparison { at_ms, due_ms: _, outcome, rows, differences }) = link.compare().await? else {
            return Ok(Outcome::read(None));
        };
        let differences =
            self.read(move |conn| differences.into_iter().map(|found| view(conn, found)).collect()).await?;
        let outcome = match outcome {
            ComparisonOutcome::Done => ComparisonOutcomeWord::Done,
            ComparisonOutcome::PutOff => ComparisonOutcomeWord::PutOff,
            ComparisonOutcome::NotOffered => ComparisonOutcomeWord::NotOffered,
        };
        Ok(Outcome::read(Some(ComparisonView { at_ms, outcome, rows: u32_of(rows), differences })))
    }
}

fn view(conn: &Conn, found: Difference) -> Result<DifferenceView, AppError> {
    let Difference { entity, id, what } = found;
    let subject = match EntityKind::parse(&entity) {
        // A balance has no name of its own.
        Some(EntityKind::Stock) => name_of(conn, EntityKind::Product, id)?,
        Some(kind) => name_of(conn, kind, id)?,
        None => None,
    };
    let what = match what {
        DifferenceKind::Missing => DifferenceWord::Missing,
        DifferenceKind::Surplus => DifferenceWord::Surplus,
        DifferenceKind::Unequal => DifferenceWord::Unequal,
    };
    Ok(DifferenceView { entity, id: id.to_string(), subject, what })
}

fn name_of(conn: &Conn, kind: EntityKind, id: Uuid) -> Result<Option<String>, AppError> {
    let version = versions::find(conn, kind, id)?;
    let name =
        version.and_then(|v| ["name", "title", "key"].iter().find_map(|field| v.fields.get(*field).cloned()));
    Ok(name.as_ref().and_then(Value::as_str).map(str::to_owned))
}
