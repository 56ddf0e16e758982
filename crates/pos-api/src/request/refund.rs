//! What is asked about goods that come back.

use pos_app::WhatBack;
use pos_app::view::{GoodsBack, ReturnReason};
use pos_domain::{ApprovalId, CustomerId, RequestId, Tender};
use serde::Deserialize;
use ts_rs::TS;

/// `refund.draft`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct DraftRefund {
    /// Printed number of the sale, of whichever register.
    pub number: String,
}

/// `refund.quote`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct QuoteRefund {
    /// Printed number of the sale.
    pub number: String,
    /// What comes back.
    pub lines: Vec<GoodsBack>,
    /// The cart on the counter is taken in exchange.
    pub with_cart: bool,
}

impl QuoteRefund {
    /// As the use case takes it.
    pub(crate) fn what(self) -> WhatBack {
        WhatBack { number: self.number, lines: self.lines, with_cart: self.with_cart }
    }
}

/// `refund.complete`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CompleteRefund {
    /// Made anew for each press of the button; pressing twice does it once.
    pub request_id: RequestId,
    /// Printed number of the sale.
    pub number: String,
    /// What comes back.
    pub lines: Vec<GoodsBack>,
    /// The cart on the counter is taken in exchange.
    pub with_cart: bool,
    /// Why.
    pub reason: ReturnReason,
    /// More words about it, printed.
    pub note: Option<String>,
    /// How the money goes back, or is paid in an exchange; amounts positive.
    pub tenders: Vec<Tender>,
    /// Another person's yes.
    pub approval_id: Option<ApprovalId>,
    /// To whom store credit goes, where the sale names nobody.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub customer_id: Option<CustomerId>,
}

impl CompleteRefund {
    /// As the use case takes it.
    pub(crate) fn wish(self) -> pos_app::RefundWish {
        pos_app::RefundWish {
            request_id: self.request_id,
            what: WhatBack { number: self.number, lines: self.lines, with_cart: self.with_cart },
            reason: self.reason,
            note: self.note,
            tenders: self.tenders,
            approval_id: self.approval_id,
            customer_id: self.customer_id,
        }
    }
}

/// `sale.void`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct VoidSale {
    /// Made anew for each press of the button; pressing twice does it once.
    pub request_id: RequestId,
    /// Printed number of the sale.
    pub number: String,
    /// Why.
    pub reason: ReturnReason,
    /// Another person's yes.
    pub approval_id: Option<ApprovalId>,
}
