//! Checkout: from a cart and its tenders to a final document, once.
//!
//! `pending -> final | rolled_back`, and never back. Online, the server is asked first and may say that the goods are
//! not there; then the cart is given back. No answer in time means "unknown", never "refused": the sale is latched to
//! a fact and printed. A register that knows that it is offline asks nobody and writes once.

use std::time::Duration;

use pos_domain::authority::Need;
use pos_domain::cart::PriceRules;
use pos_domain::document::{DocumentCustomer, OriginalSale};
use pos_domain::rounding::CashRounding;
use pos_domain::settings::ShopSettings;
use pos_domain::{ApprovalId, Cart, OpId, RequestId, SaleDocument, SaleId, SaleKind, Tender};
use pos_store::audit::{self, AuditEntry};
use pos_store::queue::{self, Claimed, ErrorClass, Fenced, Lane, OpFault};
use pos_store::{Tx, carts, customers, local, products, sales};
use pos_sync::{Answered, CheckoutAnswer, SaleVerdict, ShortLine};
use serde_json::json;
use uuid::Uuid;

use super::accounts::authorise_credit;
use super::approvals::{authorise_cart, authorise_lines};
use super::cart_price::record_price;
use super::known_stock::check_known_stock;
use super::printing::ask_after_sale;
use super::records::Stamp;
use super::refunds::{self, refund_beyond};
use super::ringing::{Pending, head_of, insert, number_of, ring_up, seal};
use super::serials::check_complete;
use super::shift::check_shift_of_sale;
use super::trade_in::{next_swap_number, settled};
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{ReturnReason, SaleCompleted, SaleNotice, ShortLineView};

/// How long beyond its deadline a checkout keeps its claim on the operation, so that nobody else sends it meanwhile.
const LEASE_SLACK_MS: i64 = 10_000;

/// What is sold, by whom, from which cart.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) request_id: RequestId,
    pub(crate) cart: Cart,
    pub(crate) tenders: Vec<Tender>,
    /// The cart is the one on the counter: it goes when the sale is final and stays when it is refused.
    pub(crate) from_counter: bool,
    /// What makes it more than a sale: goods of an earlier one come back.
    pub(crate) back: Option<TakenBack>,
}

/// How goods of an earlier sale come back: the cart holds them as lines below zero.
#[derive(Debug, Clone)]
pub(crate) struct TakenBack {
    pub(crate) kind: SaleKind,
    pub(crate) original: OriginalSale,
    /// How the earlier sale computed its prices and rounded what was paid, when it is known.
    pub(crate) terms: Option<(PriceRules, Option<CashRounding>)>,
    /// Who bought, unless the cart names somebody.
    pub(crate) customer: Option<DocumentCustomer>,
    /// What another person's yes is about.
    pub(crate) subject: Uuid,
    pub(crate) approval_id: Option<ApprovalId>,
    pub(crate) reason: ReturnReason,
}

/// A sale that was begun and waits for the server.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) sale: Pending,
    pub(crate) op_id: OpId,
    /// Lines that this register may not sell below its known stock without the server.
    pub(crate) blocked: Vec<ShortLineView>,
    pub(crate) notices: Vec<SaleNotice>,
}

impl App {
    /// `sale.complete`: sells the open cart.
    pub async fn complete_sale(
        &self,
        request_id: RequestId,
        tenders: Vec<Tender>,
    ) -> Result<Outcome<SaleCompleted>, AppError> {
        let _one_at_a_time = self.inner.checkout.lock().await;
        self.recover_checkouts().await.map_err(in_doubt)?;
        if let Some(done) = self.find_done(request_id).await? {
            return self.completed(done, Vec::new()).await;
        }
        let open = self.read(|conn| Ok(carts::find_open(conn)?)).await?;
        let cart = open.map(|s| s.cart).filter(|c| !c.lines.is_empty());
        let cart = cart.ok_or_else(|| AppError::new(ErrorCode::CartEmpty))?;
        let order = Order { request_id, cart, tenders, from_counter: true, back: None };
        #[cfg(feature = "planted")] // Incident 1.
        let order = if pos_planted::is(pos_planted::Bug::PressIsForgotten) {
            Order { request_id: self.new_id(), from_counter: false, ..order }
        } else {
            order
        };
        self.sell(order).await
    }

    /// Sells an order; the caller holds the checkout lock and has seen that the request was not done before.
    pub(crate) async fn sell(&self, order: Order) -> Result<Outcome<SaleCompleted>, AppError> {
        match self.link().filter(|l| l.is_online()) {
            None => self.sell_offline(order).await,
            Some(link) => {
                let (begun, claimed, deadline) = self.begin(&order).await?;
                let answer = link.checkout(claimed, deadline).await;
                self.conclude(order, begun, answer).await.map_err(in_doubt)
            }
        }
    }

    /// One transaction: the sale is a fact the moment it is written.
    async fn sell_offline(&self, order: Order) -> Result<Outcome<SaleCompleted>, AppError> {
        let (stamp, key) = (self.stamp(Lane::Checkout), self.signing_key()?);
        let sale_id = self.new_id();
        let joined = self.link().is_some();
        let request = order.request_id;
        let write = move |tx: &Tx<'_>| {
            let counter = Counter::load(tx)?;
            if counter.settings.sales_need_server && joined {
                return Err(AppError::new(ErrorCode::SaleNeedsServer));
            }
            let known = check_known_stock(tx, &order.cart)?;
            if !known.blocked.is_empty() {
                return Err(blocked_offline(&known.blocked));
            }
            let document = document_of(tx, &counter, &order, sale_id, &stamp)?;
            ring_up(tx, &stamp, &key, document, Some(order.request_id))?;
            ask_after_sale(tx, sale_id, stamp.now_ms)?;
            record_prices(tx, &counter, &order, stamp.now_ms)?;
            refunds::record_back(tx, &counter, &order, sale_id, stamp.now_ms)?;
            if order.from_counter {
                carts::remove(tx, order.cart.cart_id)?;
            }
            Ok(known.notices)
        };
        let mut result = self.write_sale(write.clone()).await;
        if result.as_ref().is_err_and(|e| e.code == ErrorCode::StorageUnknownOutcome)
            && matches!(self.find_done(request).await, Ok(None))
            && !self.inner.store.is_stopped()
        {
            // Settled: nothing was written. A disk that was full in COMMIT has the reserve by now.
            result = self.write_sale(write).await;
        }
        let notices = match result {
            // Nobody knows whether it was written: the file, reopened, does.
            Err(e) if e.code == ErrorCode::StorageUnknownOutcome => match self.find_done(request).await {
                Ok(Some(_)) => Vec::new(),
                Ok(None) if !self.inner.store.is_stopped() => {
                    let detail = json!({ "detail": "nothing was written" });
                    return Err(AppError::with(ErrorCode::StorageFailed, detail).caused_by(e));
                }
                // Shut, the file says nothing.
                Ok(None) | Err(_) => return Err(e),
            },
            other => other?,
        };
        self.sold();
        self.completed(sale_id, notices).await.map_err(in_doubt)
    }

    /// First transaction of an online checkout: the sale, its movements and its operation, claimed for the checkout's
    /// own lane.
    async fn begin(&self, order: &Order) -> Result<(Begun, Vec<Claimed>, Duration), AppError> {
        let (stamp, order) = (self.stamp(Lane::Checkout), order.clone());
        let (sale_id, op_id): (SaleId, OpId) = (self.new_id(), self.new_id());
        self.write_sale(move |tx| {
            let counter = Counter::load(tx)?;
            let document = document_of(tx, &counter, &order, sale_id, &stamp)?;
            let known = check_known_stock(tx, &order.cart)?;
            let sale = insert(tx, &stamp, document, op_id, queue::OpMode::Admit, Some(order.request_id))?;
            record_prices(tx, &counter, &order, stamp.now_ms)?;
            refunds::record_back(tx, &counter, &order, sale_id, stamp.now_ms)?;
            let deadline = Duration::from_millis(u64::from(counter.settings.checkout_deadline_ms));
            let claimed = queue::claim_one(tx, op_id, lease_until(stamp.now_ms, deadline))?;
            let begun = Begun { sale, op_id, blocked: known.blocked, notices: known.notices };
            Ok((begun, claimed, deadline))
        })
        .await
    }

    /// Second transaction of an online checkout.
    pub(crate) async fn conclude(
        &self,
        order: Order,
        begun: Begun,
        answer: CheckoutAnswer,
    ) -> Result<Outcome<SaleCompleted>, AppError> {
        let settings = self.read(|conn| Ok(pos_store::settings::load(conn)?)).await?;
        let cart_id = order.from_counter.then_some(order.cart.cart_id);
        let sale_id = begun.sale.sale_id;
        match answer {
            CheckoutAnswer::Applied(verdict) => {
                self.finish(&begun, cart_id, Some(verdict)).await?;
                self.sold();
                self.completed(sale_id, Vec::new()).await
            }
            CheckoutAnswer::Short { lines, answered } => {
                let lines = self.short_lines(lines).await?;
                let params = json!({ "lines": lines });
                self.roll_back(&begun, "insufficient_stock", params.clone(), Some(answered)).await?;
                if let Some(link) = self.link() {
                    link.is_behind();
                }
                if order.back.is_some()
                    && lines.iter().all(|l| refunds::brings_back(&order.cart, l.product_id))
                {
                    return Err(refund_beyond(&lines));
                }
                Err(AppError::with(ErrorCode::SaleInsufficientStock, params))
            }
            CheckoutAnswer::Rejected { reason, field, detail, answered } => {
                tracing::warn!(reason = reason.as_str(), field, detail, "the server refused a sale for good");
                let params = json!({ "reason": reason.as_str(), "field": field });
                self.roll_back(&begun, "refused", params.clone(), Some(answered)).await?;
                Err(AppError::with(ErrorCode::SaleRefused, params))
            }
            CheckoutAnswer::Unknown(_) | CheckoutAnswer::Offline => {
                if let Some(refusal) = refusal_without_server(&settings, &begun) {
                    self.roll_back(&begun, refusal.code.as_str(), refusal.params.clone(), None).await?;
                    return Err(refusal);
                }
                let notices = begun.notices.clone();
                self.finish(&begun, cart_id, None).await?;
                self.sold();
                self.completed(sale_id, notices).await
            }
        }
    }

    /// Makes a begun sale final: with the server's verdict, or as a fact that the server will be told.
    async fn finish(
        &self,
        begun: &Begun,
        cart_id: Option<pos_domain::CartId>,
        verdict: Option<SaleVerdict>,
    ) -> Result<(), AppError> {
        let (key, now_ms) = (self.signing_key()?, self.now_ms());
        let Begun { sale, op_id, .. } = *begun;
        let write = move |tx: &Tx<'_>| {
            match &verdict {
                Some(verdict) => drop(verdict.write(tx, now_ms)?),
                None => queue::latch_to_fact(tx, op_id, now_ms)?,
            }
            seal(tx, &key, sale, now_ms)?;
            ask_after_sale(tx, sale.sale_id, now_ms)?;
            cart_id.map_or(Ok(()), |id| carts::remove(tx, id)).map_err(AppError::from)
        };
        match self.write_sale(write.clone()).await {
            // Reopened: it is final now, or still pending; then the same write is done again.
            Err(e) if e.code == ErrorCode::StorageUnknownOutcome => {
                match self.read(move |conn| number_of(conn, sale.sale_id)).await? {
                    Some(_) => Ok(()),
                    None => self.write_sale(write).await,
                }
            }
            other => other,
        }
    }

    /// Takes a begun sale back: movements reversed, no number used, the reason kept. Without a verdict the server is
    /// told to undo it, should it have taken it.
    async fn roll_back(
        &self,
        begun: &Begun,
        code: &str,
        params: serde_json::Value,
        answered: Option<Answered>,
    ) -> Result<(), AppError> {
        let (now_ms, code) = (self.now_ms(), code.to_owned());
        let Begun { sale: Pending { sale_id, .. }, op_id, .. } = *begun;
        self.write_sale(move |tx| {
            match answered {
                Some(answered) => {
                    let facts = params.as_object().cloned().unwrap_or_default();
                    let fault = OpFault { class: ErrorClass::Permanent, code: code.clone(), params: facts };
                    // The claim ran out while the customer waited, as when the clock was set: the background takes
                    // back what the server refused, which changes nothing there.
                    if queue::reject(tx, op_id, answered.generation, &fault, now_ms)? == Fenced::Stale {
                        queue::latch_to_withdraw(tx, op_id, now_ms)?;
                    }
                }
                None => queue::latch_to_withdraw(tx, op_id, now_ms)?,
            }
            sales::roll_back(tx, sale_id, &code, &params, now_ms)?;
            let actor = Counter::load(tx)?.cashier.name;
            let action = "sale.rolled_back".to_owned();
            let detail = json!({ "code": code, "params": params });
            audit::record(
                tx,
                &AuditEntry { at_ms: now_ms, actor, action, subject: Some(sale_id.0), detail },
            )?;
            Ok(())
        })
        .await
    }

    /// The sale that a request already made.
    pub(crate) async fn find_done(&self, request_id: RequestId) -> Result<Option<SaleId>, AppError> {
        self.read(move |conn| {
            let Some(done) = local::find_request(conn, request_id)? else { return Ok(None) };
            let sale_id = SaleId(done.subject_id);
            match number_of(conn, sale_id)? {
                Some(_) => Ok(Some(sale_id)),
                // It was rolled back; the same press of the button is not a new wish to sell.
                None => Err(AppError::with(
                    ErrorCode::SaleRefused,
                    json!({ "reason": "rolled_back", "field": null }),
                )),
            }
        })
        .await
    }

    pub(crate) async fn completed(
        &self,
        sale_id: SaleId,
        mut notices: Vec<SaleNotice>,
    ) -> Result<Outcome<SaleCompleted>, AppError> {
        self.asked_for_paper();
        if let Some(detail) = self.known_print_trouble().await? {
            notices.push(SaleNotice::NotPrinted { detail });
        }
        let receipt = self.receipt_of(sale_id, false).await?;
        let settlement = receipt.document.settlement;
        let completed = SaleCompleted {
            sale_id,
            number: receipt.number.clone(),
            sync: receipt.sync,
            total: receipt.document.total,
            rounding: settlement.rounding,
            payable: settlement.payable,
            tendered: settlement.tendered,
            change: settlement.change,
            notices,
            receipt,
        };
        Ok(Outcome::changed(
            completed,
            &[Topic::Cart, Topic::Sales, Topic::Stock, Topic::Sync, Topic::Printing, Topic::Accounts],
        ))
    }

    async fn short_lines(&self, lines: Vec<ShortLine>) -> Result<Vec<ShortLineView>, AppError> {
        self.read(move |conn| {
            lines
                .into_iter()
                .map(|line| {
                    let name = products::find(conn, line.product_id)?.map(|p| p.row.name);
                    Ok(ShortLineView {
                        product_id: line.product_id,
                        name: name.unwrap_or_else(|| line.code.clone()),
                        code: line.code,
                        asked: line.asked,
                        available: line.available,
                    })
                })
                .collect()
        })
        .await
    }
}

/// Once a sale was begun, trouble with the file is no refusal: the next press of the button, or the next start,
/// finishes the sale and tells what became of it.
pub(crate) fn in_doubt(error: AppError) -> AppError {
    if matches!(error.code, ErrorCode::StorageFailed | ErrorCode::StorageDiskFull) {
        return AppError::new(ErrorCode::StorageUnknownOutcome).caused_by(error);
    }
    error
}

fn refusal_without_server(settings: &ShopSettings, begun: &Begun) -> Option<AppError> {
    if settings.sales_need_server {
        return Some(AppError::new(ErrorCode::SaleNeedsServer));
    }
    (!begun.blocked.is_empty()).then(|| blocked_offline(&begun.blocked))
}

fn blocked_offline(lines: &[ShortLineView]) -> AppError {
    AppError::with(ErrorCode::SaleBlockedOffline, json!({ "lines": lines }))
}

/// Leaves a trace of the prices that came with an order. The cart on the counter left one when a price was given.
fn record_prices(tx: &Tx<'_>, counter: &Counter, order: &Order, now_ms: i64) -> Result<(), AppError> {
    if order.from_counter || order.back.is_some() {
        return Ok(());
    }
    for line in order.cart.lines.iter().filter(|line| line.unit_price != line.catalogue_price) {
        record_price(tx, now_ms, &counter.cashier.name, line.catalogue_price, line)?;
    }
    Ok(())
}

/// Until when a checkout keeps its claim on the operation.
pub(crate) fn lease_until(now_ms: i64, deadline: Duration) -> i64 {
    let deadline_ms = i64::try_from(deadline.as_millis()).unwrap_or(i64::MAX);
    now_ms.saturating_add(deadline_ms).saturating_add(LEASE_SLACK_MS)
}

/// The document of an order. Its lines get ids of their own: the cart may be given back and sold again.
fn document_of(
    tx: &Tx<'_>,
    counter: &Counter,
    order: &Order,
    sale_id: SaleId,
    stamp: &Stamp,
) -> Result<SaleDocument, AppError> {
    check_shift_of_sale(counter)?;
    check_complete(tx, &order.cart)?;
    let mut cart = order.cart.clone();
    cart.lines.iter_mut().for_each(|line| line.line_id = stamp.ids.next());
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::LineIdsAreReused) {
        cart.lines.clone_from(&order.cart.lines);
    }
    let customer = match cart.customer_id {
        None => None,
        Some(id) => customers::find(tx, id)?
            .map(|c| DocumentCustomer { customer_id: c.row.customer_id, name: c.row.name }),
    };
    let (kind, tenders) = match &order.back {
        Some(back) => (back.kind, order.tenders.clone()),
        None => settled(&order.cart, &counter.settings, &order.tenders)?,
    };
    let mut head = head_of(counter, sale_id, kind, stamp.now_ms);
    head.swap_number = next_swap_number(tx, &order.cart)?;
    let mut customer = customer;
    if let Some(back) = &order.back {
        head.original = Some(back.original.clone());
        (head.rules, head.cash_rounding) = back.terms.unwrap_or((head.rules, head.cash_rounding));
        customer = customer.or_else(|| back.customer.clone());
    }
    let mut document = SaleDocument::build(head, customer, &cart, tenders)?;
    let yes = authorise_lines(tx, counter, &order.cart, &document, stamp.now_ms)?;
    document.head.approvals.extend(yes);
    let yes = authorise_credit(tx, counter, order.cart.cart_id, &document, stamp.now_ms)?;
    document.head.approvals.extend(yes);
    document.head.approvals.extend(refunds::authorise_back(tx, counter, order, &document, stamp.now_ms)?);
    if order.back.is_none() && kind.takes_back() {
        // More is paid out for what came in than what leaves is worth.
        let needs = Need::of_sale(&document, &counter.settings);
        let yes = authorise_cart(tx, counter, order.cart.cart_id, &needs, stamp.now_ms)?;
        document.head.approvals.extend(yes);
    }
    Ok(document)
}
