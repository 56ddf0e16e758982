//! Serial numbers and IMEIs: on the lines of the cart, and the life of the thing that bears one.
//!
//! What was sold and returned is told by documents when they become final. People note the rest: what came in, went to be
//! repaired, came back, was lost.

use std::collections::HashSet;

use pos_domain::serial::{SerialChange, SerialFault, SerialNote, SerialTracking, canonical};
use pos_domain::{Cart, CartLine, LineId, OperationBody, Quantity};
use pos_store::queue::{self, Lane};
use pos_store::{Conn, products, serials};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use crate::app::{App, Counter};
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CartView, SerialLife, SerialRow};

impl App {
    /// `cart.set_serials`: the numbers of the goods of a line, as many as are known and no more than pieces. Each stands
    /// in a cart once.
    pub async fn set_serials(
        &self,
        line_id: LineId,
        numbers: Vec<String>,
    ) -> Result<Outcome<CartView>, AppError> {
        self.change_cart(move |tx, cart| {
            let missing = || AppError::new(ErrorCode::CartLineNotFound);
            let others: HashSet<String> =
                cart.lines.iter().filter(|l| l.line_id != line_id).flat_map(|l| l.serials.clone()).collect();
            let line = cart.lines.iter_mut().find(|l| l.line_id == line_id).ok_or_else(missing)?;
            let tracking =
                products::find(tx, line.product_id)?.map_or(SerialTracking::Serial, |p| p.row.tracking);
            let mut spelt: Vec<String> = Vec::with_capacity(numbers.len());
            for number in &numbers {
                let number = spelling(tracking, number)?;
                if others.contains(&number) || spelt.contains(&number) {
                    return Err(AppError::input("serial", "duplicate"));
                }
                spelt.push(number);
            }
            if spelt.len() > pieces(line) {
                return Err(AppError::input("serials", "count"));
            }
            line.serials = spelt;
            Ok(())
        })
        .await
    }

    /// `serial.find`: the life of a number, however it is spelt.
    pub async fn find_serial(&self, number: &str) -> Result<Outcome<SerialLife>, AppError> {
        let number = number.to_owned();
        Ok(Outcome::read(self.read(move |conn| life_of(conn, &number)).await?))
    }

    /// `serial.list`: the numbers that a text is in, those first to which something happened last.
    pub async fn list_serials(&self, search: &str, limit: u32) -> Result<Outcome<Vec<SerialRow>>, AppError> {
        let search = search.split_whitespace().collect::<String>().to_uppercase();
        let rows = self
            .read(move |conn| {
                let last = serials::list_last(conn, &search, limit.clamp(1, MAX_PAGE))?;
                let rows = last.into_iter().map(|event| {
                    let product = products::find(conn, event.product_id)?.map(|p| p.row.name);
                    Ok(SerialRow { product, is_here: event.change.is_here_after(), last: event })
                });
                rows.collect::<Result<Vec<_>, AppError>>()
            })
            .await?;
        Ok(Outcome::read(rows))
    }

    /// `serial.note`: what happened to a thing without a document. `code` names what bears a number that nobody has
    /// noted yet.
    pub async fn note_serial(
        &self,
        number: &str,
        code: Option<String>,
        change: SerialChange,
        remark: Option<String>,
    ) -> Result<Outcome<SerialLife>, AppError> {
        let (stamp, number) = (self.stamp(Lane::Edit), number.to_owned());
        let life = self
            .write(move |tx| {
                let counter = Counter::load(tx)?;
                let life = life_of(tx, &number)?;
                let product = match (life.product_id, &code) {
                    (Some(id), _) => super::catalogue::by_id(tx, id)?,
                    (None, Some(code)) => super::catalogue::by_code(tx, code)?,
                    (None, None) => return Err(AppError::input("code", "empty")),
                };
                let serial = spelling(product.tracking, &number)?;
                let before = life.events.last().map(|event| event.change);
                if !change.follows(before) {
                    return Err(not_there(&serial, before));
                }
                let note = SerialNote {
                    event_id: stamp.ids.next(),
                    serial: serial.clone(),
                    product_id: product.product_id,
                    change,
                    register: counter.device.name,
                    actor: counter.cashier.name,
                    note: remark.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
                    at_ms: stamp.now_ms,
                };
                note.check().map_err(|fault| fault_in_words(&fault))?;
                serials::put(tx, &note.event(counter.device.device_id))?;
                let product_id = product.product_id.0;
                let depends_on =
                    queue::list_unacknowledged_of(tx, pos_domain::body::EntityKind::Product, product_id)?;
                stamp.enqueue(tx, &OperationBody::SerialNote(note), &depends_on)?;
                life_of(tx, &serial)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(life, &[Topic::Serials, Topic::Sync]))
    }
}

/// How many things a line is of: each may bear a number.
pub(crate) fn pieces(line: &CartLine) -> usize {
    let milli = line.stock_qty().milli().unsigned_abs();
    usize::try_from(milli.div_ceil(1_000)).unwrap_or(usize::MAX)
}

/// How many numbers a line still misses.
pub(super) fn missing(line: &CartLine, tracking: SerialTracking) -> usize {
    match tracking {
        SerialTracking::None => 0,
        SerialTracking::Serial | SerialTracking::Imei => pieces(line).saturating_sub(line.serials.len()),
    }
}

/// Refuses to sell or take in what must bear a number and has none noted. What comes back of an earlier sale bears what
/// was noted then.
pub(super) fn check_complete(conn: &Conn, cart: &Cart) -> Result<(), AppError> {
    let mut lines = Vec::new();
    for line in cart.lines.iter().filter(|line| line.qty.is_positive() || line.trade_in) {
        let tracking = products::find_tracking(conn, line.product_id)?.unwrap_or_default();
        let missing = missing(line, tracking);
        if missing > 0 {
            let CartLine { line_id, code, name, .. } = line;
            lines.push(json!({ "line_id": line_id, "code": code, "name": name, "pieces": missing }));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(AppError::with(ErrorCode::SaleSerialMissing, json!({ "lines": lines })))
}

/// What happened last to a number on a line that cannot leave, or come in, after it.
pub(super) fn find_clash(conn: &Conn, line: &CartLine) -> Result<Option<SerialChange>, AppError> {
    let change = if line.qty.is_positive() { SerialChange::Sold } else { SerialChange::TradedIn };
    for serial in &line.serials {
        let last = serials::list_events(conn, serial)?.last().map(|event| event.change);
        if !change.follows(last) {
            return Ok(last);
        }
    }
    Ok(None)
}

/// Rings up the thing that bears a number, if anything is known to. A line of its product that still misses a number gets
/// this one.
pub(super) fn ring_up_borne(
    conn: &Conn,
    cart: &mut Cart,
    number: &str,
    line_id: LineId,
) -> Result<bool, AppError> {
    let life = match life_of(conn, number) {
        Ok(life) => life,
        Err(e) if e.code == ErrorCode::InputInvalid => return Ok(false),
        Err(e) => return Err(e),
    };
    let (Some(product_id), Some(last)) = (life.product_id, life.events.last()) else { return Ok(false) };
    if cart.lines.iter().any(|line| line.serials.contains(&life.serial)) {
        return Err(AppError::input("serial", "duplicate"));
    }
    if !last.change.is_here_after() {
        return Err(not_there(&life.serial, Some(last.change)));
    }
    let lacks = |line: &CartLine| {
        line.product_id == product_id && line.qty.is_positive() && line.serials.len() < pieces(line)
    };
    if !cart.lines.iter().any(lacks) {
        let product = super::catalogue::by_id(conn, product_id)?;
        cart_edit::add(cart, &product, Quantity::ONE, line_id)?;
    }
    if let Some(line) = cart.lines.iter_mut().find(|line| lacks(line)) {
        line.serials.push(life.serial);
    }
    Ok(true)
}

/// A number as it is kept. Where nobody says what numbers a product bears, one that reads as an IMEI is one.
pub(super) fn spelling(tracking: SerialTracking, number: &str) -> Result<String, AppError> {
    match tracking {
        SerialTracking::None => {
            canonical(SerialTracking::Imei, number).or_else(|_| canonical(tracking, number))
        }
        SerialTracking::Serial | SerialTracking::Imei => canonical(tracking, number),
    }
    .map_err(|fault| fault_in_words(&fault))
}

/// The life of a number, as a plain one if it was noted so, else as the IMEI that it reads as.
fn life_of(conn: &Conn, number: &str) -> Result<SerialLife, AppError> {
    let plain = spelling(SerialTracking::Serial, number)?;
    let noted = serials::list_events(conn, &plain)?;
    let (serial, events) = if noted.is_empty() {
        let serial = spelling(SerialTracking::None, number)?;
        let events = serials::list_events(conn, &serial)?;
        (serial, events)
    } else {
        (plain, noted)
    };
    let product_id = events.last().map(|event| event.product_id);
    let product = product_id.map(|id| products::find(conn, id)).transpose()?.flatten();
    Ok(SerialLife {
        is_here: events.last().map(|event| event.change.is_here_after()),
        product: product.map(|p| p.row.name),
        product_id,
        serial,
        events,
    })
}

fn not_there(serial: &str, last: Option<SerialChange>) -> AppError {
    let params = json!({ "serial": serial, "last": last.map(SerialChange::as_str) });
    AppError::with(ErrorCode::SerialNotThere, params)
}

fn fault_in_words(fault: &SerialFault) -> AppError {
    AppError::input("serial", fault.code())
}
