//! The chain of final documents: the head, the links, and how far the server holds them.

use pos_domain::chain::{ChainFault, ChainHead, Signature64};
use pos_domain::{ChainRecord, SaleId};
use rusqlite::named_params;
use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::sql::{Columns, Conn, Tx, all, first, int};
use crate::{StoreError, device, local};

/// Where the series of the current epoch stands.
///
/// # Errors
/// [`StoreError::NoDevice`].
pub fn head(conn: &Conn) -> Result<ChainHead, StoreError> {
    Ok(device::get(conn)?.head)
}

/// Appends a link; [`crate::sales::finalise`] and [`crate::till::insert`] call it.
///
/// # Errors
/// [`StoreError::Chain`] when it does not follow the head or is not signed by this register.
pub(crate) fn append(tx: &Tx<'_>, record: &ChainRecord) -> Result<(), StoreError> {
    let device = device::get(tx)?;
    let number = record.number;
    if (record.device_id, record.epoch) != (device.device_id, device.epoch) || record.series != device.series
    {
        return Err(StoreError::Chain(ChainFault::Changed { number }));
    }
    let head = device.head.accept(record, &device.public_key)?;
    tx.prepare_cached(
        "INSERT INTO chain_record (epoch, number, device_id, series, kind, document_id, issued_at_ms, document_hash,
             previous_hash, hash, signature)
         VALUES (:epoch, :number, :device, :series, :kind, :document, :issued_at, :document_hash, :previous, :hash,
             :signature)",
    )?
    .execute(named_params! {
        ":epoch": record.epoch,
        ":number": int("chain_record.number", number)?,
        ":device": record.device_id.as_bytes(),
        ":series": record.series,
        ":kind": record.kind.as_str(),
        ":document": record.document_id.as_bytes(),
        ":issued_at": record.issued_at_ms,
        ":document_hash": record.document_hash.0,
        ":previous": record.previous_hash.0,
        ":hash": record.hash.0,
        ":signature": record.signature.0,
    })?;
    device::write_head(tx, head)
}

/// Links of an epoch above `number`, in order.
///
/// # Errors
/// Those of reading.
pub fn list_after(conn: &Conn, epoch: u32, number: u64, limit: u32) -> Result<Vec<ChainRecord>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT epoch, number, device_id, series, kind, document_id, issued_at_ms, document_hash, previous_hash,
             hash, signature
         FROM chain_record WHERE epoch = :epoch AND number > :number ORDER BY number LIMIT :limit",
    )?;
    let rows = statement.query(named_params! {
        ":epoch": epoch, ":number": int("chain_record.number", number)?, ":limit": limit,
    })?;
    all(rows, "chain_record", read)
}

/// How many final documents this file holds, of all its lives.
///
/// # Errors
/// Those of reading.
pub fn count(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) AS n FROM chain_record")?;
    Ok(first(statement.query([])?, "chain_record", |c| c.count("n"))?.unwrap_or(0))
}

/// Links of the current epoch that the server has not countersigned, in order.
///
/// # Errors
/// [`StoreError::NoDevice`].
pub fn list_uncountersigned(conn: &Conn, limit: u32) -> Result<Vec<ChainRecord>, StoreError> {
    let device = device::get(conn)?;
    list_after(conn, device.epoch, device.countersigned.number, limit)
}

/// The first of those links, as far as the server has their documents: the others would only travel for nothing. Links
/// of an earlier life that it was never shown go first, and alone.
///
/// # Errors
/// [`StoreError::NoDevice`].
pub fn list_to_countersign(conn: &Conn, limit: u32) -> Result<Vec<ChainRecord>, StoreError> {
    for Owed { epoch, above } in owed(conn)? {
        let links = known_to_server(conn, list_after(conn, epoch, above, limit)?)?;
        if !links.is_empty() {
            return Ok(links);
        }
    }
    let device = device::get(conn)?;
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::FirstLinkIsLeftOut) {
        let above = device.countersigned.number.saturating_add(1);
        return known_to_server(conn, list_after(conn, device.epoch, above, limit)?);
    }
    known_to_server(conn, list_after(conn, device.epoch, device.countersigned.number, limit)?)
}

/// The first of them, as far as the server has acknowledged their documents.
fn known_to_server(conn: &Conn, links: Vec<ChainRecord>) -> Result<Vec<ChainRecord>, StoreError> {
    let mut acknowledged = conn.prepare_cached(
        "SELECT 1 FROM sync_queue AS q WHERE q.state = 'acknowledged' AND q.op_id = coalesce(
             (SELECT s.op_id FROM sale AS s WHERE s.sale_id = :id),
             (SELECT t.op_id FROM till_document AS t WHERE t.document_id = :id))",
    )?;
    let mut known = Vec::with_capacity(links.len());
    for link in links {
        if !acknowledged.exists(named_params! { ":id": link.document_id.as_bytes() })? {
            break;
        }
        known.push(link);
    }
    Ok(known)
}

/// A life that ended before the server held all of its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Owed {
    epoch: u32,
    /// Last number that the server holds.
    above: u64,
}

/// Where the lives are remembered that are owed to the server.
const OWED: &str = "links_owed";

fn owed(conn: &Conn) -> Result<Vec<Owed>, StoreError> {
    let owed = local::find_setting(conn, OWED)?.map(serde_json::from_value).transpose();
    Ok(owed.map_err(|e| StoreError::unreadable("device_setting.links_owed", e))?.unwrap_or_default())
}

fn set_owed(tx: &Tx<'_>, owed: &[Owed]) -> Result<(), StoreError> {
    let owed =
        serde_json::to_value(owed).map_err(|e| StoreError::unwritable("device_setting.links_owed", e))?;
    local::set_setting(tx, OWED, &owed)
}

/// A life ends: what the server does not hold of its chain is sent later. Where the documents came back from the
/// journal, the server may hold more than this file knows; it knows them again.
pub(crate) fn owe_rest(tx: &Tx<'_>, device: &Device) -> Result<(), StoreError> {
    if device.head.number <= device.countersigned.number {
        return Ok(());
    }
    let mut owed = owed(tx)?;
    owed.push(Owed { epoch: device.epoch, above: device.countersigned.number });
    set_owed(tx, &owed)
}

/// A server that was put back may have lost links of lives that had ended: all of them are shown again, but for those of
/// the lives in `except`. It knows again what it has.
///
/// # Errors
/// [`StoreError::NoDevice`], or those of writing.
pub fn owe_earlier(tx: &Tx<'_>, except: &[u32]) -> Result<(), StoreError> {
    let epoch = device::get(tx)?.epoch;
    let mut statement =
        tx.prepare_cached("SELECT DISTINCT epoch FROM chain_record WHERE epoch < :epoch ORDER BY epoch")?;
    let rows = statement.query(named_params! { ":epoch": epoch })?;
    let mut lives: Vec<u32> = all(rows, "chain_record", |c| c.count("epoch"))?;
    lives.retain(|epoch| !except.contains(epoch));
    let owed: Vec<Owed> = lives.into_iter().map(|epoch| Owed { epoch, above: 0 }).collect();
    set_owed(tx, &owed)
}

/// The server has taken, or refused for good, the links of an ended life up to `number`.
///
/// # Errors
/// Those of writing.
pub fn settle_owed(tx: &Tx<'_>, epoch: u32, number: u64) -> Result<(), StoreError> {
    let last = list_after(tx, epoch, number, 1)?.is_empty();
    let mut owed = owed(tx)?;
    owed.retain(|life| life.epoch != epoch || !last);
    for life in owed.iter_mut().filter(|life| life.epoch == epoch) {
        life.above = life.above.max(number);
    }
    set_owed(tx, &owed)
}

/// Remembers how far the server holds the chain. A restored server may hold less than before.
///
/// # Errors
/// [`StoreError::NoDevice`], or [`StoreError::Chain`] when the server's head is not a link of this chain: a fork.
pub fn set_countersigned(tx: &Tx<'_>, head: ChainHead) -> Result<(), StoreError> {
    let device = device::get(tx)?;
    let number = head.number;
    if head != ChainHead::START {
        let below = list_after(tx, device.epoch, number.saturating_sub(1), 1)?;
        if !below.iter().any(|record| record.number == number && record.hash == head.hash) {
            return Err(StoreError::Chain(ChainFault::Unbound { number }));
        }
    }
    tx.prepare_cached(
        "UPDATE device SET countersigned_number = :number, countersigned_hash = :hash WHERE id = 1",
    )?
    .execute(
        named_params! { ":number": int("device.countersigned_number", number)?, ":hash": head.hash.0 },
    )?;
    Ok(())
}

pub(crate) fn read(c: &Columns<'_, '_>) -> Result<ChainRecord, StoreError> {
    Ok(ChainRecord {
        device_id: c.id("device_id")?,
        epoch: c.count("epoch")?,
        series: c.get("series")?,
        number: c.count("number")?,
        kind: c.word("kind")?,
        document_id: c.id("document_id")?,
        issued_at_ms: c.get("issued_at_ms")?,
        document_hash: c.hash("document_hash")?,
        previous_hash: c.hash("previous_hash")?,
        hash: c.hash("hash")?,
        signature: Signature64(c.get("signature")?),
    })
}

/// Whether a drawer was closed after this place of the chain: a Z report covers it.
///
/// # Errors
/// Those of reading.
pub fn is_closed_over(conn: &Conn, epoch: u32, number: u64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT 1 FROM chain_record WHERE kind = 'shift_closing' AND (epoch, number) > (:epoch, :number) LIMIT 1",
    )?;
    Ok(statement.exists(named_params! { ":epoch": epoch, ":number": int("chain_record.number", number)? })?)
}

/// The link of a document, once it is final.
///
/// # Errors
/// Those of reading.
pub fn find_of(conn: &Conn, sale_id: SaleId) -> Result<Option<ChainRecord>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT epoch, number, device_id, series, kind, document_id, issued_at_ms, document_hash, previous_hash,
             hash, signature
         FROM chain_record WHERE document_id = :id",
    )?;
    first(statement.query(named_params! { ":id": sale_id.as_bytes() })?, "chain_record", read)
}
