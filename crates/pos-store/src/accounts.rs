//! What customers owe: the entries of all registers that are known here, and their sum.

use pos_domain::account::AccountEntry;
use pos_domain::body::EntityKind;
use pos_domain::{ChainRecord, CustomerId, DocumentId, Money, SaleDocument, SaleId};
use rusqlite::named_params;
use uuid::Uuid;

use crate::shared::{self, Kept, Life, Shared, SharedRow};
use crate::sql::{Columns, Conn, Tx, all, first};
use crate::{StoreError, mappings};

/// What a customer owes, as far as it is known here; below zero the shop owes the customer.
///
/// # Errors
/// Those of reading.
pub fn balance(conn: &Conn, customer_id: CustomerId) -> Result<Money, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT coalesce(sum(amount_minor), 0) AS balance FROM account_entry
         WHERE customer_id = :customer AND deleted = 0",
    )?;
    let rows = statement.query(named_params! { ":customer": customer_id.as_bytes() })?;
    Ok(first(rows, "account_entry", |c| c.money("balance"))?.unwrap_or_default())
}

/// All entries of one customer, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list_entries(conn: &Conn, customer_id: CustomerId) -> Result<Vec<AccountEntry>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT document_id, customer_id, amount_minor, kind, device_id, register, number, at_ms FROM account_entry
         WHERE customer_id = :customer AND deleted = 0 ORDER BY at_ms, document_id",
    )?;
    all(statement.query(named_params! { ":customer": customer_id.as_bytes() })?, "account_entry", read)
}

/// Hands over the entries of each customer whose balance is not zero, as `(at_ms, amount)` oldest first, one customer
/// after the other. For the report lane.
///
/// # Errors
/// Those of reading, and those of `visit`.
pub fn visit_open<E: From<StoreError>>(
    conn: &Conn,
    mut visit: impl FnMut(CustomerId, &[(i64, Money)]) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = conn
        .prepare_cached(
            "SELECT e.customer_id, e.at_ms, e.amount_minor FROM account_entry AS e
             WHERE e.deleted = 0 AND e.customer_id IN (
                 SELECT o.customer_id FROM account_entry AS o WHERE o.deleted = 0
                 GROUP BY o.customer_id HAVING sum(o.amount_minor) <> 0)
             ORDER BY e.customer_id, e.at_ms",
        )
        .map_err(StoreError::from)?;
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    let mut whose: Option<CustomerId> = None;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let c = Columns::of("account_entry", row);
        let (customer_id, entry) = (c.id("customer_id")?, (c.get("at_ms")?, c.money("amount_minor")?));
        if let Some(before) = whose.filter(|before| *before != customer_id) {
            visit(before, &entries)?;
            entries.clear();
        }
        whose = Some(customer_id);
        entries.push(entry);
    }
    whose.map_or(Ok(()), |last| visit(last, &entries))
}

/// Whether any document is known here that names the customer.
///
/// # Errors
/// Those of reading.
pub fn has_history(conn: &Conn, customer_id: CustomerId) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM account_entry AS e WHERE e.customer_id = :id AND e.deleted = 0)
                 OR EXISTS (SELECT 1 FROM sale AS s WHERE s.customer_id = :id AND s.customer_id IS NOT NULL)",
        )?
        .exists(named_params! { ":id": customer_id.as_bytes() })?)
}

/// Writes the entry of a sale document that became final here, when any of its tenders is on an account.
pub(crate) fn record_of_sale(tx: &Tx<'_>, sale_id: SaleId, record: &ChainRecord) -> Result<(), StoreError> {
    // Few sales are on account: the documents of the others are not read.
    let mut statement = tx.prepare_cached(
        "SELECT document FROM sale WHERE sale_id = :id AND customer_id IS NOT NULL AND EXISTS (
             SELECT 1 FROM sale_tender AS t WHERE t.sale_id = :id AND t.kind IN ('account', 'store_credit'))",
    )?;
    let rows = statement.query(named_params! { ":id": sale_id.as_bytes() })?;
    let document: Option<SaleDocument> = first(rows, "sale", |c| c.json("document"))?;
    let Some(document) = document else { return Ok(()) };
    let told = document.account_entry(Some(record.printed_number()));
    let Some(entry) = told.map_err(|e| StoreError::unreadable("document", e))? else { return Ok(()) };
    let customer_id = mappings::resolve(tx, EntityKind::Customer, entry.customer_id.0)?.into();
    put(tx, &AccountEntry { customer_id, ..entry })
}

/// The entry of a document with the row's revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: DocumentId) -> Result<Option<Shared<AccountEntry>>, StoreError> {
    shared::find(conn, id.0)
}

/// Writes the entry of a document made here. The server brings the same row again when it has applied the document.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, entry: &AccountEntry) -> Result<(), StoreError> {
    shared::put_local(tx, entry)
}

/// Entries follow their customer to another id.
pub(crate) fn rename_customer(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE account_entry SET customer_id = :to WHERE customer_id = :from")?
        .execute(named_params! { ":from": from.into_bytes(), ":to": to.into_bytes() })?;
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<AccountEntry, StoreError> {
    Ok(AccountEntry {
        document_id: c.id("document_id")?,
        customer_id: c.id("customer_id")?,
        amount: c.money("amount_minor")?,
        kind: c.word("kind")?,
        device_id: c.id("device_id")?,
        register: c.get("register")?,
        number: c.get("number")?,
        at_ms: c.get("at_ms")?,
    })
}

impl SharedRow for AccountEntry {
    const KIND: EntityKind = EntityKind::AccountEntry;
    const FIELDS: &'static [&'static str] =
        &["document_id", "customer_id", "amount", "kind", "device_id", "register", "number", "at_ms"];

    fn row_id(&self) -> Uuid {
        self.document_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT document_id, customer_id, amount_minor, kind, device_id, register, number, at_ms, rev, seq, deleted,
                 server_fields, extra
             FROM account_entry WHERE document_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "account_entry", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, _before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let life = life.columns()?;
        tx.prepare_cached(
            "INSERT INTO account_entry (document_id, customer_id, amount_minor, kind, device_id, register, number, at_ms,
                 rev, seq, deleted, server_fields, extra)
             VALUES (:id, :customer, :amount, :kind, :device, :register, :number, :at, :rev, :seq, :deleted,
                 :server_fields, :extra)
             ON CONFLICT (document_id) DO UPDATE SET customer_id = excluded.customer_id,
                 amount_minor = excluded.amount_minor, kind = excluded.kind, device_id = excluded.device_id,
                 register = excluded.register, number = excluded.number, at_ms = excluded.at_ms, rev = excluded.rev,
                 seq = excluded.seq, deleted = excluded.deleted, server_fields = excluded.server_fields,
                 extra = excluded.extra",
        )?
        .execute(named_params! {
            ":id": self.document_id.as_bytes(),
            ":customer": self.customer_id.as_bytes(),
            ":amount": self.amount.minor(),
            ":kind": self.kind.as_str(),
            ":device": self.device_id.as_bytes(),
            ":register": self.register,
            ":number": self.number,
            ":at": self.at_ms,
            ":rev": life.rev,
            ":seq": life.seq,
            ":deleted": life.deleted,
            ":server_fields": life.server_fields,
            ":extra": life.extra,
        })?;
        Ok(())
    }
}
