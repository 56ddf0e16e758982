//! The sale that goods come back of: where it is known from, what is left of it, and how its money may go back.
//!
//! "Known" is what this register sold, what the server told while it was asked, and every refund of it that this register
//! made. What other registers gave back meanwhile is theirs to tell: the server measures each refund once more.

use pos_domain::body::EntityKind;
use pos_domain::document::OriginalSale;
use pos_domain::refund::{Back, LineLeft, brought_back, lines_left};
use pos_domain::{Money, ProductId, SaleDocument, SaleKind, Tender, TenderKind};
use pos_store::queue::OpState;
use pos_store::{Conn, chain, device, mappings, sales};
use pos_sync::{SaleAnswer, SaleFound};
use serde_json::json;

use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::link::ask_sale;
use crate::view::{RefundSource, VoidRefusal};

/// A sale that goods come back of.
#[derive(Debug, Clone)]
pub(crate) struct Original {
    pub(crate) number: String,
    pub(crate) source: RefundSource,
    /// `None` when nobody knows it.
    pub(crate) sale: Option<Sold>,
}

/// A known sale and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Sold {
    pub(crate) document: SaleDocument,
    /// What is left of each line, in their order.
    pub(crate) left: Vec<LineLeft>,
    /// Refunds of it that were made here.
    pub(crate) refunds: Vec<SaleDocument>,
    pub(crate) void_refusal: Option<VoidRefusal>,
}

impl Original {
    /// As a refund names it.
    pub(crate) fn named(&self) -> OriginalSale {
        let sale_id = self.sale.as_ref().map(|sold| sold.document.head.sale_id);
        OriginalSale { sale_id, number: Some(self.number.clone()) }
    }
}

impl App {
    /// The sale of a printed number: from this register, else from the server, else one that nobody knows.
    pub(crate) async fn original(&self, number: &str) -> Result<Original, AppError> {
        let number = number.trim().to_owned();
        if number.is_empty() {
            return Err(AppError::input("number", "empty"));
        }
        let asked = number.clone();
        let here = self
            .read(move |conn| {
                let found = match sales::find_by_number(conn, &asked)? {
                    Some(sale) => Some(sale),
                    None => sales::find_by_external_number(conn, &asked)?,
                };
                found.map(|sale| sold_here(conn, sale)).transpose()
            })
            .await?;
        if let Some((number, sold)) = here {
            return Ok(Original { number, source: RefundSource::Here, sale: Some(sold) });
        }
        match ask_sale(self, number.clone()).await? {
            Some(SaleAnswer::Found(found)) => {
                let number = found.number.clone();
                let sold = self.read(move |conn| sold_elsewhere(conn, *found)).await?;
                Ok(Original { number, source: RefundSource::Server, sale: Some(sold) })
            }
            // The register that sold may not have sent it yet.
            Some(SaleAnswer::NotHere) | None => {
                Ok(Original { number, source: RefundSource::Nobody, sale: None })
            }
        }
    }
}

fn sold_here(conn: &Conn, sale: sales::StoredSale) -> Result<(String, Sold), AppError> {
    let sale_id = sale.summary.sale_id;
    let missing = || AppError::with(ErrorCode::SaleNotFound, json!({ "number": sale_id.to_string() }));
    let number = sale.summary.number.clone().ok_or_else(missing)?;
    let refunds: Vec<SaleDocument> =
        sales::list_refunds(conn, sale_id)?.into_iter().map(|refund| refund.document).collect();
    let back: Vec<Back> = refunds.iter().flat_map(brought_back).collect();
    let void_refusal = void_refusal(conn, &sale.document, &refunds)?;
    Ok((number, sold(conn, sale.document, &back, refunds, void_refusal)?))
}

fn sold_elsewhere(conn: &Conn, found: SaleFound) -> Result<Sold, AppError> {
    let here = sales::list_refunds(conn, found.document.head.sale_id)?;
    let told = found.returned.iter().map(|returned| Back {
        product_id: returned.product_id,
        qty: returned.qty,
        paid: returned.paid,
        unit_price: None,
    });
    // What the server has of ours is in what it told.
    let untold = here.iter().filter(|refund| refund.summary.sync != OpState::Acknowledged);
    let back: Vec<Back> = told.chain(untold.flat_map(|refund| brought_back(&refund.document))).collect();
    let refunds = here.into_iter().map(|refund| refund.document).collect();
    sold(conn, found.document, &back, refunds, Some(VoidRefusal::OtherRegister))
}

fn sold(
    conn: &Conn,
    document: SaleDocument,
    back: &[Back],
    refunds: Vec<SaleDocument>,
    void_refusal: Option<VoidRefusal>,
) -> Result<Sold, AppError> {
    let known_as =
        |id: ProductId| Ok::<_, AppError>(ProductId(mappings::resolve(conn, EntityKind::Product, id.0)?));
    let left = lines_left(&document, back, known_as)?;
    Ok(Sold { document, left, refunds, void_refusal })
}

/// Why a sale of this register cannot be voided any more.
fn void_refusal(
    conn: &Conn,
    document: &SaleDocument,
    refunds: &[SaleDocument],
) -> Result<Option<VoidRefusal>, AppError> {
    if document.head.kind != SaleKind::Sale || document.head.original.is_some() {
        return Ok(Some(VoidRefusal::NotASale));
    }
    if document.head.device_id != device::get(conn)?.device_id {
        return Ok(Some(VoidRefusal::OtherRegister));
    }
    if !refunds.is_empty() {
        return Ok(Some(VoidRefusal::Refunded));
    }
    let closed = match chain::find_of(conn, document.head.sale_id)? {
        Some(record) => chain::is_closed_over(conn, record.epoch, record.number)?,
        None => true,
    };
    Ok(closed.then_some(VoidRefusal::Closed))
}

impl Sold {
    /// How much of the money that was paid with `kind` has not gone back yet; of cash without the change.
    fn received(&self, kind: TenderKind) -> i64 {
        let of = |document: &SaleDocument| {
            let given = document.tenders.iter().filter(|t| t.kind == kind).map(|t| t.amount.minor());
            let change = if kind == TenderKind::Cash { document.settlement.change.minor() } else { 0 };
            given.sum::<i64>().saturating_sub(change)
        };
        let back: i64 = self.refunds.iter().map(of).sum();
        of(&self.document).saturating_add(back).max(0)
    }

    /// How `due` (positive) goes back when nobody says otherwise: what was owed for it first, then as it was paid, the
    /// rest in cash.
    pub(crate) fn propose(&self, due: Money, payable_cash: impl Fn(Money) -> Money) -> Vec<Tender> {
        let mut rest = due.minor();
        let mut proposed = Vec::new();
        for kind in [TenderKind::Account, TenderKind::StoreCredit, TenderKind::Mobile, TenderKind::Card] {
            let part = self.received(kind).min(rest);
            if part <= 0 {
                continue;
            }
            rest = rest.saturating_sub(part);
            let paid = self.document.tenders.iter().find(|t| t.kind == kind);
            let reference = paid.and_then(|t| t.reference.clone());
            proposed.extend(Money::from_minor(part).ok().map(|amount| Tender { kind, amount, reference }));
        }
        let cash = Money::from_minor(rest).map(payable_cash).unwrap_or_default();
        if cash > Money::ZERO {
            proposed.push(Tender { kind: TenderKind::Cash, amount: cash, reference: None });
        }
        proposed
    }

    /// Refuses money that goes back otherwise than it came: no more by card or mobile money than was paid so, and no more
    /// money at all than was received, because what is owed still was never paid. Onto the account anything may go.
    pub(crate) fn check_tenders(&self, tenders: &[Tender], due: Money) -> Result<(), AppError> {
        let sum = |wanted: &dyn Fn(TenderKind) -> bool| -> i64 {
            tenders.iter().filter(|t| wanted(t.kind)).map(|t| t.amount.minor()).sum()
        };
        let too_much = |kind: TenderKind, most: i64| {
            let params = json!({ "kind": kind.as_str(), "most": most.max(0) });
            Err(AppError::with(ErrorCode::RefundTender, params))
        };
        for kind in [TenderKind::Mobile, TenderKind::Card] {
            if sum(&|k| k == kind) > self.received(kind) {
                return too_much(kind, self.received(kind));
            }
        }
        let owed = self.received(TenderKind::Account).min(due.minor());
        let settled = sum(&TenderKind::is_on_account);
        if settled < owed {
            return too_much(TenderKind::Cash, due.minor().saturating_sub(owed));
        }
        Ok(())
    }
}
