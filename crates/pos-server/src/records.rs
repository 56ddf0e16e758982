//! Reading a server's file for people: balances, totals, registers, and whether everything holds. Read-only, so it
//! works beside a running server.

use std::path::Path;

use pos_domain::stock::StockLevel;
use pos_domain::{Currency, DeviceId, Money};
use pos_sqlite::{Database, OpenMode, ReadLane, VerifyDepth, verify_file};

use crate::error::ServerError;
use crate::storage::{self, Sql, device, report};

/// A server's file, for reading.
#[derive(Debug)]
pub struct Records {
    database: Database,
}

/// Documents of one kind and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTotal {
    /// `sale` or `refund`.
    pub kind: String,
    /// Of the sums.
    pub currency: Currency,
    /// How many.
    pub count: u64,
    /// Sum of net amounts.
    pub net: Money,
    /// Sum of tax.
    pub tax: Money,
    /// Sum of totals.
    pub total: Money,
}

/// A register that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its id.
    pub device_id: DeviceId,
    /// Its name.
    pub name: String,
    /// Series of its documents.
    pub series: String,
    /// When it joined, in milliseconds since 1970 UTC.
    pub joined_at_ms: i64,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which check found it; stable.
    pub check: &'static str,
    /// What, in words.
    pub detail: String,
}

impl Records {
    /// Opens the file of a data folder.
    ///
    /// # Errors
    /// [`ServerError::NoBusiness`] for an empty folder; others as the database says.
    pub fn open(data: &Path) -> Result<Self, ServerError> {
        if !storage::database_path(data).exists() {
            return Err(ServerError::NoBusiness);
        }
        Ok(Self { database: storage::open(data, OpenMode::ReadOnly)? })
    }

    /// The balance of a product by its code or a barcode; `None` when there is no such product. One whose stock is
    /// not counted has a balance of nothing.
    ///
    /// # Errors
    /// [`ServerError::Read`].
    pub fn stock(&self, code: &str) -> Result<Option<StockLevel>, ServerError> {
        let code = code.trim().to_owned();
        Ok(self.database.read(ReadLane::Quick, move |connection| report::stock(connection, &code))?)
    }

    /// Documents that count, by kind and currency.
    ///
    /// # Errors
    /// [`ServerError::Read`].
    pub fn totals(&self) -> Result<Vec<DocumentTotal>, ServerError> {
        Ok(self.database.read(ReadLane::Report, report::totals)?)
    }

    /// Registers, in the order in which they joined.
    ///
    /// # Errors
    /// [`ServerError::Read`].
    pub fn registers(&self) -> Result<Vec<Joined>, ServerError> {
        Ok(self.database.read(ReadLane::Quick, |connection| -> Sql<Vec<Joined>> {
            let devices = device::list(connection)?;
            Ok(devices
                .into_iter()
                .map(|device| Joined {
                    device_id: device.device_id,
                    name: device.name,
                    series: device.series,
                    joined_at_ms: device.joined_at_ms,
                    revoked_at_ms: device.revoked_at_ms,
                })
                .collect())
        })?)
    }

    /// Everything that does not hold: the file itself, balances against movements and shortages, documents and their
    /// hashes, chains and signatures, watermarks, the feed. Empty when all is well.
    ///
    /// # Errors
    /// [`ServerError::Read`] when it could not be checked.
    pub fn verify(&self) -> Result<Vec<Fault>, ServerError> {
        let mut faults: Vec<Fault> = verify_file(self.database.path(), VerifyDepth::Full)
            .into_iter()
            .map(|finding| Fault { check: "file", detail: finding.detail })
            .collect();
        faults.extend(self.database.read(ReadLane::Report, crate::verify::run)?);
        Ok(faults)
    }
}
