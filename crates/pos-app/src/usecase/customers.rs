//! Customers: finding, adding, changing, deleting.

use pos_domain::{Customer, CustomerId};
use pos_store::queue::{self, Lane};
use pos_store::{Conn, customers};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CustomerView, Page};

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
                let items = found.into_iter().map(|c| view(conn, c)).collect::<Result<_, _>>()?;
                Ok(Page { items, next, total: None })
            })
            .await?;
        Ok(Outcome::read(page))
    }

    /// `customer.create`
    pub async fn create_customer(
        &self,
        name: String,
        phone: Option<String>,
        note: Option<String>,
    ) -> Result<Outcome<CustomerView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let customer = checked(Customer { customer_id: self.new_id(), code: None, name, phone, note })?;
        let view = self
            .write(move |tx| {
                refuse_taken_phone(tx, &customer)?;
                stamp.create(tx, &customer)?;
                view(tx, customer)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Customers, Topic::Sync]))
    }

    /// `customer.update`
    pub async fn update_customer(
        &self,
        customer_id: CustomerId,
        name: String,
        phone: Option<String>,
        note: Option<String>,
    ) -> Result<Outcome<CustomerView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let view = self
            .write(move |tx| {
                let before = customers::find(tx, customer_id)?.ok_or_else(not_found)?;
                let after = checked(Customer { name, phone, note, ..before.row.clone() })?;
                refuse_taken_phone(tx, &after)?;
                stamp.update(tx, &before, &after)?;
                view(tx, after)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Customers, Topic::Cart, Topic::Sync]))
    }

    /// `customer.delete`
    pub async fn delete_customer(&self, customer_id: CustomerId) -> Result<Outcome<()>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        self.write(move |tx| {
            let before = customers::find(tx, customer_id)?.ok_or_else(not_found)?;
            stamp.delete(tx, &before, |tx| customers::remove(tx, customer_id))
        })
        .await?;
        self.wrote();
        Ok(Outcome::changed((), &[Topic::Customers, Topic::Cart, Topic::Sync]))
    }
}

fn not_found() -> AppError {
    AppError::new(ErrorCode::CustomerNotFound)
}

fn checked(mut customer: Customer) -> Result<Customer, AppError> {
    let trimmed = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    customer.name = customer.name.trim().to_owned();
    customer.phone = trimmed(customer.phone);
    customer.note = trimmed(customer.note);
    customer.check()?;
    Ok(customer)
}

/// Two customers with one telephone number are one customer entered twice.
fn refuse_taken_phone(conn: &Conn, customer: &Customer) -> Result<(), AppError> {
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

fn view(conn: &Conn, customer: Customer) -> Result<CustomerView, AppError> {
    let waiting =
        queue::list_unacknowledged_of(conn, pos_domain::body::EntityKind::Customer, customer.customer_id.0)?;
    Ok(CustomerView { unsynced: !waiting.is_empty(), customer })
}
