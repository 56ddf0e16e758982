//! Money on an account: a customer pays a debt, or a part of it, or leaves money with the shop.

use pos_devices::report::to_escpos;
use pos_domain::document::DocumentCustomer;
use pos_domain::tender::payable;
use pos_domain::till::AccountPayment;
use pos_domain::{CashRounding, CustomerId, DocumentId, Money, RequestId, Tender, TenderKind, TillContent};
use pos_store::{Conn, Tx, customers, settings, till};
use serde_json::json;

use super::accounts::{not_found, standing, too_large};
use super::printing::{ask_for_page, model_of, width_of};
use super::receipts::sync_of;
use super::till::TillEntry;
use crate::account_pages::payment_page;
use crate::app::{App, Counter, device_settings};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{AccountPaid, BeyondDebt};

/// Money that a customer brings.
#[derive(Debug, Clone)]
pub struct AccountMoney {
    /// Whose account.
    pub customer_id: CustomerId,
    /// What the account is credited with; above zero.
    pub amount: Money,
    /// How it is paid.
    pub tenders: Vec<Tender>,
    /// What becomes of more than is owed.
    pub beyond_debt: BeyondDebt,
    /// Printed remark.
    pub note: Option<String>,
}

impl App {
    /// `account.pay`: takes money for a customer's account, once for each request.
    pub async fn pay_account(
        &self,
        request_id: RequestId,
        money: AccountMoney,
    ) -> Result<Outcome<AccountPaid>, AppError> {
        if money.amount <= Money::ZERO {
            return Err(AppError::input("amount", "not_positive"));
        }
        let _one_at_a_time = self.inner.checkout.lock().await;
        let document_id =
            self.record_till(request_id, move |tx, counter, _| payment_of(tx, counter, money)).await?;
        let paid = self.read(move |conn| paid_view(conn, document_id)).await?;
        self.print_payment_if_wanted(document_id).await?;
        let changed =
            [Topic::Accounts, Topic::Customers, Topic::Cart, Topic::Till, Topic::Sync, Topic::Printing];
        Ok(Outcome::changed(paid, &changed))
    }

    /// `account.print_payment`: the paper of a payment, once more.
    pub async fn print_payment(&self, document_id: DocumentId) -> Result<Outcome<()>, AppError> {
        let (title, page) = self
            .read(move |conn| {
                let stored = till::find(conn, document_id)?.ok_or_else(|| no_payment(document_id))?;
                let paid = paid_view(conn, document_id)?;
                let page = payment_page(&paid, &settings::load(conn)?, stored.document.head.made_at_ms);
                Ok((paid.number, page))
            })
            .await?;
        self.print_report(&title, &page).await?;
        Ok(Outcome::changed((), &[Topic::Printing]))
    }

    /// The paper and the drawer, as this register is set to do after a sale.
    async fn print_payment_if_wanted(&self, document_id: DocumentId) -> Result<(), AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| {
            let device = device_settings(tx)?;
            let paid = paid_view(tx, document_id)?;
            let page = payment_page(&paid, &settings::load(tx)?, now_ms);
            let bytes = to_escpos(&page, width_of(device.paper), model_of(device.code_pages));
            let in_cash = paid.tenders.iter().any(|tender| tender.kind == TenderKind::Cash);
            ask_for_page(tx, paid.number, bytes, in_cash, now_ms)
        })
        .await?;
        self.asked_for_paper();
        Ok(())
    }
}

/// The document of a payment, by the account as it stands.
fn payment_of(tx: &Tx<'_>, counter: &Counter, money: AccountMoney) -> Result<TillEntry, AppError> {
    let AccountMoney { customer_id, amount, tenders, beyond_debt, note } = money;
    let customer = customers::find(tx, customer_id)?.ok_or_else(not_found)?.row;
    let debt = standing(tx, &customer, &counter.settings)?.debt;
    if amount > debt && beyond_debt == BeyondDebt::Refuse {
        let excess = amount.minus(debt).map_err(too_large)?;
        let params = json!({ "name": customer.name, "debt": debt, "amount": amount, "excess": excess });
        return Err(AppError::with(ErrorCode::AccountOverpaid, params));
    }
    let buyer = DocumentCustomer { customer_id, name: customer.name };
    let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    let rounding = counter.settings.cash_rounding;
    let payment = AccountPayment::build(buyer, amount, in_coins(amount, tenders, rounding)?, rounding, note)?;
    Ok(TillContent::AccountPayment(payment).into())
}

/// Whoever gives exactly the amount in cash gives what there are coins for.
fn in_coins(
    amount: Money,
    mut tenders: Vec<Tender>,
    rounding: Option<CashRounding>,
) -> Result<Vec<Tender>, AppError> {
    if let [only] = tenders.as_mut_slice()
        && only.kind == TenderKind::Cash
        && only.amount == amount
    {
        only.amount = payable(amount, rounding, TenderKind::Cash)
            .map_err(|e| AppError::input("cash_rounding", "too_large").caused_by(e))?;
    }
    Ok(tenders)
}

fn paid_view(conn: &Conn, document_id: DocumentId) -> Result<AccountPaid, AppError> {
    let stored = till::find(conn, document_id)?.ok_or_else(|| no_payment(document_id))?;
    let TillContent::AccountPayment(payment) = stored.document.content else {
        return Err(no_payment(document_id));
    };
    let customer = customers::find(conn, payment.customer.customer_id)?.ok_or_else(not_found)?.row;
    let standing = standing(conn, &customer, &settings::load(conn)?)?;
    Ok(AccountPaid {
        document_id,
        number: stored.number,
        customer,
        amount: payment.amount,
        tenders: payment.tenders,
        change: payment.settlement.change,
        standing,
        sync: sync_of(stored.sync),
    })
}

fn no_payment(document_id: DocumentId) -> AppError {
    AppError::with(ErrorCode::SaleNotFound, json!({ "number": document_id.to_string() }))
}
