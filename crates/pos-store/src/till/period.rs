//! Which documents a Z covers: all between two closings in the order of the chain, with their totals.
//!
//! The order is that of lives and numbers, never that of a clock, so register, `verify` and server cut at the same place.

use pos_domain::shift::NumberRange;
use pos_domain::{SaleDocument, ShiftReport, ShiftTotals, TillContent, TillDocument};
use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, first, from_json, int};

/// A place in the chain: all numbers of earlier lives come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Life of the file.
    pub epoch: u32,
    /// Number in the series of that life; 0 is before the first.
    pub number: u64,
}

/// A final document, as far as totals need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// A sale, refund or void.
    Sale(Box<SaleDocument>),
    /// A document of the drawer or of an account.
    Till(Box<TillDocument>),
}

/// What the documents since a Z come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Period {
    /// The documents: one run for each life of the file.
    pub ranges: Vec<NumberRange>,
    /// Their totals.
    pub totals: ShiftTotals,
    /// When the drawer was opened; none when it was not.
    pub opened_at_ms: Option<i64>,
}

impl Period {
    /// Adds the next document of the chain; a closing is in none.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when a total leaves the range of money.
    pub fn add(&mut self, series: &str, number: u64, document: &Covered) -> Result<(), StoreError> {
        let added = match document {
            Covered::Sale(sale) => self.totals.add_sale(sale),
            Covered::Till(till) => {
                match &till.content {
                    TillContent::ShiftClosing(_) => return Ok(()),
                    TillContent::ShiftOpening(_) => {
                        self.opened_at_ms = self.opened_at_ms.or(Some(till.head.made_at_ms));
                    }
                    TillContent::CashMovement(_) | TillContent::AccountPayment(_) => {}
                }
                self.totals.add(till)
            }
        };
        added.map_err(|e| StoreError::unreadable("the totals of a shift", e))?;
        match self.ranges.last_mut().filter(|range| range.series == series) {
            Some(range) => range.last = number,
            None => self.ranges.push(NumberRange { series: series.to_owned(), first: number, last: number }),
        }
        Ok(())
    }
}

/// Where the last Z stands; before everything when there is none.
///
/// # Errors
/// Those of reading.
pub fn place_of_last_closing(conn: &Conn) -> Result<Place, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT epoch, number FROM chain_record
         WHERE kind IN ('shift_opening', 'shift_closing') AND kind = 'shift_closing'
         ORDER BY epoch DESC, number DESC LIMIT 1",
    )?;
    let found = first(statement.query([])?, "chain_record", |c| {
        Ok(Place { epoch: c.count("epoch")?, number: c.count("number")? })
    })?;
    Ok(found.unwrap_or_default())
}

/// What the documents behind a place come to, up to the newest. Reads each of them: for the report lane, or once for a
/// closing.
///
/// # Errors
/// Those of reading.
pub fn period_after(conn: &Conn, after: Place) -> Result<Period, StoreError> {
    let mut period = Period::default();
    covered_after(conn, after, |series, number, document| period.add(series, number, &document))?;
    Ok(period)
}

/// Visits the documents behind a place in the order of the chain, one at a time.
///
/// # Errors
/// Those of reading, and those of `visit`.
pub fn covered_after(
    conn: &Conn,
    after: Place,
    mut visit: impl FnMut(&str, u64, Covered) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT c.series, c.number, s.document AS sale, t.document AS till FROM chain_record AS c
             LEFT JOIN sale AS s ON s.sale_id = c.document_id
             LEFT JOIN till_document AS t ON t.document_id = c.document_id
         WHERE (c.epoch, c.number) > (:epoch, :number) ORDER BY c.epoch, c.number",
    )?;
    let mut rows = statement.query(named_params! {
        ":epoch": after.epoch, ":number": int("chain_record.number", after.number)?,
    })?;
    while let Some(row) = rows.next()? {
        let columns = Columns::of("chain_record", row);
        let (series, number): (String, u64) = (columns.get("series")?, columns.count("number")?);
        let (sale, till): (Option<String>, Option<String>) = (columns.get("sale")?, columns.get("till")?);
        let document = match (sale, till) {
            (Some(sale), _) => Covered::Sale(from_json("sale.document", &sale)?),
            (None, Some(till)) => Covered::Till(from_json("till_document.document", &till)?),
            (None, None) => {
                return Err(StoreError::unreadable("chain_record.document_id", "no document has this id"));
            }
        };
        visit(&series, number, document)?;
    }
    Ok(())
}

impl Covered {
    /// The closing, if this is one.
    pub fn closing(&self) -> Option<&ShiftReport> {
        match self {
            Self::Sale(_) => None,
            Self::Till(till) => match &till.content {
                TillContent::ShiftClosing(report) => Some(report),
                TillContent::ShiftOpening(_)
                | TillContent::CashMovement(_)
                | TillContent::AccountPayment(_) => None,
            },
        }
    }
}
