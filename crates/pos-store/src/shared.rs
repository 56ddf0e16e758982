//! Rows that this register shares with others: the server's version, own edits on top, and how the two are merged.
//!
//! A row is the server's version with the edits on top that the server's version does not contain yet. While there
//! are such edits the server's version is kept beside the row, so that a later page, a refusal or a withdrawal can
//! compute the row anew. Nothing else ever decides what stands in a shared row.

use std::borrow::Cow;
use std::fmt;

use pos_domain::OperationBody;
use pos_domain::body::EntityKind;
use pos_domain::merge::{Fields, merge_fields};
use pos_domain::settings::FieldStrategy;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::sql::{Columns, Conn, Tx, from_json, int, to_json};
use crate::{StoreError, queue};

/// A shared row and the revision in which the server last acknowledged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared<T> {
    /// The row with own edits on top.
    pub row: T,
    /// The server's revision below them; 0 while it has none. This is an edit's `base_rev`.
    pub rev: u64,
}

/// A kind of shared row: how it is read from and written to its table.
pub(crate) trait SharedRow: Serialize + DeserializeOwned {
    /// The kind.
    const KIND: EntityKind;
    /// All fields of the type; others are kept aside as `extra`.
    const FIELDS: &'static [&'static str];

    /// The row's own id.
    fn row_id(&self) -> Uuid;
    /// The row with its life, tombstones too.
    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError>;
    /// Writes the row with its life over `before`, the row of this id as it stands in the table now.
    fn write(&self, tx: &Tx<'_>, life: &Life, before: Option<&Kept<Self>>) -> Result<(), StoreError>;
}

/// A row with its life.
pub(crate) struct Kept<T> {
    pub(crate) row: T,
    pub(crate) life: Life,
}

/// The columns that every shared row has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    pub(crate) rev: u64,
    pub(crate) seq: u64,
    pub(crate) deleted: bool,
    pub(crate) server_fields: Option<Fields>,
    pub(crate) extra: Option<Fields>,
}

/// The columns of a life as SQLite keeps them.
pub(crate) struct LifeColumns {
    pub(crate) rev: i64,
    pub(crate) seq: i64,
    pub(crate) deleted: bool,
    pub(crate) server_fields: Option<String>,
    pub(crate) extra: Option<String>,
}

impl Life {
    pub(crate) fn read(c: &Columns<'_, '_>) -> Result<Self, StoreError> {
        Ok(Self {
            rev: c.count("rev")?,
            seq: c.count("seq")?,
            deleted: c.get("deleted")?,
            server_fields: c.opt_json("server_fields")?,
            extra: c.opt_json("extra")?,
        })
    }

    pub(crate) fn columns(&self) -> Result<LifeColumns, StoreError> {
        let text = |fields: &Option<Fields>| fields.as_ref().map(|f| to_json("extra", f)).transpose();
        Ok(LifeColumns {
            rev: int("rev", self.rev)?,
            seq: int("seq", self.seq)?,
            deleted: self.deleted,
            server_fields: text(&self.server_fields)?,
            extra: text(&self.extra)?,
        })
    }
}

/// A row as the server has it.
pub(crate) struct ServerVersion<'a> {
    pub(crate) id: Uuid,
    pub(crate) rev: u64,
    pub(crate) seq: u64,
    /// The fields as a JSON object; `None` for a tombstone.
    pub(crate) data: Option<&'a str>,
}

/// What became of a row that came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Written.
    Written,
    /// Known already.
    Known,
    /// Not readable by this program.
    NotReadable(String),
}

/// Writes the server's version, with the own edits that it does not contain on top.
pub(crate) fn apply<T: SharedRow>(tx: &Tx<'_>, version: &ServerVersion<'_>) -> Result<Applied, StoreError> {
    let kept = T::find_kept(tx, version.id)?;
    let known = kept.as_ref().is_some_and(|k| k.life.rev >= version.rev);
    #[cfg(feature = "planted")]
    let known = known && !pos_planted::is(pos_planted::Bug::OlderRevisionIsWritten);
    if known {
        return Ok(Applied::Known);
    }
    let life =
        Life { rev: version.rev, seq: version.seq, deleted: version.data.is_none(), ..Life::default() };
    let (server, kept) = match (version.data, kept) {
        (Some(data), None) => return write_new::<T>(tx, version.id, data, life),
        (Some(data), Some(kept)) => match serde_json::from_str::<Fields>(data) {
            Ok(fields) => (fields, kept),
            Err(e) => return Ok(Applied::NotReadable(e.to_string())),
        },
        (None, Some(kept)) => (server_fields(&kept)?, kept),
        // A tombstone of a row that was never here.
        (None, None) => return Ok(Applied::Known),
    };
    // Nothing stands on top of a tombstone.
    let edits = if version.data.is_some() { edits_of::<T>(tx, version.id, &life)? } else { Vec::new() };
    #[cfg(feature = "planted")]
    let edits = if pos_planted::is(pos_planted::Bug::PulledRowForgetsTheEdit) { Vec::new() } else { edits };
    layer(tx, version.id, server, life, edits, &kept)
}

/// Writes a row that is new here: nothing of ours stands on top of it. A first sync is made of these, so the fields
/// are read straight from the text.
fn write_new<T: SharedRow>(tx: &Tx<'_>, id: Uuid, data: &str, life: Life) -> Result<Applied, StoreError> {
    let read = serde_json::from_str::<T>(data).and_then(|row| Ok((row, unknown_fields::<T>(data)?)));
    match read {
        Ok((row, extra)) if row.row_id() == id => {
            row.write(tx, &Life { extra, ..life }, None).map(|()| Applied::Written)
        }
        Ok((row, _)) => Ok(another_id(id, row.row_id())),
        Err(e) => Ok(Applied::NotReadable(e.to_string())),
    }
}

fn another_id(id: Uuid, in_fields: Uuid) -> Applied {
    Applied::NotReadable(format!("its id is {id}, its fields say {in_fields}"))
}

/// The fields of a JSON object that the type has no column for; `None` when there are none, as there are none unless
/// the server is newer than this program.
fn unknown_fields<T: SharedRow>(data: &str) -> Result<Option<Fields>, serde_json::Error> {
    let fields = Beside { known: T::FIELDS }.deserialize(&mut serde_json::Deserializer::from_str(data))?;
    Ok(if fields.is_empty() { None } else { Some(fields) })
}

/// Reads an object and leaves the known fields out, which are skipped unread.
struct Beside {
    known: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Beside {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Fields, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Beside {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fields, A::Error> {
        let mut unknown = Fields::new();
        while let Some(Name(name)) = object.next_key()? {
            if self.known.contains(&&*name) {
                object.next_value::<IgnoredAny>()?;
            } else {
                unknown.insert(name.into_owned(), object.next_value()?);
            }
        }
        Ok(unknown)
    }
}

/// The name of a field, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Computes the row anew after an edit of it was refused, withdrawn, taken up again or acknowledged.
pub(crate) fn refresh<T: SharedRow>(tx: &Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    let Some(kept) = T::find_kept(tx, id)? else { return Ok(()) };
    let waits = kept.life.server_fields.is_some();
    if kept.life.rev == 0 || (kept.life.deleted && !waits) {
        return Ok(());
    }
    let life = Life { rev: kept.life.rev, seq: kept.life.seq, ..Life::default() };
    let server = server_fields(&kept)?;
    let edits = edits_of::<T>(tx, id, &life)?;
    match layer(tx, id, server, life, edits, &kept)? {
        Applied::Written | Applied::Known => Ok(()),
        Applied::NotReadable(e) => Err(StoreError::unreadable(T::KIND.as_str(), e)),
    }
}

/// Writes a row as this register's people edited it. The operation that says so to the server is queued by the
/// caller in the same transaction.
pub(crate) fn put_local<T: SharedRow>(tx: &Tx<'_>, row: &T) -> Result<(), StoreError> {
    write_local(tx, row, false)
}

/// Makes a row a tombstone as this register's people wanted; `false` when there is none.
pub(crate) fn remove_local<T: SharedRow>(tx: &Tx<'_>, id: Uuid) -> Result<bool, StoreError> {
    match T::find_kept(tx, id)? {
        Some(kept) if !kept.life.deleted => write_local(tx, &kept.row, true).map(|()| true),
        Some(_) | None => Ok(false),
    }
}

/// Makes a row a tombstone that only this register had; one that the server has stays.
pub(crate) fn take_away<T: SharedRow>(tx: &Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    match T::find_kept(tx, id)? {
        Some(kept) if kept.life.rev == 0 && !kept.life.deleted => write_local(tx, &kept.row, true),
        Some(_) | None => Ok(()),
    }
}

/// The row, unless it is a tombstone.
pub(crate) fn find<T: SharedRow>(conn: &Conn, id: Uuid) -> Result<Option<Shared<T>>, StoreError> {
    let kept = T::find_kept(conn, id)?.filter(|kept| !kept.life.deleted);
    Ok(kept.map(|kept| Shared { row: kept.row, rev: kept.life.rev }))
}

fn write_local<T: SharedRow>(tx: &Tx<'_>, row: &T, deleted: bool) -> Result<(), StoreError> {
    let before = T::find_kept(tx, row.row_id())?;
    let life = match &before {
        None => Life::default(),
        Some(kept) => {
            let below = if kept.life.rev > 0 && !kept.life.deleted {
                Some(server_fields(kept)?)
            } else {
                kept.life.server_fields.clone()
            };
            Life { server_fields: below, ..kept.life.clone() }
        }
    };
    row.write(tx, &Life { deleted, ..life }, before.as_ref())
}

/// The server's version below a row.
fn server_fields<T: SharedRow>(kept: &Kept<T>) -> Result<Fields, StoreError> {
    if let Some(fields) = &kept.life.server_fields {
        return Ok(fields.clone());
    }
    let mut fields = to_fields(&kept.row)?;
    fields.extend(kept.life.extra.clone().unwrap_or_default());
    Ok(fields)
}

/// The server's version of a row with its revision and place in the feed, without own edits; none of a row or tombstone that only this
/// register has, and none of a tombstone of the server.
pub(crate) fn find_version<T: SharedRow>(
    conn: &Conn,
    id: Uuid,
) -> Result<Option<(u64, u64, Fields)>, StoreError> {
    let Some(kept) = T::find_kept(conn, id)?.filter(|kept| kept.life.rev > 0) else { return Ok(None) };
    if kept.life.deleted && kept.life.server_fields.is_none() {
        return Ok(None);
    }
    Ok(Some((kept.life.rev, kept.life.seq, server_fields(&kept)?)))
}

/// The edits of ours that the server's version does not contain.
fn edits_of<T: SharedRow>(tx: &Tx<'_>, id: Uuid, server: &Life) -> Result<Vec<OperationBody>, StoreError> {
    queue::edits_on_top(tx, T::KIND, id, server.seq)
}

/// Puts the edits that wait on top of the server's version and writes the result.
fn layer<T: SharedRow>(
    tx: &Tx<'_>,
    id: Uuid,
    server: Fields,
    mut life: Life,
    edits: Vec<OperationBody>,
    before: &Kept<T>,
) -> Result<Applied, StoreError> {
    let mut fields = server.clone();
    let mut edited = false;
    for edit in edits {
        match edit {
            OperationBody::EntityUpdate(edit) => {
                edited = true;
                // The person at this register sees what she typed until the server has decided.
                let shown =
                    merge_fields(&edit.base, &edit.changes, &fields, |_| FieldStrategy::ClientWins, true);
                fields = shown.fields;
            }
            OperationBody::EntityDelete(_) => {
                edited = true;
                life.deleted = true;
            }
            // The server's version is what came of it.
            OperationBody::EntityCreate(_)
            | OperationBody::SaleComplete(_)
            | OperationBody::TillRecord(_)
            | OperationBody::SerialNote(_)
            | OperationBody::StockAdjust(_)
            | OperationBody::ConflictResolve(_)
            | OperationBody::ConflictReopen(_)
            | OperationBody::MappingDispute(_) => {}
        }
    }
    if edited {
        life.server_fields = Some(server);
    }
    let extra: Fields = fields
        .iter()
        .filter(|(name, _)| !T::FIELDS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    life.extra = if extra.is_empty() { None } else { Some(extra) };
    match serde_json::from_value::<T>(Value::Object(fields)) {
        Ok(row) if row.row_id() == id => row.write(tx, &life, Some(before)).map(|()| Applied::Written),
        Ok(row) => Ok(another_id(id, row.row_id())),
        Err(e) => Ok(Applied::NotReadable(e.to_string())),
    }
}

/// The fields of a row.
pub(crate) fn to_fields<T: Serialize>(row: &T) -> Result<Fields, StoreError> {
    // By way of text: `to_value` would refuse nothing either, and this is not a hot path.
    let text = to_json("row", row)?;
    from_json("row", &text)
}

#[cfg(test)]
mod tests {
    use pos_domain::{Cashier, Category, Customer, Product};
    use serde_json::json;

    use super::*;
    use crate::settings::SettingRow;

    /// The fields that a type writes, from a value of it.
    fn written<T: SharedRow>(value: Value) -> Vec<String> {
        let row: T = serde_json::from_value(value).unwrap();
        let mut names: Vec<String> = to_fields(&row).unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    fn listed<T: SharedRow>() -> Vec<&'static str> {
        let mut names = T::FIELDS.to_vec();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_field_of_a_row_has_its_column() {
        let id = "01900000-0000-7000-8000-000000000001";
        let product = json!({
            "product_id": id, "code": "C", "barcodes": [], "name": "N", "category_id": null, "unit": "pcs",
            "price": 1, "cost": null, "tax_rate": 0, "track_stock": true, "offline_policy": "allow",
            "favourite": false, "picture": null, "archived": false,
        });
        assert_eq!(
            written::<Product>(product),
            listed::<Product>(),
            "a field without a column would be lost"
        );
        let category = json!({ "category_id": id, "name": "N", "colour": "#000000", "position": 1 });
        assert_eq!(written::<Category>(category), listed::<Category>());
        let customer = json!({ "customer_id": id, "code": null, "name": "N", "phone": null, "note": null });
        assert_eq!(written::<Customer>(customer), listed::<Customer>());
        let cashier = json!({ "cashier_id": id, "name": "N", "role": "owner" });
        assert_eq!(written::<Cashier>(cashier), listed::<Cashier>());
        assert_eq!(written::<SettingRow>(json!({ "key": "k", "value": 1 })), listed::<SettingRow>());
    }
}
