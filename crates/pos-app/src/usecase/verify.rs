//! "Is my data right?": every invariant that this register's file can show, in words.

use pos_store::verify::{Depth, Finding};
use pos_store::{device, stock};

use crate::app::App;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{VerifyFinding, VerifyReport};

impl App {
    /// `verify.run`
    pub async fn verify(&self, full: bool) -> Result<Outcome<VerifyReport>, AppError> {
        let (documents, movements) =
            self.read(|conn| Ok((device::get(conn)?.head.number, stock::count_movements(conn)?))).await?;
        let store = self.inner.store.clone();
        let depth = if full { Depth::Full } else { Depth::Quick };
        let findings =
            tokio::task::spawn_blocking(move || store.verify(depth)).await.map_err(AppError::internal)??;
        let ok = findings.is_empty();
        let findings = findings.into_iter().map(in_words).collect();
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let (documents, movements) = (count(documents), count(movements));
        Ok(Outcome::read(VerifyReport { ok, findings, documents, movements }))
    }
}

fn in_words(finding: Finding) -> VerifyFinding {
    let (area, _) = finding.code.split_once('.').unwrap_or((finding.code, ""));
    let about = match area {
        "chain" => "The chain of receipts",
        "document" | "sale" => "A receipt",
        "operation" => "An operation of the queue",
        "movement" | "stock" => "The stock ledger",
        _ => "The database file",
    };
    let what = match finding.code {
        "chain.gap" | "operation.gap" => "has a gap in its numbers",
        "chain.unbound" => "is not bound to the record before it",
        "chain.changed" | "operation.changed" | "document.changed" | "chain.document_changed" => {
            "was changed after it was written"
        }
        "chain.bad_signature" => "is not signed by this register",
        "chain.truncated" => "ends before the last number that was given",
        "chain.countersigned_ahead" => "is shorter than what the server countersigned",
        "document.missing" | "operation.missing" => "is missing",
        "document.unreadable" | "operation.unreadable" => "is not readable",
        "document.arithmetic" => "does not add up",
        "document.rows"
        | "document.differs"
        | "operation.differs"
        | "movement.differs"
        | "stock.pending_differs"
        | "stock.pending_wrong" => "is not the same in its two places",
        "movement.unexplained" => "has a movement that nothing explains",
        "sale.state" => "is in a state that its evidence denies",
        "file.damaged" => "is damaged",
        other => other,
    };
    let facts = Some(finding.params.to_string()).filter(|p| p != "{}" && p != "null");
    VerifyFinding {
        code: finding.code.to_owned(),
        subject: finding.subject.map(|id| id.to_string()).unwrap_or_default(),
        detail: facts.map_or_else(|| format!("{about} {what}."), |facts| format!("{about} {what}: {facts}")),
    }
}
