//! Sale documents: what was sold, as printed, complete in itself.
//!
//! A document is built from a priced cart and its tenders by [`SaleDocument::build`], is never changed
//! afterwards, and can be checked by anyone who holds it: register, server and `verify` all call
//! [`SaleDocument::check`]. Its JSON text is made once, on the register; that text is stored, queued, sent,
//! hashed and chained verbatim, so no two programs ever have to agree on how to write it again.
//!
//! A refund is a document of its own with negative quantities and amounts.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::account::AccountEntry;
use crate::cart::{
    Cart, CartLine, Discount, LineTerms, PriceFault, PriceRules, PricedCart, PricedLine, TaxTotal, price,
};
use crate::currency::Currency;
use crate::ids::{CashierId, CustomerId, DeviceId, DocumentId, LineId, OutletId, ProductId, SaleId, ShiftId};
use crate::money::{Money, MoneyOverflow};
use crate::people::Approval;
use crate::quantity::Quantity;
use crate::rounding::CashRounding;
use crate::serial::{SerialChange, SerialEvent, event_id};
use crate::tender::{Settlement, SettlementFault, Tender, account_effect, settle};

/// Most characters of any one printed text in a document.
pub const MAX_TEXT_CHARS: usize = 65_536;

/// What kind of final document this is. Each is numbered, chained and signed in the series of its register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// [`SaleKind::Sale`]
    Sale,
    /// [`SaleKind::Refund`]
    Refund,
    /// [`SaleKind::Void`]
    Void,
    /// A drawer was opened with a float.
    ShiftOpening,
    /// Cash went into or out of the drawer without a sale.
    CashMovement,
    /// A customer paid on the account, or was paid out of it.
    AccountPayment,
    /// A drawer was counted and closed: the Z report.
    ShiftClosing,
}

impl DocumentKind {
    /// The kind's name in the chain, on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Void => "void",
            Self::ShiftOpening => "shift_opening",
            Self::CashMovement => "cash_movement",
            Self::AccountPayment => "account_payment",
            Self::ShiftClosing => "shift_closing",
        }
    }
}

/// What kind of sale document this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SaleKind {
    /// Goods left the shop against payment; in an exchange some came back.
    Sale,
    /// Goods or money came back.
    Refund,
    /// A whole sale was taken back before the drawer was closed: every line and every tender with the other sign.
    Void,
}

impl SaleKind {
    /// The kind's name in the chain, on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Void => "void",
        }
    }

    /// Whether goods and money go back to the customer.
    pub const fn takes_back(self) -> bool {
        match self {
            Self::Sale => false,
            Self::Refund | Self::Void => true,
        }
    }
}

impl From<SaleKind> for DocumentKind {
    fn from(kind: SaleKind) -> Self {
        match kind {
            SaleKind::Sale => Self::Sale,
            SaleKind::Refund => Self::Refund,
            SaleKind::Void => Self::Void,
        }
    }
}

/// Who made the document, where and when, and under which rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DocumentHead {
    /// Made by the register.
    pub sale_id: SaleId,
    /// Sale, refund or void.
    pub kind: SaleKind,
    /// Name of the business, as printed.
    pub business: String,
    /// Which shop.
    pub outlet_id: OutletId,
    /// Name of the shop, as printed.
    pub outlet: String,
    /// Which register.
    pub device_id: DeviceId,
    /// Name of the register, as printed.
    pub register: String,
    /// Who sold.
    pub cashier_id: CashierId,
    /// Name of the cashier, as printed.
    pub cashier: String,
    /// Currency of every amount.
    pub currency: Currency,
    /// How prices were computed.
    pub rules: PriceRules,
    /// How the amount to pay was rounded.
    pub cash_rounding: Option<CashRounding>,
    /// Time of entry on this register, in milliseconds since 1970 UTC. Shown and filed, never used for order.
    pub sold_at_ms: i64,
    /// The document's own date (`YYYY-MM-DDTHH:MM:SS`, local) when it was entered later, as in a replay.
    pub document_date: Option<String>,
    /// The number of the document in the system it came from, when it was entered later.
    pub external_number: Option<String>,
    /// For a refund, void or exchange: what was sold, when known.
    pub original: Option<OriginalSale>,
    /// The open shift of the register, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub shift_id: Option<ShiftId>,
    /// For a swap of devices: its own number, such as `R1-T000012`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub swap_number: Option<String>,
    /// Other people's yes to what the cashier alone may not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Approval>>", optional)]
    pub approvals: Vec<Approval>,
}

/// The sale that a refund refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OriginalSale {
    /// Its id, when this business knows the sale.
    pub sale_id: Option<SaleId>,
    /// Its printed number, when known.
    pub number: Option<String>,
}

/// The customer of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DocumentCustomer {
    /// Who.
    pub customer_id: CustomerId,
    /// Name as printed.
    pub name: String,
}

/// One line as sold and as computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaleLine {
    /// What was rung up.
    pub item: CartLine,
    /// Its amounts.
    pub amounts: PricedLine,
}

/// A complete sale or refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaleDocument {
    /// Who, where, when, which rules.
    pub head: DocumentHead,
    /// The buyer, when known.
    pub customer: Option<DocumentCustomer>,
    /// At least one.
    pub lines: Vec<SaleLine>,
    /// Reduction of the whole sale.
    pub discount: Option<Discount>,
    /// Printed remark.
    pub note: Option<String>,
    /// Tax by rate.
    pub taxes: Vec<TaxTotal>,
    /// Sum of all discounts.
    pub discount_total: Money,
    /// Sum of net amounts.
    pub net: Money,
    /// Sum of tax.
    pub tax: Money,
    /// Sum of gross amounts.
    pub total: Money,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// Rounding, payable, change.
    pub settlement: Settlement,
}

/// What a document takes from or gives back to the stock of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockEffect {
    /// The line that causes it.
    pub line_id: LineId,
    /// Whose stock.
    pub product_id: ProductId,
    /// Negative when goods leave the shop.
    pub delta: Quantity,
}

/// Why a document is not right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentFault {
    /// A sale of nothing.
    #[error("the document has no lines")]
    NoLines,
    /// Two lines with the same identity.
    #[error("line {line}: its id stands twice")]
    DuplicateLine {
        /// Counted from 1.
        line: usize,
    },
    /// A pack of nothing, or one whose units are no quantity.
    #[error("line {line}: the units of the pack are not a quantity")]
    PackSize {
        /// Counted from 1.
        line: usize,
    },
    /// A sale with a negative total or a refund with a positive one.
    #[error("the total of a {kind} cannot be {total:?}")]
    WrongDirection {
        /// `sale` or `refund`.
        kind: &'static str,
        /// As computed.
        total: Money,
    },
    /// The lines have no price.
    #[error(transparent)]
    Price(#[from] PriceFault),
    /// The tenders do not settle the total.
    #[error(transparent)]
    Settlement(#[from] SettlementFault),
    /// A stated amount is not what its parts give.
    #[error("{field}: the document states another value than its parts give")]
    Differs {
        /// Path of the field, such as `lines[2].amounts`.
        field: String,
    },
    /// A tender that goes to a customer's account, without a customer.
    #[error("customer: who pays by account must be named")]
    CustomerMissing,
    /// An amount left the range of money.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
    /// A text that is too long.
    #[error("{field}: the text is longer than {MAX_TEXT_CHARS} characters")]
    TextTooLong {
        /// Path of the field.
        field: &'static str,
    },
}

impl SaleDocument {
    /// The document of a cart paid with `tenders`. Fails rather than build a document that does not add up.
    pub fn build(
        head: DocumentHead,
        customer: Option<DocumentCustomer>,
        cart: &Cart,
        tenders: Vec<Tender>,
    ) -> Result<Self, DocumentFault> {
        let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
        let priced = price(head.rules, &terms, cart.discount)?;
        let settlement = settle(priced.gross, &tenders, head.cash_rounding)?;
        let PricedCart { lines, taxes, discount, net, tax, gross } = priced;
        let lines = cart.lines.iter().cloned().zip(lines).map(|(item, amounts)| SaleLine { item, amounts });
        let document = Self {
            lines: lines.collect(),
            discount: cart.discount,
            note: cart.note.clone(),
            taxes,
            discount_total: discount,
            net,
            tax,
            total: gross,
            tenders,
            settlement,
            head,
            customer,
        };
        document.check_shape()?;
        Ok(document)
    }

    /// Recomputes everything that the document states.
    pub fn check(&self) -> Result<(), DocumentFault> {
        self.check_shape()?;
        let terms: Vec<LineTerms> = self.lines.iter().map(|l| LineTerms::from(&l.item)).collect();
        let priced = price(self.head.rules, &terms, self.discount)?;
        let differs = |field: &str| DocumentFault::Differs { field: field.to_owned() };
        for (i, (line, amounts)) in self.lines.iter().zip(&priced.lines).enumerate() {
            if line.amounts != *amounts {
                return Err(DocumentFault::Differs { field: format!("lines[{i}].amounts") });
            }
        }
        if self.taxes != priced.taxes {
            return Err(differs("taxes"));
        }
        for (field, stated, computed) in [
            ("discount_total", self.discount_total, priced.discount),
            ("net", self.net, priced.net),
            ("tax", self.tax, priced.tax),
            ("total", self.total, priced.gross),
        ] {
            if stated != computed {
                return Err(differs(field));
            }
        }
        if self.settlement != settle(self.total, &self.tenders, self.head.cash_rounding)? {
            return Err(differs("settlement"));
        }
        Ok(())
    }

    /// What this document adds to what the customer owes; negative when the shop owes more. `None` when it leaves the
    /// account alone.
    pub fn account_effect(&self) -> Result<Option<Money>, MoneyOverflow> {
        account_effect(&self.tenders)
    }

    /// What this document does to the stock, for lines whose product is counted.
    pub fn stock_effects(&self) -> impl Iterator<Item = StockEffect> + '_ {
        self.lines.iter().filter(|l| l.item.track_stock).map(|l| StockEffect {
            line_id: l.item.line_id,
            product_id: l.item.product_id,
            delta: l.item.stock_qty().negated(),
        })
    }

    /// What this document does to its customer's account, under the customer's id as the document says it.
    ///
    /// # Errors
    /// When the tenders on account leave the range of money.
    pub fn account_entry(&self, number: Option<String>) -> Result<Option<AccountEntry>, MoneyOverflow> {
        let (Some(amount), Some(customer)) = (self.account_effect()?, &self.customer) else {
            return Ok(None);
        };
        Ok(Some(AccountEntry {
            document_id: self.head.sale_id.into(),
            customer_id: customer.customer_id,
            amount,
            kind: self.head.kind.into(),
            device_id: self.head.device_id,
            register: self.head.register.clone(),
            number,
            at_ms: self.head.sold_at_ms,
        }))
    }

    /// What this document tells of the numbers on its lines: what goes out is sold, what comes in was traded in or is
    /// returned, whatever kind of document says so.
    pub fn serial_events(&self, number: Option<&str>) -> Vec<SerialEvent> {
        let document_id: DocumentId = self.head.sale_id.into();
        let of_line = |line: &SaleLine, serial: &String| SerialEvent {
            event_id: event_id(document_id, line.item.line_id, serial),
            serial: serial.clone(),
            product_id: line.item.product_id,
            change: match (line.item.qty.is_negative(), line.item.trade_in) {
                (true, true) => SerialChange::TradedIn,
                (true, false) => SerialChange::Returned,
                (false, _) => SerialChange::Sold,
            },
            document_id: Some(document_id),
            number: number.map(str::to_owned),
            customer_id: self.customer.as_ref().map(|customer| customer.customer_id),
            device_id: self.head.device_id,
            register: self.head.register.clone(),
            actor: self.head.cashier.clone(),
            note: line.item.note.clone(),
            at_ms: self.head.sold_at_ms,
        };
        self.lines.iter().flat_map(|line| line.item.serials.iter().map(move |s| of_line(line, s))).collect()
    }

    fn check_shape(&self) -> Result<(), DocumentFault> {
        if self.lines.is_empty() {
            return Err(DocumentFault::NoLines);
        }
        let mut seen = std::collections::HashSet::with_capacity(self.lines.len());
        for (i, line) in self.lines.iter().enumerate() {
            if !seen.insert(line.item.line_id) {
                return Err(DocumentFault::DuplicateLine { line: i + 1 });
            }
            check_text("lines.name", &line.item.name)?;
            check_text("lines.note", line.item.note.as_deref().unwrap_or_default())?;
            if line
                .item
                .pack_size
                .is_some_and(|size| !size.is_positive() || !line.item.qty.times_exactly(size))
            {
                return Err(DocumentFault::PackSize { line: i + 1 });
            }
        }
        check_text("note", self.note.as_deref().unwrap_or_default())?;
        let wrong = match self.head.kind {
            SaleKind::Sale => self.total.is_negative(),
            SaleKind::Refund | SaleKind::Void => self.total > Money::ZERO,
        };
        if self.customer.is_none() && self.tenders.iter().any(|t| t.kind.is_on_account()) {
            return Err(DocumentFault::CustomerMissing);
        }
        if wrong {
            return Err(DocumentFault::WrongDirection { kind: self.head.kind.as_str(), total: self.total });
        }
        Ok(())
    }
}

pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), DocumentFault> {
    // Bytes bound characters from above, so the cheap test settles nearly every text.
    if text.len() > MAX_TEXT_CHARS && text.chars().count() > MAX_TEXT_CHARS {
        return Err(DocumentFault::TextTooLong { field });
    }
    Ok(())
}
