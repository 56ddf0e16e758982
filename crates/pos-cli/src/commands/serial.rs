//! `comptoir imei`: the life of a thing that bears a number.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::amount::AtMs;
use crate::args::Imei;
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;

#[derive(Debug, Deserialize)]
struct Life {
    serial: String,
    product: Option<String>,
    is_here: Option<bool>,
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Event {
    change: String,
    number: Option<String>,
    register: String,
    actor: String,
    note: Option<String>,
    at_ms: AtMs,
}

/// The life of a number. `is_here` is null when nobody has noted it.
#[derive(Debug, Serialize)]
struct Document {
    serial: String,
    product: Option<String>,
    is_here: Option<bool>,
    events: Vec<EventDocument>,
}

#[derive(Debug, Serialize)]
struct EventDocument {
    at: String,
    change: String,
    number: Option<String>,
    register: String,
    actor: String,
    note: Option<String>,
}

/// `comptoir imei NUMBER [--note CHANGE]`
pub(crate) async fn run(session: &Session, imei: Imei) -> Result<Report, Failure> {
    let life: Life = match imei.note {
        None => session.call("serial.find", json!({ "serial": imei.number })).await?,
        Some(change) => {
            let request = json!({
                "serial": imei.number, "code": imei.code, "change": change.as_str(), "note": imei.remark,
            });
            session.call("serial.note", request).await?
        }
    };
    let place = match life.is_here {
        Some(true) => "it is here",
        Some(false) => "it is away",
        None => "nobody has noted it",
    };
    let mut words = format!("{} {}: {place}\n", life.serial, life.product.as_deref().unwrap_or("?"));
    for event in &life.events {
        let number = event.number.as_deref().unwrap_or("-");
        words.push_str(&format!("  {}  {}  {number}  {}\n", event.at_ms.local(), event.change, event.actor));
    }
    let events = life.events.into_iter().map(|event| EventDocument {
        at: event.at_ms.rfc3339(),
        change: event.change,
        number: event.number,
        register: event.register,
        actor: event.actor,
        note: event.note,
    });
    let Life { serial, product, is_here, .. } = Life { events: Vec::new(), ..life };
    Report::done(&Document { serial, product, is_here, events: events.collect() }, words)
}
