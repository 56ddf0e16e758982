//! Customers: finding, adding, changing, deleting.

use pos_domain::body::EntityKind;
use pos_domain::settings::ShopSettings;
use pos_domain::{Customer, CustomerId, Money, Permission};
use pos_store::audit::{self, AuditEntry};
use pos_store::queue::{self, Lane};
use pos_store::{Conn, accounts, customers, settings};
use serde_json::json;

use super::accounts::{not_found, standing};
use super::catalogue::MAX_PAGE;
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::{Outcome, Topic};
use crate::view::{CustomerDetails, CustomerFate, CustomerView, Page};

impl App {
    /// `customer.list`
    pub async fn list_customers(
        &self,
        search: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Outcome<Page<CustomerView>>, AppError> {
        let page = self
            .read(move |conn| {
                let limit = limit.clamp(1, MAX_PAGE);
                let searched = !search.trim().is_empty();
                let found = if searched {
                    customers::search(conn, &search, limit)?
                } else {
                    let after = after.as_deref().map(str::parse).transpose();
                    customers::list(
                        conn,
                        after.map_err(|e: uuid::Error| AppError::input("after", e))?,
                        limit,
                    )?
                };
                let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
                let next = found.last().filter(|_| full && !searched).map(|c| c.customer_id.to_string());
                let settings = settings::load(conn)?;
                let items = found.into_iter().map(|c| view(conn, c, &settings)).collect::<Result<_, _>>()?;
                Ok(Page { items, next, total: None })
            })
            .await?;
        Ok(Outcome::read(page))
    }

    /// `customer.get`
    pub async fn customer(&self, customer_id: CustomerId) -> Result<Outcome<CustomerView>, AppError> {
        let found = self.read(move |conn| {
            let customer = customers::find(conn, customer_id)?.ok_or_else(not_found)?.row;
            view(conn, customer, &settings::load(conn)?)
        });
        Ok(Outcome::read(found.await?))
    }

    /// `customer.find`: by code, telephone number or name, in this order; by a part of the name when it fits one only.
    pub async fn find_customer(&self, text: String) -> Result<Outcome<CustomerView>, AppError> {
        let found = self.read(move |conn| {
            let customer = find_one(conn, text.trim())?;
            view(conn, customer, &settings::load(conn)?)
        });
        Ok(Outcome::read(found.await?))
    }

    /// `customer.create`. A limit of their own takes somebody who may give credit.
    pub async fn create_customer(&self, details: CustomerDetails) -> Result<Outcome<CustomerView>, AppError> {
        let (stamp, customer_id) = (self.stamp(Lane::Edit), self.new_id());
        let view = self
            .write(move |tx| {
                let settings = settings::load(tx)?;
                let CustomerDetails { code, name, phone, note, credit_limit } = details;
                let credit_limit = parse_limit(credit_limit.as_deref(), &settings)?;
                let customer = checked(Customer { customer_id, code, name, phone, note, credit_limit })?;
                if customer.credit_limit.is_some() {
                    check_may_give_credit(tx)?;
                }
                refuse_taken(tx, &customer)?;
                stamp.create(tx, &customer)?;
                view(tx, customer, &settings)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Customers, Topic::Sync]))
    }

    /// `customer.update`. Another limit takes somebody who may give credit.
    pub async fn update_customer(
        &self,
        customer_id: CustomerId,
        details: CustomerDetails,
    ) -> Result<Outcome<CustomerView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let view = self
            .write(move |tx| {
                let settings = settings::load(tx)?;
                let before = customers::find(tx, customer_id)?.ok_or_else(not_found)?;
                let CustomerDetails { code, name, phone, note, credit_limit } = details;
                let credit_limit = parse_limit(credit_limit.as_deref(), &settings)?;
                let after = checked(Customer { customer_id, code, name, phone, note, credit_limit })?;
                if after.credit_limit != before.row.credit_limit {
                    check_may_give_credit(tx)?;
                }
                refuse_taken(tx, &after)?;
                stamp.update(tx, &before, &after)?;
                view(tx, after, &settings)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Customers, Topic::Accounts, Topic::Cart, Topic::Sync]))
    }

    /// `customer.delete`. Whom documents name loses name, telephone and note; the documents stay as printed, and the row
    /// stays for registers that still sell to it. Nobody is deleted whose account is not even.
    pub async fn delete_customer(&self, customer_id: CustomerId) -> Result<Outcome<CustomerFate>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let fate = self
            .write(move |tx| {
                let before = customers::find(tx, customer_id)?.ok_or_else(not_found)?;
                let balance = accounts::balance(tx, customer_id)?;
                if !balance.is_zero() {
                    let params = json!({ "name": before.row.name, "balance": balance });
                    return Err(AppError::with(ErrorCode::AccountNotSettled, params));
                }
                let fate = if accounts::has_history(tx, customer_id)? {
                    let nobody = Customer::anonymous(customer_id, &settings::load(tx)?.locale);
                    stamp.update(tx, &before, &nobody)?;
                    CustomerFate::Anonymised
                } else {
                    stamp.delete(tx, &before, |tx| customers::remove(tx, customer_id))?;
                    CustomerFate::Deleted
                };
                let actor = Counter::load(tx)?.cashier.name;
                let (at_ms, action) = (stamp.now_ms, "customer.deleted".to_owned());
                let (subject, detail) = (Some(customer_id.0), json!({ "fate": fate }));
                audit::record(tx, &AuditEntry { at_ms, actor, action, subject, detail })?;
                Ok(fate)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(fate, &[Topic::Customers, Topic::Cart, Topic::Sync]))
    }
}

/// The customer that a person named.
pub(crate) fn find_one(conn: &Conn, text: &str) -> Result<Customer, AppError> {
    if let Some(found) = customers::find_by_code(conn, text)? {
        return Ok(found);
    }
    let found = customers::search(conn, text, MAX_PAGE)?;
    let same = |c: &&Customer| c.phone.as_deref() == Some(text) || c.name.eq_ignore_ascii_case(text);
    let mut exact = found.iter().filter(same);
    match (exact.next(), exact.next(), found.as_slice()) {
        (Some(one), None, _) => Ok(one.clone()),
        (None, _, [one]) if !text.is_empty() => Ok(one.clone()),
        (None, _, []) => Err(not_found()),
        _ if text.is_empty() => Err(AppError::input("customer", "empty")),
        _ => {
            let names: Vec<&str> = found.iter().take(NAMED_AT_MOST).map(|c| c.name.as_str()).collect();
            let params = json!({ "text": text, "count": found.len(), "names": names });
            Err(AppError::with(ErrorCode::CustomerAmbiguous, params))
        }
    }
}

/// Names that a question lists back.
const NAMED_AT_MOST: usize = 5;

fn parse_limit(text: Option<&str>, settings: &ShopSettings) -> Result<Option<Money>, AppError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| Money::parse(text, settings.currency)).transpose().map_err(decimal("credit_limit"))
}

fn check_may_give_credit(conn: &Conn) -> Result<(), AppError> {
    if Counter::load(conn)?.may(Permission::GiveCredit) {
        return Ok(());
    }
    let params = json!({ "permission": Permission::GiveCredit.as_str() });
    Err(AppError::with(ErrorCode::PermissionDenied, params))
}

fn checked(mut customer: Customer) -> Result<Customer, AppError> {
    let trimmed = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    customer.name = customer.name.trim().to_owned();
    customer.code = trimmed(customer.code);
    customer.phone = trimmed(customer.phone);
    customer.note = trimmed(customer.note);
    customer.check()?;
    Ok(customer)
}

/// Two customers with one telephone number are one customer entered twice; a code names one only.
fn refuse_taken(conn: &Conn, customer: &Customer) -> Result<(), AppError> {
    if let Some(code) = &customer.code
        && let Some(other) = customers::find_by_code(conn, code)?
        && other.customer_id != customer.customer_id
    {
        let params = json!({ "code": code, "name": other.name });
        return Err(AppError::with(ErrorCode::CustomerDuplicateCode, params));
    }
    let Some(phone) = &customer.phone else { return Ok(()) };
    let same = |c: &Customer| c.phone.as_ref() == Some(phone) && c.customer_id != customer.customer_id;
    match customers::search(conn, phone, MAX_PAGE)?.into_iter().find(same) {
        Some(other) => {
            let params = json!({ "phone": phone, "name": other.name });
            Err(AppError::with(ErrorCode::CustomerDuplicatePhone, params))
        }
        None => Ok(()),
    }
}

fn view(conn: &Conn, customer: Customer, settings: &ShopSettings) -> Result<CustomerView, AppError> {
    let waiting = queue::list_unacknowledged_of(conn, EntityKind::Customer, customer.customer_id.0)?;
    let standing = standing(conn, &customer, settings)?;
    Ok(CustomerView { unsynced: !waiting.is_empty(), customer, standing })
}
