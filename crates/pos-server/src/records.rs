//! Reading a server's database for people: balances, totals, registers, and whether everything holds. Read-only, so it
//! works beside a running server.

use pos_domain::stock::StockLevel;
use pos_domain::{Currency, DeviceId, Money};
use pos_sqlite::{OpenMode, ReadLane};

use crate::error::ServerError;
use crate::location::Location;
use crate::storage::{Founding, Sql, Store, device, report};

/// A server's database, for reading.
#[derive(Debug)]
pub struct Records {
    store: Store,
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
    /// Opens the database of a business.
    ///
    /// # Errors
    /// [`ServerError::NoBusiness`] where there is none; others as the database says.
    pub fn open(location: impl Into<Location>) -> Result<Self, ServerError> {
        let store = Store::open(&location.into(), OpenMode::ReadOnly, Founding::Never)?;
        Ok(Self { store })
    }

    /// The balance of a product by its code or a barcode; `None` when there is no such product. One whose stock is
    /// not counted has a balance of nothing.
    ///
    /// # Errors
    /// [`ServerError::Read`].
    pub fn stock(&self, code: &str) -> Result<Option<StockLevel>, ServerError> {
        let code = code.trim().to_owned();
        Ok(self.store.read(ReadLane::Quick, move |tx| report::stock(tx, &code))?)
    }

    /// Documents that count, by kind and currency.
    ///
    /// # Errors
    /// [`ServerError::Read`].
    pub fn totals(&self) -> Result<Vec<DocumentTotal>, ServerError> {
        Ok(self.store.read(ReadLane::Report, report::totals)?)
    }

    /// Registers, in the order in which they joined.
    ///
    /// # Errors
    /// [`ServerError::Read`].
    pub fn registers(&self) -> Result<Vec<Joined>, ServerError> {
        Ok(self.store.read(ReadLane::Quick, |tx| -> Sql<Vec<Joined>> {
            let devices = device::list(tx)?;
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
        let mut faults: Vec<Fault> =
            self.store.damage().into_iter().map(|detail| Fault { check: "file", detail }).collect();
        faults.extend(self.store.read(ReadLane::Report, crate::verify::run)?);
        Ok(faults)
    }
}
