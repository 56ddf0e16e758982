//! A customer at the counter: three scans and one key. Each scan is on the disk before the line is shown, and the
//! sale is numbered, chained, signed and on the disk before the receipt is.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Sizes;
use super::catalogue::{Catalogue, LINES, barcode};
use super::memory::Watch;
use super::report::{Report, Times, announce};
use super::till::Till;

/// Sells again and again. `how` says where the server is.
pub(super) async fn measure(
    till: &Till,
    how: &str,
    sizes: Sizes,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<()> {
    announce(&format!("selling {how}"));
    let (mut scans, mut sales) = (Times::new()?, Times::new()?);
    let (register, server) = (Watch::own(), Watch::child("comptoir-server"));
    let mut outcomes = Vec::new();
    for sale in 0..sizes.sales {
        let mut cart = Value::Null;
        for product in catalogue.products_of(sale) {
            let (view, took) = till.timed("cart.scan", json!({ "code": barcode(product) })).await?;
            scans.record(took)?;
            cart = view;
        }
        let cash = json!({ "kind": "cash", "amount": cart["payable_cash"], "reference": null });
        let request = json!({ "request_id": till.request_id(), "tenders": [cash] });
        let (sold, took) = till.timed("sale.complete", request).await?;
        sales.record(took)?;
        let lines = sold.pointer("/receipt/document/lines").and_then(Value::as_array).map(Vec::len);
        ensure!(lines == usize::try_from(LINES).ok(), "a sale of {lines:?} lines");
        outcomes.push(sold["sync"].as_str().context("a sale says where it is known")?.to_owned());
    }
    let (register, server) = (register.end(), server.end());
    outcomes.sort();
    let last = outcomes.last().cloned().unwrap_or_default();
    outcomes.dedup();
    ensure!(outcomes.len() == 1, "sales {how} ended differently: {outcomes:?}");
    report.row(format!("scan to line in the cart, {how}")).times(scans).register(&register);
    let row = report.row(format!("sale of 3 lines, key to receipt, {how} ({last})"));
    row.times(sales).register(&register);
    if server.peak_kib.is_some() {
        row.server(&server);
    }
    Ok(())
}
