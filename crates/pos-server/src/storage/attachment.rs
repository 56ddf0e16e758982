//! Attachments and their bytes, in pieces as they came.

use std::ops::ControlFlow;

use pos_domain::{AttachmentHash, MediaType};

use super::value::Cell;
use super::{Row, Sql, StorageError, Tx, hash, unreadable};

/// Whether all bytes are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Arriving,
    Stored,
}

/// One attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) size_bytes: u32,
    pub(crate) held_bytes: u32,
    pub(crate) media_type: MediaType,
    pub(crate) state: State,
}

/// One that the sweep looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) hash: AttachmentHash,
    pub(crate) state: State,
    pub(crate) touched_at_ms: i64,
    pub(crate) unnamed_since_ms: Option<i64>,
}

/// The attachment of a name.
pub(crate) fn find(tx: Tx<'_>, name: AttachmentHash) -> Sql<Option<Attachment>> {
    tx.find(
        "SELECT size_bytes, held_bytes, media_type, state FROM attachment WHERE hash = :hash",
        &[(":hash", (&name.0.0).into())],
        |row| {
            Ok(Attachment {
                size_bytes: row.get("size_bytes")?,
                held_bytes: row.get("held_bytes")?,
                media_type: media_type(row.get("media_type")?)?,
                state: state(row)?,
            })
        },
    )
}

/// Begins one without bytes.
pub(crate) fn begin(
    tx: Tx<'_>,
    name: AttachmentHash,
    size_bytes: u32,
    media_type: MediaType,
    now_ms: i64,
) -> Sql<()> {
    tx.write(
        "INSERT INTO attachment (hash, size_bytes, held_bytes, media_type, state, touched_at_ms, unnamed_since_ms)
         VALUES (:hash, :size, 0, :media_type, 'arriving', :now, NULL)",
        &[
            (":hash", (&name.0.0).into()),
            (":size", size_bytes.into()),
            (":media_type", media_type.as_str().into()),
            (":now", now_ms.into()),
        ],
    )
}

/// Adds the bytes at `offset`, behind those that are there.
pub(crate) fn append(tx: Tx<'_>, name: AttachmentHash, offset: u32, bytes: &[u8], now_ms: i64) -> Sql<u32> {
    let held = u32::try_from(bytes.len()).ok().and_then(|len| offset.checked_add(len));
    let held = held.ok_or_else(|| unreadable(std::io::Error::from(std::io::ErrorKind::InvalidInput)))?;
    tx.write(
        "INSERT INTO attachment_piece (hash, offset_bytes, bytes) VALUES (:hash, :offset, :bytes)",
        &[(":hash", (&name.0.0).into()), (":offset", offset.into()), (":bytes", bytes.into())],
    )?;
    tx.write(
        "UPDATE attachment SET held_bytes = :held, touched_at_ms = :now WHERE hash = :hash",
        &[(":hash", (&name.0.0).into()), (":held", held.into()), (":now", now_ms.into())],
    )?;
    Ok(held)
}

/// The digest of what is there.
pub(crate) fn digest(tx: Tx<'_>, name: AttachmentHash) -> Sql<AttachmentHash> {
    let mut hasher = blake3::Hasher::new();
    tx.each(
        "SELECT bytes FROM attachment_piece WHERE hash = :hash ORDER BY offset_bytes",
        &[(":hash", (&name.0.0).into())],
        |row| {
            hasher.update(bytes_of(row)?);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(AttachmentHash(pos_domain::Hash32(*hasher.finalize().as_bytes())))
}

/// All bytes are there and are what the name says.
pub(crate) fn complete(tx: Tx<'_>, name: AttachmentHash) -> Sql<()> {
    tx.write("UPDATE attachment SET state = 'stored' WHERE hash = :hash", &[(":hash", (&name.0.0).into())])
}

/// Takes one away with its bytes.
pub(crate) fn remove(tx: Tx<'_>, name: AttachmentHash) -> Sql<()> {
    tx.write("DELETE FROM attachment_piece WHERE hash = :hash", &[(":hash", (&name.0.0).into())])?;
    tx.write("DELETE FROM attachment WHERE hash = :hash", &[(":hash", (&name.0.0).into())])
}

/// Bytes from a place on, at most `limit`; fewer where a piece ends.
pub(crate) fn find_piece(tx: Tx<'_>, name: AttachmentHash, offset: u32, limit: u32) -> Sql<Vec<u8>> {
    let found = tx.find(
        "SELECT offset_bytes, bytes FROM attachment_piece WHERE hash = :hash AND offset_bytes <= :offset
         ORDER BY offset_bytes DESC LIMIT 1",
        &[(":hash", (&name.0.0).into()), (":offset", offset.into())],
        |row| {
            let begins: u32 = row.get("offset_bytes")?;
            let skip = usize::try_from(offset.saturating_sub(begins)).map_err(unreadable)?;
            let take = usize::try_from(limit).map_err(unreadable)?;
            Ok(bytes_of(row)?.iter().skip(skip).take(take).copied().collect())
        },
    )?;
    Ok(found.unwrap_or_default())
}

/// Bytes that all of them have, or will have.
pub(crate) fn total_bytes(tx: Tx<'_>) -> Sql<u64> {
    tx.get("SELECT CAST(coalesce(sum(size_bytes), 0) AS BIGINT) AS total FROM attachment", &[], |row| {
        row.get("total")
    })
}

/// All of them, for the sweep. They are as many as pictures, so a name and two times each fit.
pub(crate) fn list(tx: Tx<'_>) -> Sql<Vec<Seen>> {
    tx.list("SELECT hash, state, touched_at_ms, unnamed_since_ms FROM attachment", &[], |row| {
        Ok(Seen {
            hash: AttachmentHash(hash(row, "hash")?),
            state: state(row)?,
            touched_at_ms: row.get("touched_at_ms")?,
            unnamed_since_ms: row.get("unnamed_since_ms")?,
        })
    })
}

/// Notes since when no product names one; none when one does.
pub(crate) fn set_unnamed(tx: Tx<'_>, name: AttachmentHash, since_ms: Option<i64>) -> Sql<()> {
    tx.write(
        "UPDATE attachment SET unnamed_since_ms = :since WHERE hash = :hash",
        &[(":hash", (&name.0.0).into()), (":since", since_ms.into())],
    )
}

/// Shows the fields of each product that may have a picture, as text.
pub(crate) fn each_pictured(tx: Tx<'_>, mut visit: impl FnMut(&str) -> Sql<()>) -> Sql<()> {
    tx.each(
        "SELECT fields FROM entity_row WHERE entity = 'product' AND NOT deleted
             AND fields NOT LIKE '%\"picture\":null%'",
        &[],
        |row| {
            visit(row.get("fields")?)?;
            Ok(ControlFlow::Continue(()))
        },
    )
}

fn state(row: Row<'_>) -> Sql<State> {
    Ok(if row.get::<&str>("state")? == "stored" { State::Stored } else { State::Arriving })
}

fn bytes_of(row: Row<'_>) -> Sql<&[u8]> {
    match row.get::<Cell<'_>>("bytes")? {
        Cell::Bytes(bytes) => Ok(bytes),
        Cell::Null | Cell::Integer(_) | Cell::Text(_) => Err(StorageError::NoRow),
    }
}

fn media_type(text: &str) -> Sql<MediaType> {
    super::json_value(serde_json::Value::from(text))
}
