//! How much a file holds, in the few numbers by which a person judges whether a restore brought everything back.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::sql::{Conn, first};

/// What a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Final documents.
    pub sales: u64,
    /// Products that exist.
    pub products: u64,
    /// Customers that exist.
    pub customers: u64,
    /// Sum of the stock of all products as shown, in thousandths.
    pub stock_milli: i64,
    /// Operations that the server has not acknowledged.
    pub pending: u64,
}

/// Counts a file. Walks its tables: for a restore and its report only.
///
/// # Errors
/// Those of reading.
pub fn of(conn: &Conn) -> Result<Counts, StoreError> {
    let mut statement = conn.prepare(
        "SELECT (SELECT count(*) FROM sale WHERE state = 'final') AS sales,
             (SELECT count(*) FROM product WHERE deleted = 0) AS products,
             (SELECT count(*) FROM customer WHERE deleted = 0) AS customers,
             (SELECT coalesce(sum(on_hand_milli), 0) FROM stock_level)
                 + (SELECT coalesce(sum(delta_milli), 0) FROM stock_pending) AS stock_milli,
             (SELECT count(*) FROM sync_queue WHERE state IN ('pending', 'in_flight', 'parked')) AS pending",
    )?;
    let found = first(statement.query([])?, "counts", |c| {
        Ok(Counts {
            sales: c.count("sales")?,
            products: c.count("products")?,
            customers: c.count("customers")?,
            stock_milli: c.get("stock_milli")?,
            pending: c.count("pending")?,
        })
    })?;
    Ok(found.unwrap_or_default())
}
