//! Serial numbers and IMEIs: on the lines of the cart, and the life of the thing that bears one.
//!
//! What was sold and returned is told by documents when they become final. People note the rest: what came in, went to be
//! repaired, came back, was lost.

use std::collections::HashSet;

use pos_domain::serial::{SerialChange, SerialFault, SerialNote, SerialTracking, canonical};
use pos_domain::{LineId, OperationBody};
use pos_store::queue::{self, Lane};
use pos_store::{Conn, products, serials};
use serde_json::json;

use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CartView, SerialLife};

impl App {
    /// `cart.set_serials`: the numbers of the goods of a line, one for each piece, or none. Each stands in a cart once.
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
            let pieces = i64::try_from(spelt.len()).unwrap_or(i64::MAX).saturating_mul(1_000);
            if !spelt.is_empty() && pieces != line.qty.milli().abs() {
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
                    let params = json!({ "serial": serial, "last": before.map(SerialChange::as_str) });
                    return Err(AppError::with(ErrorCode::SerialNotThere, params));
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

/// A number as it is kept. Where nobody says what numbers a product bears, one that reads as an IMEI is one.
fn spelling(tracking: SerialTracking, number: &str) -> Result<String, AppError> {
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

fn fault_in_words(fault: &SerialFault) -> AppError {
    AppError::input("serial", fault.code())
}
