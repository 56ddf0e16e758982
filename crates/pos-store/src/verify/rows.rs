//! Rows as they stand against rows as a document says they should be.

use std::collections::BTreeMap;

use pos_domain::chain::printed_number;
use pos_domain::{DocumentId, Hash32};
use rusqlite::types::Value as Cell;
use rusqlite::{Row, named_params};
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::Findings;
use crate::StoreError;
use crate::sql::{Conn, first};

/// A row as it stands: column -> value.
pub(super) type Cells = BTreeMap<String, Cell>;
/// A row as the document says it should be.
pub(super) type Wanted = Vec<(&'static str, Cell)>;

/// The link of a document, as far as its row repeats it.
pub(super) struct Link {
    pub(super) series: String,
    pub(super) number: i64,
    pub(super) kind: String,
    pub(super) document_hash: Vec<u8>,
}

impl Link {
    /// The number as printed; none when it is no number.
    pub(super) fn number_in_words(&self) -> Option<String> {
        Some(printed_number(&self.series, u64::try_from(self.number).ok()?))
    }

    /// The same, as a row says it.
    pub(super) fn printed_number(&self) -> Cell {
        opt_text(self.number_in_words().as_deref())
    }
}

/// The document in a row, its text held against its hash. `None` when there is none or nobody can read it, which is told.
/// From now on findings are about this document.
pub(super) fn read_document<'a, T: DeserializeOwned>(
    row: Option<&'a Cells>,
    id: Uuid,
    findings: &mut Findings,
) -> Option<(&'a Cells, T)> {
    let Some(row) = row else {
        findings.add("document.missing", Some(id), json!({}));
        return None;
    };
    if let Some(Cell::Text(number)) = row.get("printed_number") {
        findings.look_at(Some(number.clone()));
    }
    let Some(Cell::Text(text)) = row.get("document") else {
        findings.add("document.unreadable", Some(id), json!({}));
        return None;
    };
    if row.get("document_hash") != Some(&Cell::Blob(Hash32::of(text.as_bytes()).0.to_vec())) {
        findings.add("document.changed", Some(id), json!({}));
    }
    match serde_json::from_str(text) {
        Ok(document) => Some((row, document)),
        Err(e) => {
            findings.add("document.unreadable", Some(id), json!({ "detail": e.to_string() }));
            None
        }
    }
}

pub(super) fn find_link(conn: &Conn, document_id: DocumentId) -> Result<Option<Link>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT series, number, kind, document_hash FROM chain_record WHERE document_id = :id",
    )?;
    first(statement.query(named_params! { ":id": document_id.as_bytes() })?, "chain_record", |c| {
        Ok(Link {
            series: c.get("series")?,
            number: c.get("number")?,
            kind: c.get("kind")?,
            document_hash: c.get("document_hash")?,
        })
    })
}

pub(super) fn blob(bytes: &[u8; 16]) -> Cell {
    Cell::Blob(bytes.to_vec())
}

pub(super) fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

pub(super) fn opt_text(value: Option<&str>) -> Cell {
    value.map_or(Cell::Null, text)
}

pub(super) fn size(value: usize) -> Cell {
    i64::try_from(value).map_or(Cell::Null, Cell::Integer)
}

pub(super) fn compare(
    table: &'static str,
    subject: Uuid,
    position: usize,
    wanted: &Wanted,
    found: &Cells,
    findings: &mut Findings,
) {
    for (column, value) in wanted {
        if found.get(*column) != Some(value) {
            let mut facts = json!({ "table": table, "column": column, "position": position });
            if let (Cell::Integer(expected), Some(Cell::Integer(found)), Some(facts)) =
                (value, found.get(*column), facts.as_object_mut())
            {
                facts.extend([("expected".to_owned(), json!(expected)), ("found".to_owned(), json!(found))]);
            }
            if let (true, Some(facts)) = (column.ends_with("_id"), facts.as_object_mut()) {
                facts.insert("mapped_by".to_owned(), json!("id_mapping"));
            }
            findings.add("document.differs", Some(subject), facts);
        }
    }
}

pub(super) fn read_rows(conn: &Conn, sql: &str, document_id: DocumentId) -> Result<Vec<Cells>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(named_params! { ":id": document_id.as_bytes() })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(cells(row, &names)?);
    }
    Ok(found)
}

pub(super) fn cells(row: &Row<'_>, names: &[String]) -> Result<Cells, StoreError> {
    names.iter().map(|name| Ok((name.clone(), row.get::<_, Cell>(name.as_str())?))).collect()
}
