//! Z reports: each covers the documents that its register made since the Z before, with their totals.
//!
//! The order is that of lives and numbers. A Z that covers numbers which are not here, because a register's file was lost
//! before it sent them, cannot be judged by its totals; that it follows the Z before it can.

use std::collections::HashMap;

use pos_domain::shift::{NumberRange, PerpetualTotals, ShiftReport};
use pos_domain::{DeviceId, MoneyOverflow, OperationBody, ShiftTotals, TillContent};

use super::{Faults, each_row};
use crate::apply::z_differences;
use crate::storage::{Row, Sql, Tx, id, natural, unreadable};

/// Every final document of registers that ever closed, in the order of lives and numbers.
const DOCUMENTS: &str = "
    SELECT chain_record.device_id, chain_record.series, chain_record.number, operation.kind AS op_kind, kind_version, body
    FROM chain_record
    LEFT JOIN sale ON sale.sale_id = chain_record.document_id
    LEFT JOIN till_document ON till_document.document_id = chain_record.document_id
    JOIN operation ON operation.op_id = coalesce(sale.op_id, till_document.op_id)
    WHERE EXISTS (
        SELECT 1 FROM till_document AS closing
        WHERE closing.device_id = chain_record.device_id AND closing.z_number IS NOT NULL
    )
    ORDER BY chain_record.device_id, chain_record.epoch, chain_record.number";

/// What a register made since its last Z.
#[derive(Default)]
struct Open {
    ranges: Vec<NumberRange>,
    totals: ShiftTotals,
    last: Option<ShiftReport>,
}

impl Open {
    fn cover(&mut self, series: &str, number: u64) {
        match self.ranges.last_mut().filter(|range| range.series == series && range.last + 1 == number) {
            Some(range) => range.last = number,
            None => self.ranges.push(NumberRange { series: series.to_owned(), first: number, last: number }),
        }
    }

    fn add(&mut self, body: &OperationBody) -> Result<(), MoneyOverflow> {
        match body {
            OperationBody::SaleComplete(document) => self.totals.add_sale(document),
            OperationBody::TillRecord(document) => self.totals.add(document),
            OperationBody::SerialNote(_)
            | OperationBody::EntityCreate(_)
            | OperationBody::EntityUpdate(_)
            | OperationBody::EntityDelete(_)
            | OperationBody::StockAdjust(_)
            | OperationBody::ConflictResolve(_)
            | OperationBody::ConflictReopen(_)
            | OperationBody::MappingDispute(_) => Ok(()),
        }
    }

    /// In what a Z is not what its documents give, and then begins anew behind it.
    fn close(&mut self, report: &ShiftReport) -> Vec<&'static str> {
        let mut differences = z_differences(report, self.last.as_ref());
        let documents = self.ranges.iter().fold(0_u64, |sum, range| sum + (range.last - range.first + 1));
        if self.ranges == report.ranges {
            if self.totals != report.totals {
                differences.push("totals");
            }
            let before = self.last.as_ref().map_or(PerpetualTotals::default(), |last| last.perpetual);
            if before.plus(documents, &self.totals) != Ok(report.perpetual) {
                differences.push("perpetual");
            }
        } else if report.ranges.iter().all(|range| self.holds(range)) {
            differences.push("ranges");
        }
        *self = Self { last: Some(report.clone()), ..Self::default() };
        differences.dedup();
        differences
    }

    /// Whether the documents of a range are among those that are here.
    fn holds(&self, range: &NumberRange) -> bool {
        self.ranges
            .iter()
            .any(|here| here.series == range.series && here.first <= range.first && range.last <= here.last)
            || self.ranges.is_empty()
    }
}

pub(super) fn check(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    let mut registers: HashMap<DeviceId, Open> = HashMap::new();
    each_row(tx, DOCUMENTS, faults, "till_document", |row, faults| {
        let device_id = DeviceId(id(row, "device_id")?);
        let open = registers.entry(device_id).or_default();
        let Some(body) = read(row)? else { return Ok(()) };
        if let OperationBody::TillRecord(document) = &body
            && let TillContent::ShiftClosing(report) = &document.content
        {
            for part in open.close(report) {
                let z_number = report.z_number;
                let detail =
                    format!("Z {z_number} of device {device_id}: {part} is not what its documents give");
                faults.add("closing", detail);
            }
            return Ok(());
        }
        open.cover(row.get("series")?, natural(row, "number")?);
        open.add(&body).map_err(unreadable)
    })
}

/// A document's command; one that was changed is told elsewhere.
fn read(row: Row<'_>) -> Sql<Option<OperationBody>> {
    Ok(OperationBody::decode(row.get("op_kind")?, row.get("kind_version")?, row.get("body")?).ok())
}
