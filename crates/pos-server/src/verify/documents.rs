//! Documents: each body gives its hash, each sale is filed and summed as its document says, and has the verdict that
//! the register was told.

use pos_domain::{DeviceId, Hash32, OperationBody, SaleDocument};
use pos_protocol::{RejectReason, Verdict};

use super::{Faults, each_row};
use crate::storage::{Row, Sql, Tx, hash, id, json, optional_id};

const DOCUMENTS: &str = "
    SELECT operation.op_id, operation.device_id AS sender, operation.kind AS op_kind, kind_version, body, body_hash, verdict,
        sale_id, sale.device_id, state, sale.kind, currency, currency_digits, net_minor, tax_minor, total_minor,
        sold_at_ms, original_sale_id
    FROM operation LEFT JOIN sale ON sale.op_id = operation.op_id ORDER BY op_no";

pub(super) fn check(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    each_row(tx, DOCUMENTS, faults, "operation", |row, faults| {
        let body = row.get::<&str>("body")?;
        let op_id = id(row, "op_id")?;
        let mut fault = |detail: String| faults.add("document", format!("operation {op_id}: {detail}"));
        if Hash32::of(body.as_bytes()) != hash(row, "body_hash")? {
            fault("its body was changed".to_owned());
            return Ok(());
        }
        let kind = row.get::<&str>("op_kind")?;
        let verdict: Verdict = json(row, "verdict")?;
        match (OperationBody::decode(kind, row.get("kind_version")?, body), optional_id(row, "sale_id")?) {
            (Ok(OperationBody::SaleComplete(document)), Some(_)) => {
                for column in differences(row, &document, &verdict)? {
                    fault(format!("its sale is filed with another {column} than its document says"));
                }
            }
            // Of two documents under one id the second is refused and not filed.
            (Ok(OperationBody::SaleComplete(_)), None) if matches!(verdict, Verdict::Applied { .. }) => {
                fault("its sale is missing".to_owned());
            }
            (Ok(_) | Err(_), Some(_)) => fault("it is filed as a sale and is none".to_owned()),
            (Ok(_) | Err(_), None) => {}
        }
        Ok(())
    })
}

/// Columns in which a sale is not what its document and verdict say.
fn differences(row: Row<'_>, document: &SaleDocument, verdict: &Verdict) -> Sql<Vec<&'static str>> {
    let head = &document.head;
    let original = head.original.as_ref().and_then(|original| original.sale_id);
    let sender = id(row, "sender")?;
    let same = [
        ("sale_id", id(row, "sale_id")? == head.sale_id.0),
        ("device_id", id(row, "device_id")? == sender && head.device_id == DeviceId(sender)),
        ("state", Some(row.get::<&str>("state")?) == is_kept(verdict)),
        ("kind", row.get::<&str>("kind")? == head.kind.as_str()),
        ("currency", row.get::<&str>("currency")? == head.currency.code()),
        ("currency_digits", row.get::<i64>("currency_digits")? == i64::from(head.currency.exponent())),
        ("net_minor", row.get::<i64>("net_minor")? == document.net.minor()),
        ("tax_minor", row.get::<i64>("tax_minor")? == document.tax.minor()),
        ("total_minor", row.get::<i64>("total_minor")? == document.total.minor()),
        ("sold_at_ms", row.get::<i64>("sold_at_ms")? == head.sold_at_ms),
        ("original_sale_id", optional_id(row, "original_sale_id")? == original.map(|id| id.0)),
    ];
    // A document that came from another register than its own is kept, refused.
    let refused = !matches!(verdict, Verdict::Applied { .. });
    let differs = |(column, same): (&'static str, bool)| {
        let explained = same || (refused && column == "device_id");
        (!explained).then_some(column)
    };
    Ok(same.into_iter().filter_map(differs).collect())
}

/// The state in which a sale with this verdict is kept; `None` when it is not.
fn is_kept(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Applied { .. } => Some("applied"),
        Verdict::Rejected { reason: RejectReason::Withdrawn, .. } => Some("withdrawn"),
        Verdict::Rejected { .. } => Some("rejected"),
        Verdict::InsufficientStock { .. }
        | Verdict::Conflict { .. }
        | Verdict::BlockedBy { .. }
        | Verdict::Gap { .. }
        | Verdict::BodyMismatch
        | Verdict::StaleEpoch { .. }
        | Verdict::UnknownKind
        | Verdict::Retry { .. } => None,
    }
}
