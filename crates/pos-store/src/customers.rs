//! Customers who are known by name, and how they are found.

use pos_domain::body::EntityKind;
use pos_domain::{Customer, CustomerId, Money};
use rusqlite::{OptionalExtension, named_params};
use uuid::Uuid;

use crate::StoreError;
use crate::shared::{self, Kept, Life, Shared, SharedRow};
use crate::sql::{Columns, Conn, Tx, all, first};
use crate::text::{fold, match_all, write_out};

/// One customer with the row's revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: CustomerId) -> Result<Option<Shared<Customer>>, StoreError> {
    shared::find(conn, id.0)
}

/// The customer with that code of the shop's own.
///
/// # Errors
/// Those of reading.
pub fn find_by_code(conn: &Conn, code: &str) -> Result<Option<Customer>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT customer_id, code, name, phone, note, credit_limit_minor FROM customer
         WHERE code = :code AND code IS NOT NULL AND deleted = 0 ORDER BY rev = 0, customer_no LIMIT 1",
    )?;
    first(statement.query(named_params! { ":code": code })?, "customer", read)
}

/// A page of customers by name, after the given one.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn, after: Option<CustomerId>, limit: u32) -> Result<Vec<Customer>, StoreError> {
    let (name, number) = match after {
        None => (String::new(), 0),
        Some(id) => {
            let mut statement =
                conn.prepare_cached("SELECT name_folded, customer_no FROM customer WHERE customer_id = :id")?;
            first(statement.query(named_params! { ":id": id.as_bytes() })?, "customer", |c| {
                Ok((c.get("name_folded")?, c.get::<i64>("customer_no")?))
            })?
            .ok_or(StoreError::Missing { what: "customer", id: id.0 })?
        }
    };
    let mut statement = conn.prepare_cached(
        "SELECT customer_id, code, name, phone, note, credit_limit_minor FROM customer
         WHERE deleted = 0 AND (name_folded, customer_no) > (:name, :number)
         ORDER BY name_folded, customer_no LIMIT :limit",
    )?;
    let rows = statement.query(named_params! { ":name": name, ":number": number, ":limit": limit })?;
    all(rows, "customer", read)
}

/// Customers whose name, code or phone has a word that begins with each word of `text`, by name.
///
/// # Errors
/// Those of reading.
pub fn search(conn: &Conn, text: &str, limit: u32) -> Result<Vec<Customer>, StoreError> {
    let Some(words) = match_all(text) else { return list(conn, None, limit) };
    let mut statement = conn.prepare_cached(
        "SELECT c.customer_id, c.code, c.name, c.phone, c.note, c.credit_limit_minor
         FROM customer_fts AS f JOIN customer AS c ON c.customer_no = f.rowid
         WHERE customer_fts MATCH :words AND c.deleted = 0 LIMIT :limit",
    )?;
    let mut found =
        all(statement.query(named_params! { ":words": words, ":limit": limit })?, "customer", read)?;
    found.sort_by_cached_key(|customer| fold(&customer.name));
    Ok(found)
}

/// Writes a customer as edited here; queue the operation in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, customer: &Customer) -> Result<(), StoreError> {
    shared::put_local(tx, customer)
}

/// Deletes a customer here; queue the operation in the same transaction. `false` when there is none.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, id: CustomerId) -> Result<bool, StoreError> {
    shared::remove_local::<Customer>(tx, id.0)
}

/// Gives the row another id, or drops it when that id has a row already.
pub(crate) fn rename(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    let (from, to) = (from.into_bytes(), to.into_bytes());
    let number: Option<i64> = tx
        .prepare_cached("SELECT customer_no FROM customer WHERE customer_id = :id")?
        .query_row(named_params! { ":id": from }, |row| row.get("customer_no"))
        .optional()?;
    let Some(number) = number else { return Ok(()) };
    let renamed = tx
        .prepare_cached("UPDATE OR IGNORE customer SET customer_id = :to WHERE customer_id = :from")?
        .execute(named_params! { ":from": from, ":to": to })?;
    if renamed == 0 {
        tx.prepare_cached("DELETE FROM customer_fts WHERE rowid = :no")?
            .execute(named_params! { ":no": number })?;
        tx.prepare_cached("DELETE FROM customer WHERE customer_no = :no")?
            .execute(named_params! { ":no": number })?;
    }
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<Customer, StoreError> {
    Ok(Customer {
        customer_id: c.id("customer_id")?,
        code: c.get("code")?,
        name: c.get("name")?,
        phone: c.get("phone")?,
        note: c.get("note")?,
        credit_limit: c.opt_money("credit_limit_minor")?,
    })
}

fn index(tx: &Tx<'_>, number: i64, customer: &Customer) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO customer_fts (rowid, name, code, phone) VALUES (:no, :name, :code, :phone)",
    )?
    .execute(named_params! {
        ":no": number,
        ":name": write_out(&customer.name),
        ":code": customer.code,
        ":phone": customer.phone,
    })?;
    Ok(())
}

/// Plain statements for the sake of FTS5, as for products.
const INSERT: &str = "
    INSERT INTO customer (customer_id, code, name, name_folded, phone, note, credit_limit_minor, rev, seq, deleted,
        server_fields, extra)
    VALUES (:id, :code, :name, :folded, :phone, :note, :credit_limit, :rev, :seq, :deleted, :server_fields, :extra)";
const UPDATE: &str = "
    UPDATE customer SET code = :code, name = :name, name_folded = :folded, phone = :phone, note = :note,
        credit_limit_minor = :credit_limit, rev = :rev, seq = :seq, deleted = :deleted, server_fields = :server_fields, extra = :extra
    WHERE customer_id = :id";

impl SharedRow for Customer {
    const KIND: EntityKind = EntityKind::Customer;
    const FIELDS: &'static [&'static str] = &["customer_id", "code", "name", "phone", "note", "credit_limit"];

    fn row_id(&self) -> Uuid {
        self.customer_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT customer_id, code, name, phone, note, credit_limit_minor, rev, seq, deleted, server_fields, extra
             FROM customer WHERE customer_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "customer", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let columns = life.columns()?;
        let number: Option<i64> = match before {
            None => None,
            Some(_) => tx
                .prepare_cached("SELECT customer_no FROM customer WHERE customer_id = :id")?
                .query_row(named_params! { ":id": self.customer_id.as_bytes() }, |row| row.get("customer_no"))
                .optional()?,
        };
        tx.prepare_cached(if number.is_some() { UPDATE } else { INSERT })?.execute(named_params! {
            ":id": self.customer_id.as_bytes(),
            ":code": self.code,
            ":name": self.name,
            ":folded": fold(&self.name),
            ":phone": self.phone,
            ":note": self.note,
            ":credit_limit": self.credit_limit.map(Money::minor),
            ":rev": columns.rev,
            ":seq": columns.seq,
            ":deleted": columns.deleted,
            ":server_fields": columns.server_fields,
            ":extra": columns.extra,
        })?;
        if let Some(number) = number {
            tx.prepare_cached("DELETE FROM customer_fts WHERE rowid = :no")?
                .execute(named_params! { ":no": number })?;
        }
        if life.deleted {
            return Ok(());
        }
        index(tx, number.unwrap_or_else(|| tx.last_insert_rowid()), self)
    }
}
