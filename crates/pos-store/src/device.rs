//! Who this register is: identity, the life of its file, its server, its clock, and who stands at it.

use pos_domain::chain::ChainHead;
use pos_domain::merge::Hlc;
use pos_domain::{CashierId, DeviceId, DevicePublicKey, Hash32, OutletId, TenantId};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, first, int, to_json};

/// The register of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Made with the file.
    pub device_id: DeviceId,
    /// The business.
    pub tenant_id: TenantId,
    /// The shop.
    pub outlet_id: OutletId,
    /// Name of the register, as printed.
    pub name: String,
    /// Life of the file.
    pub epoch: u32,
    /// Series of this epoch.
    pub series: String,
    /// Key that verifies this epoch's signatures.
    pub public_key: DevicePublicKey,
    /// Last number given in this epoch, and its hash.
    pub head: ChainHead,
    /// How far the server holds the chain of this epoch.
    pub countersigned: ChainHead,
    /// Seq of the next operation.
    pub next_seq: u64,
    /// The server that was joined, if one was.
    pub server: Option<JoinedServer>,
    /// Who stands at the register.
    pub cashier_id: Option<CashierId>,
    /// When the file was made, in milliseconds since 1970 UTC.
    pub created_at_ms: i64,
}

/// The server of a register. Its token is a secret and not kept here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedServer {
    /// Base URL.
    pub url: String,
    /// SPKI SHA-256 pins, base64url; empty for a public certificate or loopback.
    pub pins: Vec<String>,
    /// The server's own id, once it has said hello.
    pub authority: Option<Uuid>,
    /// Life of the server's database as last seen; 0 before the first hello.
    pub server_epoch: u32,
}

/// What a new file is told about its register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// Made by the caller.
    pub device_id: DeviceId,
    /// The business.
    pub tenant_id: TenantId,
    /// The shop.
    pub outlet_id: OutletId,
    /// Name of the register, as printed.
    pub name: String,
    /// Series of the first epoch, such as `R1`.
    pub series: String,
    /// Key that verifies its signatures.
    pub public_key: DevicePublicKey,
    /// Milliseconds since 1970 UTC.
    pub created_at_ms: i64,
}

/// Makes this file a register, in epoch 1.
///
/// # Errors
/// [`StoreError::Sql`] when it is one already.
pub fn create(tx: &Tx<'_>, device: &NewDevice) -> Result<(), StoreError> {
    insert_epoch(tx, 1, &device.series, device.public_key, device.created_at_ms)?;
    tx.prepare_cached(
        "INSERT INTO device (id, device_id, tenant_id, outlet_id, name, epoch, next_seq, head_number, head_hash,
             countersigned_number, countersigned_hash, hlc_wall_ms, hlc_counter, server_pins, server_epoch,
             created_at_ms)
         VALUES (1, :device_id, :tenant_id, :outlet_id, :name, 1, 1, 0, :genesis, 0, :genesis, 0, 0, '[]', 0, :at)",
    )?
    .execute(named_params! {
        ":device_id": device.device_id.as_bytes(),
        ":tenant_id": device.tenant_id.as_bytes(),
        ":outlet_id": device.outlet_id.as_bytes(),
        ":name": device.name,
        ":genesis": Hash32::GENESIS.0,
        ":at": device.created_at_ms,
    })?;
    Ok(())
}

/// The register, if this file is one.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn) -> Result<Option<Device>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT d.device_id, d.tenant_id, d.outlet_id, d.name, d.epoch, d.next_seq, d.head_number, d.head_hash,
             d.countersigned_number, d.countersigned_hash, d.cashier_id, d.server_url, d.server_pins, d.authority,
             d.server_epoch, d.created_at_ms, e.series, e.public_key
         FROM device AS d JOIN device_epoch AS e ON e.epoch = d.epoch WHERE d.id = 1",
    )?;
    first(statement.query([])?, "device", |c| {
        let url: Option<String> = c.get("server_url")?;
        let server = match url {
            None => None,
            Some(url) => Some(JoinedServer {
                url,
                pins: c.json("server_pins")?,
                authority: c.opt_id("authority")?,
                server_epoch: c.count("server_epoch")?,
            }),
        };
        Ok(Device {
            device_id: c.id("device_id")?,
            tenant_id: c.id("tenant_id")?,
            outlet_id: c.id("outlet_id")?,
            name: c.get("name")?,
            epoch: c.count("epoch")?,
            series: c.get("series")?,
            public_key: public_key(c)?,
            head: ChainHead { number: c.count("head_number")?, hash: c.hash("head_hash")? },
            countersigned: ChainHead {
                number: c.count("countersigned_number")?,
                hash: c.hash("countersigned_hash")?,
            },
            next_seq: c.count("next_seq")?,
            server,
            cashier_id: c.opt_id("cashier_id")?,
            created_at_ms: c.get("created_at_ms")?,
        })
    })
}

/// The register.
///
/// # Errors
/// [`StoreError::NoDevice`] when this file is none.
pub fn get(conn: &Conn) -> Result<Device, StoreError> {
    find(conn)?.ok_or(StoreError::NoDevice)
}

/// Who stands at the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// This file is no register yet.
    NoRegister,
    /// Nobody, because people are still to be loaded.
    Empty,
    /// That person.
    Of(CashierId),
}

/// Who stands at the register. Nothing else of its row is read, so a file with a damaged key can still be looked at.
///
/// # Errors
/// Those of reading.
pub fn find_seat(conn: &Conn) -> Result<Seat, StoreError> {
    let mut statement = conn.prepare_cached("SELECT cashier_id FROM device WHERE id = 1")?;
    let seat = first(statement.query([])?, "device", |c| c.opt_id("cashier_id"))?;
    Ok(match seat {
        None => Seat::NoRegister,
        Some(None) => Seat::Empty,
        Some(Some(cashier_id)) => Seat::Of(cashier_id),
    })
}

/// One life of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEpoch {
    /// Counted from 1.
    pub epoch: u32,
    /// The series that belongs to it.
    pub series: String,
    /// Key that verifies its signatures.
    pub public_key: DevicePublicKey,
}

/// All lives of this file, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list_epochs(conn: &Conn) -> Result<Vec<DeviceEpoch>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT epoch, series, public_key FROM device_epoch ORDER BY epoch")?;
    crate::sql::all(statement.query([])?, "device_epoch", |c| {
        Ok(DeviceEpoch { epoch: c.count("epoch")?, series: c.get("series")?, public_key: public_key(c)? })
    })
}

/// Opens a new life of this file after it was restored or cloned: another series, another chain, and operations
/// that the server has not acknowledged get new seqs. Their ids and bodies stay, so nothing is done twice.
///
/// # Errors
/// [`StoreError::NoDevice`], or those of writing, such as a series that was used before.
pub fn open_epoch(
    tx: &Tx<'_>,
    epoch: u32,
    series: &str,
    public_key: DevicePublicKey,
    now_ms: i64,
) -> Result<(), StoreError> {
    crate::chain::owe_rest(tx, &get(tx)?)?;
    insert_epoch(tx, epoch, series, public_key, now_ms)?;
    let next_seq = crate::queue::move_to_epoch(tx, epoch)?;
    let changed = tx.execute(
        "UPDATE device SET epoch = :epoch, next_seq = :next_seq, head_number = 0, head_hash = :genesis,
             countersigned_number = 0, countersigned_hash = :genesis WHERE id = 1",
        named_params! { ":epoch": epoch, ":next_seq": next_seq, ":genesis": Hash32::GENESIS.0 },
    )?;
    tx.execute("UPDATE sync_state SET backup_seq = 0", [])?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NoDevice) }
}

/// Renames the series of the current epoch, as when a shop begun without a server joins one. Only before the first
/// number of the epoch.
///
/// # Errors
/// [`StoreError::WrongState`] when numbers were given already.
pub fn set_series(tx: &Tx<'_>, series: &str) -> Result<(), StoreError> {
    let device = get(tx)?;
    if device.series == series {
        return Ok(());
    }
    if device.head.number > 0 {
        return Err(StoreError::WrongState { what: "series", id: device.device_id.0, state: "numbered" });
    }
    tx.execute(
        "UPDATE device_epoch SET series = :series WHERE epoch = :epoch",
        named_params! { ":series": series, ":epoch": device.epoch },
    )?;
    Ok(())
}

/// Remembers the server, the business and the shop after joining, or what the server said in its hello.
///
/// # Errors
/// Those of writing.
pub fn set_server(tx: &Tx<'_>, server: &JoinedServer) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE device SET server_url = :url, server_pins = :pins, authority = :authority, server_epoch = :epoch
         WHERE id = 1",
    )?
    .execute(named_params! {
        ":url": server.url,
        ":pins": to_json("device.server_pins", &server.pins)?,
        ":authority": server.authority.map(Uuid::into_bytes),
        ":epoch": server.server_epoch,
    })?;
    Ok(())
}

/// Moves the register into another business and shop; for a shop begun without a server that joins an empty one.
///
/// # Errors
/// Those of writing.
pub fn set_business(tx: &Tx<'_>, tenant_id: TenantId, outlet_id: OutletId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE device SET tenant_id = :tenant, outlet_id = :outlet WHERE id = 1")?
        .execute(named_params! { ":tenant": tenant_id.as_bytes(), ":outlet": outlet_id.as_bytes() })?;
    Ok(())
}

/// Who stands at the register from now on.
///
/// # Errors
/// Those of writing.
pub fn set_cashier(tx: &Tx<'_>, cashier_id: Option<CashierId>) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE device SET cashier_id = :cashier WHERE id = 1")?
        .execute(named_params! { ":cashier": cashier_id.map(|id| *id.as_bytes()) })?;
    Ok(())
}

/// The next reading of the hybrid logical clock for a local edit, remembered.
///
/// # Errors
/// [`StoreError::NoDevice`].
pub fn tick_hlc(tx: &Tx<'_>, now_ms: i64) -> Result<Hlc, StoreError> {
    let next = read_hlc(tx)?.tick(now_ms);
    write_hlc(tx, next)?;
    Ok(next)
}

/// Moves the hybrid logical clock past a reading received from elsewhere.
///
/// # Errors
/// [`StoreError::NoDevice`].
pub fn receive_hlc(tx: &Tx<'_>, other: Hlc, now_ms: i64) -> Result<Hlc, StoreError> {
    let next = read_hlc(tx)?.receive(other, now_ms);
    write_hlc(tx, next)?;
    Ok(next)
}

fn read_hlc(conn: &Conn) -> Result<Hlc, StoreError> {
    let mut statement = conn.prepare_cached("SELECT hlc_wall_ms, hlc_counter FROM device WHERE id = 1")?;
    first(statement.query([])?, "device.hlc", |c| {
        Ok(Hlc { wall_ms: c.get("hlc_wall_ms")?, counter: c.count("hlc_counter")? })
    })?
    .ok_or(StoreError::NoDevice)
}

fn write_hlc(tx: &Tx<'_>, hlc: Hlc) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE device SET hlc_wall_ms = :wall, hlc_counter = :counter WHERE id = 1")?
        .execute(named_params! { ":wall": hlc.wall_ms, ":counter": hlc.counter })?;
    Ok(())
}

/// Takes the next seq of this epoch. Two statements instead of RETURNING, for the sake of imports: see
/// `products::table`.
pub(crate) fn take_seq(tx: &Tx<'_>) -> Result<(u32, u64), StoreError> {
    let mut statement = tx.prepare_cached("SELECT epoch, next_seq FROM device WHERE id = 1")?;
    let next =
        first(statement.query([])?, "device.next_seq", |c| Ok((c.count("epoch")?, c.count("next_seq")?)))?
            .ok_or(StoreError::NoDevice)?;
    tx.prepare_cached("UPDATE device SET next_seq = next_seq + 1 WHERE id = 1")?.execute([])?;
    Ok(next)
}

pub(crate) fn write_head(tx: &Tx<'_>, head: ChainHead) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE device SET head_number = :number, head_hash = :hash WHERE id = 1")?.execute(
        named_params! { ":number": int("device.head_number", head.number)?, ":hash": head.hash.0 },
    )?;
    Ok(())
}

fn public_key(c: &Columns<'_, '_>) -> Result<DevicePublicKey, StoreError> {
    let bytes: [u8; 32] = c.get("public_key")?;
    DevicePublicKey::from_bytes(&bytes).map_err(|e| StoreError::unreadable("device_epoch.public_key", e))
}

fn insert_epoch(
    tx: &Tx<'_>,
    epoch: u32,
    series: &str,
    public_key: DevicePublicKey,
    at_ms: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO device_epoch (epoch, series, public_key, began_at_ms) VALUES (:epoch, :series, :key, :at)",
        named_params! { ":epoch": epoch, ":series": series, ":key": public_key.to_bytes(), ":at": at_ms },
    )?;
    Ok(())
}
