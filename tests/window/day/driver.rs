//! Plays the acts of a day at the real window.

use anyhow::{Result, ensure};
use comptoir_tests::stage::Stage;
use serde_json::json;
use thirtyfour::Key;

use super::Cut;
use super::acts::{Act, DEBTOR, Line, Paid, Part, Sale, Tender, Term};
use super::ledger::Ledger;
use crate::after::{find, give_back};
use crate::books;
use crate::cash::{move_cash, spend};
use crate::goods::SOAP;
use crate::hand::{Hand, Input, Room, shows};

/// A till through its day.
pub(super) struct Till<'a> {
    pub(super) hand: Hand<'a>,
    pub(super) stage: &'a mut Stage,
    pub(super) cut: Option<Cut>,
    pub(super) ledger: &'a mut Ledger,
}

impl Till<'_> {
    pub(super) async fn play(&mut self, act: &Act) -> Result<()> {
        let hand = self.hand;
        match act {
            Act::SignIn(role) => hand.sign_in(role).await,
            Act::HandOver(role) => {
                hand.hand_over(role).await?;
                hand.go(Room::Sell).await
            }
            Act::Open { float } => self.open(*float).await,
            Act::Sell(sale) => {
                self.cut_or_mend().await?;
                self.sell(sale).await
            }
            Act::Hold(lines) => {
                self.take(lines).await?;
                hand.key_or(Key::F3, "cart-hold").await?;
                hand.window.wait_count("cart-line", 0).await
            }
            Act::Refund { sale, goods, reason } => {
                find(&hand, self.ledger.number(*sale)).await?;
                hand.press("open-refund").await?;
                give_back(&hand, *goods, 1).await?;
                hand.pick("refund-reason", reason).await?;
                hand.press("refund-confirm").await?;
                self.come_back(-goods.price).await?;
                self.ledger.refunded(*goods);
                Ok(())
            }
            Act::Void { sale } => {
                find(&hand, self.ledger.number(*sale)).await?;
                hand.press("open-refund").await?;
                hand.press("void-confirm").await?;
                hand.window.wait_attribute("void-confirm", "data-asking", "true").await?;
                hand.again("void-confirm").await?;
                self.come_back(-SOAP.price).await?;
                self.ledger.voided(*sale, SOAP);
                Ok(())
            }
            Act::PayDebt => self.pay_debt().await,
            Act::Spend { category, amount } => {
                hand.go(Room::Cash).await?;
                spend(&hand, category, *amount).await?;
                self.ledger.spent(*amount);
                Ok(())
            }
            Act::PutIn { amount } => {
                move_cash(&hand, "cash-in", *amount).await?;
                self.ledger.put_in(*amount);
                Ok(())
            }
            Act::Close { missing } => self.close(*missing).await,
        }
    }

    async fn open(&mut self, float: i64) -> Result<()> {
        let hand = self.hand;
        hand.go(Room::Cash).await?;
        hand.press("shift-open").await?;
        hand.count(float).await?;
        hand.submit("shift-open-confirm").await?;
        hand.window.wait_attribute("cash-expected", "data-minor", &float.to_string()).await?;
        self.ledger.opened(float);
        Ok(())
    }

    /// The network goes and comes before the sales that say so.
    async fn cut_or_mend(&mut self) -> Result<()> {
        let Some(Cut { from, to }) = self.cut else { return Ok(()) };
        let next = self.ledger.sales() + 1;
        if next == from {
            self.stage.cable.pull()?;
        }
        if next == to + 1 {
            self.hand.window.wait_attribute("sync-indicator", "data-state", "offline").await?;
            self.stage.cable.plug()?;
        }
        Ok(())
    }

    async fn sell(&mut self, sale: &Sale) -> Result<()> {
        let (hand, window) = (self.hand, self.hand.window);
        self.take(sale.lines).await?;
        for term in sale.terms {
            self.agree(term).await?;
        }
        window.wait_attribute("cart-total", "data-minor", &sale.total.to_string()).await?;
        let change = match sale.paid {
            Paid::Exact => {
                hand.count_steps().await?;
                hand.key_or(Key::F9, "pay-exact-cash").await?;
                window.wait_for("receipt-number").await?;
                let steps = hand.steps().await?;
                ensure!(steps == 1, "exact cash is one step after the last scan, not {steps}");
                0
            }
            Paid::Given { given } => {
                hand.key_or(Key::F8, "pay-open").await?;
                hand.enter("tender-amount", &given.to_string()).await?;
                hand.submit("pay-confirm").await?;
                window.wait_for("receipt-number").await?;
                given - sale.total
            }
            Paid::Parts(parts) => {
                hand.key_or(Key::F8, "pay-open").await?;
                self.pay(parts).await?;
                window.wait_for("receipt-number").await?;
                0
            }
        };
        shows(window, "receipt-total", "data-minor", sale.total, "the receipt says what the cart said")
            .await?;
        if change > 0 {
            shows(window, "change", "data-minor", change, "change is reckoned").await?;
        }
        let number = window.text("receipt-number").await?;
        hand.key_or(Key::Enter, "new-sale").await?;
        window.wait_gone("receipt-number").await?;
        window.wait_count("cart-line", 0).await?;
        self.ledger.sold(number, sale);
        Ok(())
    }

    async fn take(&self, lines: &[Line]) -> Result<()> {
        for line in lines {
            match *line {
                Line::Pieces(goods, pieces) => {
                    self.hand.take(goods).await?;
                    self.hand.more(pieces).await?;
                }
                Line::Weight(goods, _, typed) => {
                    self.hand.take(goods).await?;
                    self.hand.press("line-quantity").await?;
                    self.hand.enter("quantity-input", typed).await?;
                    self.hand.submit("quantity-apply").await?;
                    self.hand.window.wait_gone("quantity-input").await?;
                }
            }
        }
        Ok(())
    }

    async fn agree(&self, term: &Term) -> Result<()> {
        let (hand, window) = (self.hand, self.hand.window);
        match term {
            Term::Recalled(_) => {
                hand.key_or(Key::F4, "cart-recall").await?;
                hand.press("held-cart").await?;
                window.wait_gone("held-cart").await
            }
            Term::LineDiscount(percent) => {
                hand.key_or(Key::F7, "line-discount").await?;
                hand.enter("discount-input", percent).await?;
                hand.submit("discount-apply").await?;
                window.wait_gone("discount-input").await
            }
            Term::CartDiscount(amount) => {
                hand.press("cart-discount").await?;
                hand.choose("discount-amount").await?;
                hand.enter("discount-input", amount).await?;
                hand.submit("discount-apply").await?;
                window.wait_gone("discount-input").await
            }
            Term::Price(price) => {
                hand.press("line-price").await?;
                hand.enter("price-input", price).await?;
                hand.submit("price-apply").await?;
                hand.approve().await?;
                window.wait_gone("price-input").await
            }
            Term::Customer => {
                hand.key_or(Key::F6, "cart-customer").await?;
                hand.press_where("customer-row", &format!("[data-name=\"{DEBTOR}\"]")).await?;
                window.wait_gone("customer-row").await
            }
            Term::Note(note) => {
                hand.press("cart-note").await?;
                hand.write("note-input", note).await?;
                hand.submit("note-save").await?;
                window.wait_gone("note-input").await
            }
            Term::Undone(goods) => {
                hand.take(*goods).await?;
                hand.press("cart-undo").await?;
                window.wait_count("cart-line", 1).await
            }
            Term::TradeIn { goods, imei, worth } => {
                hand.press("trade-in-open").await?;
                hand.write("trade-in-imei", imei).await?;
                hand.write("trade-in-product", goods.code).await?;
                hand.press_where("trade-in-pick", &format!("[data-code=\"{}\"]", goods.code)).await?;
                hand.write("trade-in-price", worth).await?;
                hand.submit("trade-in-confirm").await?;
                window.wait_gone("trade-in-confirm").await
            }
        }
    }

    async fn pay(&self, parts: &[Part]) -> Result<()> {
        let hand = self.hand;
        for (taken, part) in parts.iter().enumerate() {
            hand.window.wait_count("tender-taken", taken).await?;
            hand.choose(part.tender.button()).await?;
            if let Some(reference) = part.reference {
                hand.write("tender-reference", reference).await?;
            }
            let is_last = taken + 1 == parts.len();
            if !is_last {
                hand.enter("tender-amount", &part.amount.to_string()).await?;
            }
            hand.submit("pay-confirm").await?;
        }
        Ok(())
    }

    /// The manager says yes to what comes back, and its paper is shown.
    async fn come_back(&self, total: i64) -> Result<()> {
        let hand = self.hand;
        hand.approve().await?;
        hand.window.wait_gone("refund-confirm").await?;
        shows(hand.window, "receipt-total", "data-minor", total, "what comes back has a paper").await?;
        hand.leave().await
    }

    /// From the sell screen: the room, the customer, the amount that is proposed.
    async fn pay_debt(&mut self) -> Result<()> {
        let (hand, window) = (self.hand, self.hand.window);
        hand.count_steps().await?;
        hand.go(Room::Customers).await?;
        hand.press_where("debt-pay", &format!("[data-name=\"{DEBTOR}\"]")).await?;
        let owed = json!(self.ledger.owed().to_string());
        let button = "document.querySelector('[data-testid=\"debt-confirm\"]')";
        let proposed = format!("{button}?.textContent.replace(/\\D/g, '') === {owed}");
        window.wait(&proposed).await?;
        hand.submit("debt-confirm").await?;
        window.wait_for("debt-paid").await?;
        if hand.input == Input::Touch {
            let steps = hand.steps().await?;
            ensure!(steps == 3, "a debt is paid in three taps, not in {steps}");
        }
        hand.submit("debt-done").await?;
        window.wait_gone("debt-paid").await?;
        self.ledger.debt_paid();
        Ok(())
    }

    async fn close(&mut self, missing: i64) -> Result<()> {
        let (hand, window) = (self.hand, self.hand.window);
        let drawer = self.ledger.drawer();
        window.wait_attribute("cash-expected", "data-minor", &drawer.to_string()).await?;
        hand.press("shift-close").await?;
        hand.count(drawer - missing).await?;
        window.wait_attribute("cash-difference", "data-minor", &(-missing).to_string()).await?;
        hand.submit("shift-close-confirm").await?;
        shows(window, "z-report", "data-expected", drawer, "the Z tells the drawer").await?;
        shows(window, "z-report", "data-difference", -missing, "and what is missing").await?;
        self.ledger.closed(missing);
        self.ledger.check_z(&books::page(window, "z-report").await?)?;
        hand.submit("report-done").await
    }
}

impl Tender {
    const fn button(self) -> &'static str {
        match self {
            Self::Cash => "tender-cash",
            Self::Mobile => "tender-mobile",
            Self::Card => "tender-card",
            Self::Account => "tender-account",
        }
    }
}
