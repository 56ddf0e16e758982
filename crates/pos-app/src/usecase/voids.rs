//! Taking a whole sale back before its drawer is closed: every line and every tender with the other sign.

use pos_domain::{ApprovalId, Cart, RequestId, SaleDocument, SaleKind, Tender, refund};
use serde_json::json;

use super::checkout::{Order, TakenBack, in_doubt};
use super::originals::Original;
use super::refunds::{buyer, reason_words};
use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::ids::IdSource;
use crate::outcome::Outcome;
use crate::view::{ReturnReason, SaleCompleted, VoidRefusal};

impl App {
    /// `sale.void`: takes a sale of this register back as a whole, unless a Z report covers it or something of it came
    /// back already. Pressing twice does it once.
    pub async fn void_sale(
        &self,
        request_id: RequestId,
        number: &str,
        reason: ReturnReason,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<SaleCompleted>, AppError> {
        let _one_at_a_time = self.inner.checkout.lock().await;
        self.recover_checkouts().await.map_err(in_doubt)?;
        if let Some(done) = self.find_done(request_id).await? {
            return self.completed(done, Vec::new()).await;
        }
        let original = self.original(number).await?;
        let order = self.void_order(request_id, &original, reason, approval_id).await?;
        self.sell(order).await
    }

    async fn void_order(
        &self,
        request_id: RequestId,
        original: &Original,
        reason: ReturnReason,
        approval_id: Option<ApprovalId>,
    ) -> Result<Order, AppError> {
        let refused = |refusal: VoidRefusal| {
            AppError::with(ErrorCode::SaleNotVoidable, json!({ "reason": refusal.as_str() }))
        };
        let sold = original.sale.clone().ok_or_else(|| refused(VoidRefusal::OtherRegister))?;
        if let Some(refusal) = sold.void_refusal {
            return Err(refused(refusal));
        }
        let (ids, named) = (self.inner.ids.clone(), original.named());
        self.read(move |conn| {
            let settings = pos_store::settings::load(conn)?;
            let (cart, tenders) = mirrored(&sold.document, reason_words(reason, &settings.locale), &ids)?;
            let head = &sold.document.head;
            let taken_back = TakenBack {
                kind: SaleKind::Void,
                original: named,
                terms: Some((head.rules, head.cash_rounding)),
                customer: buyer(conn, Some(&sold))?,
                subject: head.sale_id.0,
                approval_id,
                reason,
            };
            Ok(Order { request_id, cart, tenders, from_counter: false, back: Some(taken_back) })
        })
        .await
    }
}

/// The sale with the other sign.
fn mirrored(document: &SaleDocument, note: &str, ids: &IdSource) -> Result<(Cart, Vec<Tender>), AppError> {
    let (lines, tenders) = refund::undone(document, || ids.next()).map_err(AppError::internal)?;
    let cart = Cart {
        cart_id: ids.next(),
        lines,
        discount: document.discount,
        customer_id: None,
        note: Some(note.to_owned()),
    };
    Ok((cart, tenders))
}
