//! What a crash left between the question to the server and its end is finished at the next start, exactly once.

use std::time::Duration;

use pos_domain::refund::comes_back;
use pos_domain::{Cart, SaleDocument};
use pos_store::{carts, queue, sales};
use pos_sync::CheckoutAnswer;

use super::checkout::{Begun, Order, lease_until};
use super::ringing::Pending;
use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;

impl App {
    /// Sales that a crash, or a disk in trouble, left between the question and its end: at start and before the next
    /// sale. The server is asked again; without an answer the sale stands, as it does at the counter.
    pub(crate) async fn recover_checkouts(&self) -> Result<(), AppError> {
        #[cfg(feature = "planted")]
        if pos_planted::is(pos_planted::Bug::BegunSaleIsNotFinished) {
            return Ok(());
        }
        let unfinished = self.read(|conn| Ok(sales::list_unfinished(conn)?)).await?;
        for sale in unfinished {
            tracing::warn!(sale_id = %sale.sale_id, "finishing a sale that was stopped");
            let pending =
                Pending { sale_id: sale.sale_id, kind: sale.kind, document_hash: sale.document_hash };
            let begun = Begun { sale: pending, op_id: sale.op_id, blocked: Vec::new(), notices: Vec::new() };
            let (settings, cart, stored) = self
                .read(move |conn| {
                    let stored = sales::find(conn, sale.sale_id)?;
                    Ok((pos_store::settings::load(conn)?, carts::find_open(conn)?, stored))
                })
                .await?;
            let deadline = Duration::from_millis(u64::from(settings.checkout_deadline_ms));
            let answer = match self.link() {
                Some(link) => {
                    let lease = lease_until(self.now_ms(), deadline);
                    let op_id = begun.op_id;
                    let claimed = self.write(move |tx| Ok(queue::claim_one(tx, op_id, lease)?)).await?;
                    link.checkout(claimed, deadline).await
                }
                None => CheckoutAnswer::Offline,
            };
            let sold = |c: &Cart| stored.as_ref().is_some_and(|s| same_goods(c, &s.document));
            let cart = cart.map(|s| s.cart).filter(sold);
            let from_counter = cart.is_some();
            let cart = cart.unwrap_or_else(|| crate::cart_edit::empty(self.new_id()));
            let request_id = self.new_id();
            let order = Order { request_id, cart, tenders: Vec::new(), from_counter, back: None };
            match self.conclude(order, begun, answer).await {
                Ok(_) => {}
                Err(e) if is_refusal(e.code) => {
                    tracing::info!(code = e.code.as_str(), "the sale was taken back")
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

fn is_refusal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SaleInsufficientStock
            | ErrorCode::SaleRefused
            | ErrorCode::SaleNeedsServer
            | ErrorCode::SaleBlockedOffline
    )
}

/// Whether the cart on the counter holds what a document sold. What came back in exchange was never in it.
fn same_goods(cart: &Cart, document: &SaleDocument) -> bool {
    let sold = || document.lines.iter().filter(|line| document.head.original.is_none() || !comes_back(line));
    cart.lines.len() == sold().count()
        && cart.lines.iter().zip(sold()).all(|(c, d)| {
            (c.product_id, c.qty, c.unit_price) == (d.item.product_id, d.item.qty, d.item.unit_price)
        })
}
