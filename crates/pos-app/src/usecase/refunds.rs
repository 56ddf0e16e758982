//! Goods that come back, line by line: a refund, or an exchange for what is in the cart.
//!
//! Both are one document that names its sale and goes the way of every checkout, so the server is asked whether that much
//! may come back while the customer waits. What is worth how much is decided by [`pos_domain::refund`].

use pos_domain::authority::Need;
use pos_domain::cart::{Discount, LineTerms, PricedCart, price};
use pos_domain::document::DocumentCustomer;
use pos_domain::refund::{LineLeft, comes_back, line_back};
use pos_domain::settings::ShopSettings;
use pos_domain::tender::payable;
use pos_domain::{
    Approval, ApprovalId, Cart, CartLine, CustomerId, Money, Permission, Quantity, RequestId, SaleDocument,
    SaleId, SaleKind, SaleLine, Tender, TenderKind,
};
use pos_store::audit::{self, AuditEntry};
use pos_store::carts::SavedCart;
use pos_store::{Conn, Tx, carts, customers, settings};
use serde_json::json;

use super::approvals::{Wanted, authorise};
use super::checkout::{Order, TakenBack, in_doubt};
use super::originals::{Original, Sold};
use crate::app::{App, Counter};
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::ids::IdSource;
use crate::outcome::Outcome;
use crate::view::{
    GoodsBack, RefundDraft, RefundLineView, RefundQuote, ReturnReason, SaleCompleted, ShortLineView,
    VoidRefusal,
};

/// Which goods come back, and whether they are exchanged for the cart on the counter.
#[derive(Debug, Clone)]
pub struct WhatBack {
    /// Printed number of the sale.
    pub number: String,
    /// At least one.
    pub lines: Vec<GoodsBack>,
    /// The cart on the counter is sold in the same document.
    pub with_cart: bool,
}

/// A refund that somebody wants made.
#[derive(Debug, Clone)]
pub struct RefundWish {
    /// Made anew for each press of the button.
    pub request_id: RequestId,
    /// What comes back.
    pub what: WhatBack,
    /// Why.
    pub reason: ReturnReason,
    /// More words about it, printed.
    pub note: Option<String>,
    /// How the money goes back, or in an exchange perhaps comes in; amounts positive.
    pub tenders: Vec<Tender>,
    /// Another person's yes, where the cashier alone may not.
    pub approval_id: Option<ApprovalId>,
    /// To whom store credit goes, where the sale names nobody.
    pub customer_id: Option<CustomerId>,
}

/// What comes back and what leaves instead, with its price.
struct Worth {
    cart: Cart,
    priced: PricedCart,
    kind: SaleKind,
    /// Positive.
    due: Money,
    back: Money,
    instead: Money,
}

impl App {
    /// `refund.draft`: what may come back of a sale.
    pub async fn draft_refund(&self, number: &str) -> Result<Outcome<RefundDraft>, AppError> {
        Ok(Outcome::read(draft_view(self.original(number).await?)))
    }

    /// `refund.quote`: what goods that come back are worth.
    pub async fn quote_refund(&self, what: WhatBack) -> Result<Outcome<RefundQuote>, AppError> {
        let original = self.original(&what.number).await?;
        let ids = self.inner.ids.clone();
        let quote = self
            .read(move |conn| {
                let settings = settings::load(conn)?;
                let worth = worth(conn, &settings, &original, &what, &ids)?;
                quote_of(&settings, &original, &worth)
            })
            .await?;
        Ok(Outcome::read(quote))
    }

    /// `refund.complete`: takes the goods back, and gives the money back. Pressing twice does it once.
    pub async fn complete_refund(&self, wish: RefundWish) -> Result<Outcome<SaleCompleted>, AppError> {
        let _one_at_a_time = self.inner.checkout.lock().await;
        self.recover_checkouts().await.map_err(in_doubt)?;
        if let Some(done) = self.find_done(wish.request_id).await? {
            return self.completed(done, Vec::new()).await;
        }
        let original = self.original(&wish.what.number).await?;
        let ids = self.inner.ids.clone();
        let order = self.read(move |conn| order_of(conn, &original, wish, &ids)).await?;
        self.sell(order).await
    }
}

fn order_of(conn: &Conn, original: &Original, wish: RefundWish, ids: &IdSource) -> Result<Order, AppError> {
    let settings = settings::load(conn)?;
    let Worth { mut cart, kind, due, .. } = worth(conn, &settings, original, &wish.what, ids)?;
    let back = kind.takes_back();
    if let Some(sold) = original.sale.as_ref().filter(|_| back) {
        sold.check_tenders(&wish.tenders, due)?;
    }
    let tenders = wish.tenders.into_iter().filter(|t| !t.amount.is_zero()).map(|tender| Tender {
        amount: if back { tender.amount.abs().negated() } else { tender.amount },
        ..tender
    });
    let note = wish.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    let reason = reason_words(wish.reason, &settings.locale);
    cart.note = Some(note.map_or(reason.to_owned(), |note| format!("{reason}: {note}")));
    let sold = original.sale.as_ref();
    let taken_back = TakenBack {
        kind,
        original: original.named(),
        terms: sold.map(|sold| (sold.document.head.rules, sold.document.head.cash_rounding)),
        // Who bought gets it back, unless the new cart is somebody else's.
        customer: match (cart.customer_id, buyer(conn, sold)?) {
            (Some(_), _) => None,
            (None, Some(buyer)) => Some(buyer),
            (None, None) => wish.customer_id.map(|id| named(conn, id)).transpose()?,
        },
        subject: sold.map_or(wish.request_id.0, |sold| sold.document.head.sale_id.0),
        approval_id: wish.approval_id,
        reason: wish.reason,
    };
    Ok(Order {
        request_id: wish.request_id,
        from_counter: wish.what.with_cart,
        cart,
        tenders: tenders.collect(),
        back: Some(taken_back),
    })
}

/// The customer of a sale, as known now.
pub(super) fn buyer(conn: &Conn, sold: Option<&Sold>) -> Result<Option<DocumentCustomer>, AppError> {
    let Some(customer) = sold.and_then(|sold| sold.document.customer.as_ref()) else { return Ok(None) };
    let id =
        pos_store::mappings::resolve(conn, pos_domain::body::EntityKind::Customer, customer.customer_id.0)?;
    let known = customers::find(conn, id.into())?.map(|c| c.row.name);
    let name = known.unwrap_or_else(|| customer.name.clone());
    Ok(Some(DocumentCustomer { customer_id: id.into(), name }))
}

fn named(conn: &Conn, customer_id: CustomerId) -> Result<DocumentCustomer, AppError> {
    let missing = || AppError::new(ErrorCode::CustomerNotFound);
    let name = customers::find(conn, customer_id)?.ok_or_else(missing)?.row.name;
    Ok(DocumentCustomer { customer_id, name })
}

/// The lines that come back and those of the cart on the counter, if it is exchanged for them, and what all of it costs.
fn worth(
    conn: &Conn,
    settings: &ShopSettings,
    original: &Original,
    what: &WhatBack,
    ids: &IdSource,
) -> Result<Worth, AppError> {
    let rules = original.sale.as_ref().map_or(settings.rules, |sold| sold.document.head.rules);
    let back = lines_back(conn, settings, original, &what.lines, ids)?;
    let open = if what.with_cart { carts::find_open(conn)? } else { None };
    let mut cart = match open {
        Some(SavedCart { cart, .. }) if !cart.lines.is_empty() => cart,
        Some(_) | None if what.with_cart => return Err(AppError::new(ErrorCode::CartEmpty)),
        Some(_) | None => cart_edit::empty(ids.next()),
    };
    if what.with_cart && rules != settings.rules {
        // One document has one way to compute its prices.
        return Err(AppError::input("rules", "out_of_range"));
    }
    let terms = |lines: &[CartLine]| lines.iter().map(LineTerms::from).collect::<Vec<_>>();
    let instead = price(rules, &terms(&cart.lines), cart.discount)?;
    // A part of the new goods' price stays that part, whatever comes back beside them.
    let off = Money::sum(instead.lines.iter().map(|line| line.cart_discount)).map_err(AppError::internal)?;
    cart.discount = cart.discount.map(|_| Discount::Amount(off)).filter(|_| off > Money::ZERO);
    cart.lines.splice(0..0, back.iter().cloned());
    let priced = price(rules, &terms(&cart.lines), cart.discount)?;
    let given = price(rules, &terms(&back), None)?.gross.negated();
    let takes_back = priced.gross.is_negative() || !what.with_cart;
    if takes_back && cart.discount.is_some() {
        return Err(AppError::input("discount", "out_of_range"));
    }
    Ok(Worth {
        kind: if takes_back { SaleKind::Refund } else { SaleKind::Sale },
        due: priced.gross.abs(),
        back: given,
        instead: instead.gross,
        cart,
        priced,
    })
}

/// The lines of a document for the goods that come back, within what is left of the sale.
fn lines_back(
    conn: &Conn,
    settings: &ShopSettings,
    original: &Original,
    wanted: &[GoodsBack],
    ids: &IdSource,
) -> Result<Vec<CartLine>, AppError> {
    if wanted.is_empty() {
        return Err(AppError::new(ErrorCode::CartEmpty));
    }
    if wanted.iter().any(|goods| !goods.qty.is_positive()) {
        return Err(AppError::input("qty", "not_positive"));
    }
    match &original.sale {
        Some(sold) => lines_of_sale(sold, wanted, ids),
        None => wanted.iter().map(|goods| typed_line(conn, settings, goods, ids)).collect(),
    }
}

fn lines_of_sale(sold: &Sold, wanted: &[GoodsBack], ids: &IdSource) -> Result<Vec<CartLine>, AppError> {
    let mut lines = Vec::with_capacity(wanted.len());
    let mut beyond = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for goods in wanted {
        let (line, left) = find_line(sold, goods)?;
        if !seen.insert(line.item.line_id) {
            return Err(AppError::input("line_id", "duplicate"));
        }
        if goods.qty > left.qty {
            beyond.push(ShortLineView {
                product_id: line.item.product_id,
                code: line.item.code.clone(),
                name: line.item.name.clone(),
                asked: goods.qty,
                available: left.qty,
            });
            continue;
        }
        let serials = serials_back(sold, line, left, goods)?;
        lines.push(line_back(line, left, goods.qty, sold.document.head.rules, (ids.next(), serials))?);
    }
    if beyond.is_empty() { Ok(lines) } else { Err(refund_beyond(&beyond)) }
}

/// The line of a sale that goods are of: by its id, else the first of that code with enough left.
fn find_line<'a>(sold: &'a Sold, goods: &GoodsBack) -> Result<(&'a SaleLine, LineLeft), AppError> {
    let of = |line: &SaleLine| match (&goods.line_id, &goods.code) {
        (Some(id), _) => line.item.line_id == *id,
        (None, Some(code)) => line.item.code.eq_ignore_ascii_case(code.trim()) && line.item.qty.is_positive(),
        (None, None) => false,
    };
    let mut found = None;
    for (line, left) in sold.document.lines.iter().zip(&sold.left).filter(|(line, _)| of(line)) {
        if left.qty >= goods.qty {
            return Ok((line, *left));
        }
        found = found.or(Some((line, *left)));
    }
    found.ok_or_else(|| AppError::new(ErrorCode::CartLineNotFound))
}

/// The numbers of a line that no refund known here has brought back.
fn serials_left(sold: &Sold, line: &SaleLine) -> Vec<String> {
    let back = |serial: &&String| {
        let lines = sold.refunds.iter().flat_map(|refund| &refund.lines);
        lines.filter(|line| comes_back(line)).any(|line| line.item.serials.contains(serial))
    };
    line.item.serials.iter().filter(|serial| !back(serial)).cloned().collect()
}

fn serials_back(
    sold: &Sold,
    line: &SaleLine,
    left: LineLeft,
    goods: &GoodsBack,
) -> Result<Vec<String>, AppError> {
    let there = serials_left(sold, line);
    if goods.serials.is_empty() && goods.qty == left.qty {
        return Ok(there);
    }
    if goods.serials.iter().any(|serial| !there.contains(serial)) {
        return Err(AppError::input("serials", "not_sold"));
    }
    let pieces = usize::try_from(goods.qty.milli() / 1_000).unwrap_or(usize::MAX);
    if !there.is_empty() && goods.serials.len() != pieces {
        return Err(AppError::input("serials", "count"));
    }
    Ok(goods.serials.clone())
}

/// A line of a sale that nobody here knows, typed by hand.
fn typed_line(
    conn: &Conn,
    settings: &ShopSettings,
    goods: &GoodsBack,
    ids: &IdSource,
) -> Result<CartLine, AppError> {
    let code = goods.code.as_deref().ok_or_else(|| AppError::input("code", "empty"))?;
    let product = super::catalogue::by_code(conn, code)?;
    let price = goods.unit_price.as_deref().map(|text| Money::parse(text, settings.currency)).transpose();
    let price = price.map_err(decimal("unit_price"))?.unwrap_or(product.price);
    if price.is_negative() {
        return Err(AppError::input("unit_price", "negative"));
    }
    let mut line = cart_edit::line_of(&product, &product.code, goods.qty.negated(), price, ids.next());
    line.serials.clone_from(&goods.serials);
    Ok(line)
}

fn quote_of(settings: &ShopSettings, original: &Original, worth: &Worth) -> Result<RefundQuote, AppError> {
    let due = |kind| {
        payable(worth.priced.gross, settings.cash_rounding, kind)
            .map(Money::abs)
            .map_err(|e| AppError::input("cash_rounding", e))
    };
    let pays_back = worth.kind.takes_back();
    let cash = |rest: Money| payable(rest, settings.cash_rounding, TenderKind::Cash).unwrap_or(rest);
    let payable_cash = due(TenderKind::Cash)?;
    let proposed = match &original.sale {
        Some(sold) if pays_back => sold.propose(worth.due, cash),
        Some(_) | None if payable_cash.is_zero() => Vec::new(),
        Some(_) | None => vec![Tender { kind: TenderKind::Cash, amount: payable_cash, reference: None }],
    };
    Ok(RefundQuote {
        back: worth.back,
        instead: worth.instead,
        pays_back,
        payable_cash,
        payable_other: due(TenderKind::Card)?,
        proposed,
    })
}

fn draft_view(original: Original) -> RefundDraft {
    let Original { number, source, sale } = original;
    let Some(sold) = sale else {
        return RefundDraft {
            number,
            source,
            sale_id: None,
            sold_at_ms: None,
            register: None,
            customer: None,
            lines: Vec::new(),
            tenders: Vec::new(),
            void_refusal: Some(VoidRefusal::OtherRegister),
        };
    };
    let Sold { document, left, void_refusal, .. } = &sold;
    let lines = document.lines.iter().zip(left).filter(|(line, _)| line.item.qty.is_positive());
    let lines = lines.map(|(line, left)| RefundLineView {
        line_id: line.item.line_id,
        product_id: line.item.product_id,
        code: line.item.code.clone(),
        name: line.item.name.clone(),
        unit: line.item.unit.clone(),
        sold: line.item.qty,
        left: left.qty,
        left_paid: left.gross,
        serials: serials_left(&sold, line),
    });
    RefundDraft {
        number,
        source,
        sale_id: Some(document.head.sale_id),
        sold_at_ms: Some(document.head.sold_at_ms),
        register: Some(document.head.register.clone()),
        customer: document.customer.as_ref().map(|customer| customer.name.clone()),
        lines: lines.collect(),
        tenders: document.tenders.clone(),
        void_refusal: *void_refusal,
    }
}

/// More than was sold, or than is left of it.
pub(super) fn refund_beyond(lines: &[ShortLineView]) -> AppError {
    AppError::with(ErrorCode::RefundBeyond, json!({ "lines": lines }))
}

/// A reason as the receipt says it, in the language of the shop.
pub(super) fn reason_words(reason: ReturnReason, locale: &str) -> &'static str {
    let french = locale.starts_with("fr");
    match (reason, french) {
        (ReturnReason::Defective, true) => "Défectueux",
        (ReturnReason::Defective, false) => "Defective",
        (ReturnReason::WrongItem, true) => "Mauvais article",
        (ReturnReason::WrongItem, false) => "Wrong item",
        (ReturnReason::NotWanted, true) => "Plus souhaité",
        (ReturnReason::NotWanted, false) => "No longer wanted",
        (ReturnReason::Price, true) => "Erreur de prix",
        (ReturnReason::Price, false) => "Wrong price",
        (ReturnReason::Other, true) => "Autre raison",
        (ReturnReason::Other, false) => "Other reason",
    }
}

/// Lets the person at the register take goods or a whole sale back, by their role or by another person's yes.
pub(super) fn authorise_back(
    tx: &Tx<'_>,
    counter: &Counter,
    order: &Order,
    document: &SaleDocument,
    now_ms: i64,
) -> Result<Vec<Approval>, AppError> {
    let Some(back) = &order.back else { return Ok(Vec::new()) };
    let mut given = Vec::new();
    for need in Need::of_sale(document, &counter.settings) {
        if matches!(need.permission, Permission::Refund | Permission::VoidSale) {
            let wanted = Wanted { subject: back.subject, need };
            given.extend(authorise(tx, counter, &wanted, back.approval_id, now_ms)?);
        }
    }
    Ok(given)
}

/// Leaves a trace of goods that came back, with the reason.
pub(super) fn record_back(
    tx: &Tx<'_>,
    counter: &Counter,
    order: &Order,
    sale_id: SaleId,
    now_ms: i64,
) -> Result<(), AppError> {
    let Some(back) = &order.back else { return Ok(()) };
    let action = match back.kind {
        SaleKind::Sale => "sale.exchanged",
        SaleKind::Refund => "sale.refunded",
        SaleKind::Void => "sale.voided",
    };
    let entry = AuditEntry {
        at_ms: now_ms,
        actor: counter.cashier.name.clone(),
        action: action.to_owned(),
        subject: Some(sale_id.0),
        detail: json!({ "original": back.original.number, "reason": back.reason.as_str() }),
    };
    audit::record(tx, &entry)?;
    Ok(())
}

/// Whether the server's refusal of a product is about what comes back of it, and not about what leaves.
pub(super) fn brings_back(cart: &Cart, product: pos_domain::ProductId) -> bool {
    let of = |wanted: fn(&Quantity) -> bool| {
        cart.lines.iter().any(|line| line.product_id == product && wanted(&line.qty) && !line.trade_in)
    };
    of(|qty| qty.is_negative()) && !of(|qty| qty.is_positive())
}
