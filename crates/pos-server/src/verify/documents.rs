//! Documents: each body gives its hash, each sale and each document of the drawer is filed and summed as it says, and has
//! the verdict that the register was told.

use pos_domain::body::BodyFault;
use pos_domain::{DeviceId, Hash32, Money, OperationBody, SaleDocument, TillContent};
use pos_protocol::{RejectReason, Verdict};

use super::{Faults, each_row};
use crate::storage::{Row, Sql, Tx, hash, id, json, optional_id, sale};

const DOCUMENTS: &str = "
    SELECT operation.op_id, operation.device_id AS sender, operation.kind AS op_kind, kind_version, body, body_hash, verdict,
        sale_id, sale.device_id, sale.state, sale.kind, sale.currency, sale.currency_digits, net_minor, tax_minor, total_minor,
        sold_at_ms, original_sale_id, sale.customer_id AS buyer_id, numbered_rows,
        till_document.document_id AS till_id, till_document.device_id AS till_device, till_document.state AS till_state,
        till_document.kind AS till_kind, shift_id, till_document.customer_id AS payer_id,
        till_document.currency AS till_currency, till_document.currency_digits AS till_digits, cash_minor, z_number,
        till_document.made_at_ms AS till_made_at_ms
    FROM operation
    LEFT JOIN sale ON sale.op_id = operation.op_id
    LEFT JOIN till_document ON till_document.op_id = operation.op_id
    ORDER BY op_no";

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
        let body = OperationBody::decode(kind, row.get("kind_version")?, body);
        if let Some(detail) = till_fault(row, &body, &verdict)? {
            fault(detail);
        }
        match (body, optional_id(row, "sale_id")?) {
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
    let typed_in = head.original.is_some() && original.is_none();
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
        // A sale that was typed in by its number was looked up when the document came.
        ("original_sale_id", typed_in || optional_id(row, "original_sale_id")? == original.map(|id| id.0)),
        ("customer_id", optional_id(row, "buyer_id")? == document.customer.as_ref().map(|c| c.customer_id.0)),
        ("numbered_rows", is_numbered_as(row.get("numbered_rows")?, document)),
    ];
    // A document that came from another register than its own is kept, refused.
    let refused = !matches!(verdict, Verdict::Applied { .. });
    let differs = |(column, same): (&'static str, bool)| {
        let explained = same || (refused && column == "device_id");
        (!explained).then_some(column)
    };
    Ok(same.into_iter().filter_map(differs).collect())
}

/// Entries and events came with the schema that knows them: sales of before have none.
fn is_numbered_as(rows: i64, document: &SaleDocument) -> bool {
    rows == 0 || rows == sale::numbered_rows(document)
}

/// What is wrong with the way in which an operation is filed as a document of the drawer, if anything is.
fn till_fault(
    row: Row<'_>,
    body: &Result<OperationBody, BodyFault>,
    verdict: &Verdict,
) -> Sql<Option<String>> {
    let filed = optional_id(row, "till_id")?;
    let document = match (body, filed) {
        (Ok(OperationBody::TillRecord(document)), Some(_)) => document,
        (Ok(OperationBody::TillRecord(_)), None) if matches!(verdict, Verdict::Applied { .. }) => {
            return Ok(Some("its document of the drawer is missing".to_owned()));
        }
        (_, Some(_)) => return Ok(Some("it is filed as a document of the drawer and is none".to_owned())),
        (_, None) => return Ok(None),
    };
    let head = &document.head;
    let refused = !matches!(verdict, Verdict::Applied { .. });
    let customer = document.account_effect().map(|(customer, _)| customer.customer_id.0);
    let z_number = match &document.content {
        TillContent::ShiftClosing(report) => Some(report.z_number),
        TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::AccountPayment(_) => None,
    };
    let cash = crate::apply::cash_of(document).map_or(0, Money::minor);
    let same = [
        ("document_id", filed == Some(head.document_id.0)),
        ("device_id", id(row, "till_device")? == id(row, "sender")?),
        ("state", row.get::<&str>("till_state")? == if refused { "rejected" } else { "applied" }),
        ("kind", row.get::<&str>("till_kind")? == document.kind().as_str()),
        ("shift_id", optional_id(row, "shift_id")? == head.shift_id.map(|id| id.0)),
        ("customer_id", optional_id(row, "payer_id")? == customer),
        ("currency", row.get::<&str>("till_currency")? == head.currency.code()),
        ("currency_digits", row.get::<i64>("till_digits")? == i64::from(head.currency.exponent())),
        ("cash_minor", row.get::<i64>("cash_minor")? == cash),
        ("z_number", row.get::<Option<u64>>("z_number")? == z_number),
        ("made_at_ms", row.get::<i64>("till_made_at_ms")? == head.made_at_ms),
    ];
    let wrong = same.iter().find(|(_, same)| !same);
    Ok(wrong.map(|(column, _)| format!("its document is filed with another {column} than it says")))
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
