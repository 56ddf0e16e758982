//! Customers' accounts: how somebody stands, statements, who owes what, and whether a sale may go on an account.
//!
//! A balance is what the entries known here give together. Registers that do not see each other may both sell up to the
//! limit; each does so by what it knows, and whoever has seen both has the true balance.

use chrono::NaiveDate;
use pos_domain::account::{Ageing, age, open_debts, within_limit};
use pos_domain::authority::Need;
use pos_domain::settings::ShopSettings;
use pos_domain::{Approval, CartId, Customer, CustomerId, Money, Permission, SaleDocument, TenderKind};
use pos_store::{Conn, Tx, accounts, customers, sales, settings};
use serde_json::json;

use super::approvals::authorise_cart;
use super::catalogue::MAX_PAGE;
use super::receipts::summary_view;
use crate::app::{App, Counter};
use crate::clock::local_text;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{
    AccountOrder, AccountStanding, OpenAccount, OpenAccounts, SaleSummary, Statement, StatementEntry,
};

/// The days of a statement, in this machine's time zone; both ends belong to it.
#[derive(Debug, Clone, Default)]
pub struct Days {
    /// `YYYY-MM-DD`; none for the beginning.
    pub from: Option<String>,
    /// `YYYY-MM-DD`; none for now.
    pub to: Option<String>,
}

impl App {
    /// `account.list`: whoever owes something or is owed something.
    pub async fn list_accounts(
        &self,
        order: AccountOrder,
        limit: u32,
    ) -> Result<Outcome<OpenAccounts>, AppError> {
        let now_ms = self.now_ms();
        let limit = usize::try_from(limit.clamp(1, MAX_PAGE)).unwrap_or(usize::MAX);
        let mut open = self.report(move |conn| open_accounts(conn, order, now_ms)).await?;
        open.accounts.truncate(limit);
        Ok(Outcome::read(open))
    }

    /// `account.statement`
    pub async fn statement(
        &self,
        customer_id: CustomerId,
        days: Days,
    ) -> Result<Outcome<Statement>, AppError> {
        let now_ms = self.now_ms();
        Ok(Outcome::read(self.report(move |conn| statement_of(conn, customer_id, days, now_ms)).await?))
    }

    /// `customer.sales`: the newest sales of this register to a customer, however they were paid.
    pub async fn customer_sales(
        &self,
        customer_id: CustomerId,
        limit: u32,
    ) -> Result<Outcome<Vec<SaleSummary>>, AppError> {
        let found = self
            .read(move |conn| Ok(sales::list_of_customer(conn, customer_id, limit.clamp(1, MAX_PAGE))?))
            .await?;
        Ok(Outcome::read(found.into_iter().map(summary_view).collect()))
    }
}

/// How a customer stands by what is known here.
pub(crate) fn standing(
    conn: &Conn,
    customer: &Customer,
    settings: &ShopSettings,
) -> Result<AccountStanding, AppError> {
    standing_of(accounts::balance(conn, customer.customer_id)?, customer, settings)
}

fn standing_of(
    balance: Money,
    customer: &Customer,
    settings: &ShopSettings,
) -> Result<AccountStanding, AppError> {
    let limit = customer.credit_limit.unwrap_or(settings.credit_limit);
    Ok(AccountStanding {
        balance,
        debt: balance.max(Money::ZERO),
        credit: balance.negated().max(Money::ZERO),
        limit,
        available: limit.minus(balance).map_err(too_large)?.max(Money::ZERO),
    })
}

/// Who let a sale go on the account beyond the customer's limit; nobody when it stays within. Store credit is only what
/// the shop owes.
///
/// # Errors
/// [`ErrorCode::AccountNoCredit`], [`ErrorCode::AccountLimitExceeded`] with what to ask for.
pub(crate) fn authorise_credit(
    tx: &Tx<'_>,
    counter: &Counter,
    cart_id: CartId,
    document: &SaleDocument,
    now_ms: i64,
) -> Result<Vec<Approval>, AppError> {
    let given = |kind: TenderKind| {
        Money::sum(document.tenders.iter().filter(|t| t.kind == kind).map(|t| t.amount)).map_err(too_large)
    };
    let (on_account, from_credit) = (given(TenderKind::Account)?, given(TenderKind::StoreCredit)?);
    if on_account.max(from_credit) <= Money::ZERO {
        return Ok(Vec::new());
    }
    let buyer = document.customer.as_ref().map(|buyer| customers::find(tx, buyer.customer_id)).transpose()?;
    let customer = buyer.flatten().ok_or_else(not_found)?.row;
    let standing = standing(tx, &customer, &counter.settings)?;
    if from_credit > standing.credit {
        let params = json!({ "name": customer.name, "credit": standing.credit, "asked": from_credit });
        return Err(AppError::with(ErrorCode::AccountNoCredit, params));
    }
    let owed = standing.balance.plus(from_credit).map_err(too_large)?;
    if on_account <= Money::ZERO || within_limit(owed, on_account, Some(standing.limit)).map_err(too_large)? {
        return Ok(Vec::new());
    }
    let excess = owed.plus(on_account).and_then(|after| after.minus(standing.limit)).map_err(too_large)?;
    let need = Need { permission: Permission::GiveCredit, line_id: None, amount: Some(excess) };
    authorise_cart(tx, counter, cart_id, &[need], now_ms).map_err(|denied| {
        if denied.code != ErrorCode::PermissionDenied {
            return denied;
        }
        let mut params = denied.params.clone();
        if let Some(params) = params.as_object_mut() {
            params.insert("name".to_owned(), json!(customer.name));
            params.insert("balance".to_owned(), json!(owed));
            params.insert("limit".to_owned(), json!(standing.limit));
            params.insert("excess".to_owned(), json!(excess));
        }
        AppError::with(ErrorCode::AccountLimitExceeded, params).caused_by(denied)
    })
}

/// The account of a customer over some days.
pub(crate) fn statement_of(
    conn: &Conn,
    customer_id: CustomerId,
    days: Days,
    now_ms: i64,
) -> Result<Statement, AppError> {
    let (from, to) = (checked_day("from", days.from)?, checked_day("to", days.to)?);
    let customer = customers::find(conn, customer_id)?.ok_or_else(not_found)?.row;
    let known = accounts::list_entries(conn, customer_id)?;
    let ages: Vec<(i64, Money)> = known.iter().map(|e| (e.at_ms, e.amount)).collect();
    let [mut opening, mut charged, mut paid] = [Money::ZERO; 3];
    let mut running = Money::ZERO;
    let mut entries = Vec::new();
    for entry in known {
        let day: String = local_text(entry.at_ms).chars().take(DAY_CHARS).collect();
        if to.as_ref().is_some_and(|to| day > *to) {
            continue;
        }
        running = running.plus(entry.amount).map_err(too_large)?;
        if from.as_ref().is_some_and(|from| day < *from) {
            opening = running;
            continue;
        }
        let sum = if entry.amount.is_negative() { &mut paid } else { &mut charged };
        *sum = sum.plus(entry.amount.abs()).map_err(too_large)?;
        entries.push(StatementEntry {
            document_id: entry.document_id,
            kind: entry.kind,
            number: entry.number,
            register: entry.register,
            at_ms: entry.at_ms,
            amount: entry.amount,
            balance: running,
        });
    }
    let balance = Money::sum(ages.iter().map(|(_, amount)| *amount)).map_err(too_large)?;
    let ageing = open_debts(&ages).and_then(|open| age(&open, now_ms)).map_err(too_large)?;
    let standing = standing_of(balance, &customer, &settings::load(conn)?)?;
    Ok(Statement { customer, standing, from, to, opening, entries, charged, paid, closing: running, ageing })
}

/// All accounts that are not even.
pub(crate) fn open_accounts(conn: &Conn, order: AccountOrder, now_ms: i64) -> Result<OpenAccounts, AppError> {
    let settings = settings::load(conn)?;
    let [mut debt, mut credit] = [Money::ZERO; 2];
    let mut ages = Ageing::default();
    let mut debtors = 0_u32;
    let mut accounts = Vec::new();
    accounts::visit_open(conn, |customer_id, entries| {
        let open = open_debts(entries).map_err(too_large)?;
        let ageing = age(&open, now_ms).map_err(too_large)?;
        let balance = Money::sum(entries.iter().map(|(_, amount)| *amount)).map_err(too_large)?;
        // A row that a deletion on another register took away: what it owes is still owed.
        let customer = match customers::find(conn, customer_id)? {
            Some(found) => found.row,
            None => nameless(customer_id),
        };
        let standing = standing_of(balance, &customer, &settings)?;
        debt = debt.plus(standing.debt).map_err(too_large)?;
        credit = credit.plus(standing.credit).map_err(too_large)?;
        ages = ages.plus(ageing).map_err(too_large)?;
        debtors = debtors.saturating_add(u32::from(!standing.debt.is_zero()));
        let oldest_at_ms = open.first().map(|(at_ms, _)| *at_ms);
        accounts.push(OpenAccount { customer, standing, ageing, oldest_at_ms });
        Ok::<(), AppError>(())
    })?;
    accounts.sort_by(|a: &OpenAccount, b| {
        let by_amount = b.standing.balance.cmp(&a.standing.balance);
        let by_age = a.oldest_at_ms.unwrap_or(i64::MAX).cmp(&b.oldest_at_ms.unwrap_or(i64::MAX));
        let wanted = match order {
            AccountOrder::Amount => by_amount,
            AccountOrder::Age => by_age.then(by_amount),
        };
        wanted.then_with(|| a.customer.name.cmp(&b.customer.name))
    });
    Ok(OpenAccounts { accounts, debtors, debt, credit, ageing: ages })
}

/// Letters of `YYYY-MM-DD`.
const DAY_CHARS: usize = 10;

fn checked_day(field: &'static str, day: Option<String>) -> Result<Option<String>, AppError> {
    let Some(day) = day.filter(|day| !day.trim().is_empty()) else { return Ok(None) };
    let parsed = NaiveDate::parse_from_str(day.trim(), "%Y-%m-%d");
    parsed
        .map(|day| Some(day.format("%Y-%m-%d").to_string()))
        .map_err(|e| AppError::input(field, "not_a_date").caused_by(e))
}

fn nameless(customer_id: CustomerId) -> Customer {
    let name = customer_id.to_string();
    Customer { customer_id, code: None, name, phone: None, note: None, credit_limit: None }
}

pub(crate) fn too_large(fault: pos_domain::MoneyOverflow) -> AppError {
    AppError::input("amount", "too_large").caused_by(fault)
}

pub(crate) fn not_found() -> AppError {
    AppError::new(ErrorCode::CustomerNotFound)
}
