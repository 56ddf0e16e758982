//! Serial numbers and IMEIs: how they are written, and the life of the thing that bears one.
//!
//! An IMEI is 15 digits of which the last is a Luhn check digit, an IMEISV 16 digits without one (3GPP TS 23.003,
//! clause 6.2); a MEID is 14 hexadecimal digits that begin with A0 or more (3GPP2 C.S0072), perhaps with a check digit.
//! The life of a number is a ledger of events that is only ever added to, like an account.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;
use uuid::Uuid;

use crate::ids::{CustomerId, DeviceId, DocumentId, LineId, ProductId, SerialEventId};

/// Most characters of a serial number.
pub const MAX_SERIAL_CHARS: usize = 64;

/// Whether a product's units bear numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SerialTracking {
    /// No.
    #[default]
    None,
    /// Each unit has a maker's serial number.
    Serial,
    /// Each unit has an IMEI or MEID.
    Imei,
}

impl SerialTracking {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Serial => "serial",
            Self::Imei => "imei",
        }
    }
}

/// Why a text is no number of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SerialFault {
    /// Nothing was given.
    #[error("the serial number is empty")]
    Empty,
    /// Longer than [`MAX_SERIAL_CHARS`].
    #[error("a serial number has at most {MAX_SERIAL_CHARS} characters")]
    TooLong,
    /// A character that is not printed.
    #[error("the serial number has unprintable characters")]
    Control,
    /// Neither 15 or 16 digits nor a MEID.
    #[error("an IMEI has 15 digits, an IMEISV 16, a MEID 14 hexadecimal digits")]
    NotImei,
    /// Something that only a sale or refund tells.
    #[error("a {} is told by its document", change.as_str())]
    OfDocument {
        /// What was to be noted.
        change: SerialChange,
    },
    /// The last digit does not fit the others.
    #[error("the check digit of the IMEI should be {expected}")]
    CheckDigit {
        /// The digit that fits.
        expected: u8,
    },
}

impl SerialFault {
    /// A stable code for the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Control => "control_characters",
            Self::NotImei => "not_imei",
            Self::OfDocument { .. } => "of_document",
            Self::CheckDigit { .. } => "check_digit",
        }
    }
}

/// The canonical spelling of a number of this tracking: no spaces, dashes, dots or slashes in IMEIs, capital letters.
pub fn canonical(tracking: SerialTracking, text: &str) -> Result<String, SerialFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SerialFault::Empty);
    }
    if text.chars().count() > MAX_SERIAL_CHARS {
        return Err(SerialFault::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(SerialFault::Control);
    }
    match tracking {
        SerialTracking::None | SerialTracking::Serial => Ok(text.to_uppercase()),
        SerialTracking::Imei => imei(text),
    }
}

fn imei(text: &str) -> Result<String, SerialFault> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '/'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let decimal = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.len() {
        15 if decimal => {
            let (body, given) = digits.split_at(14);
            let expected = luhn(body, 10);
            if given == expected.to_string() { Ok(digits) } else { Err(SerialFault::CheckDigit { expected }) }
        }
        16 if decimal => Ok(digits),
        14 if digits.bytes().all(|b| b.is_ascii_hexdigit()) && digits.as_str() >= "A0" && !decimal => {
            Ok(digits)
        }
        _ => Err(SerialFault::NotImei),
    }
}

/// The Luhn check digit of a body of digits in a base.
fn luhn(body: &str, base: u32) -> u8 {
    let sum: u32 = body
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(base))
        .enumerate()
        .map(|(i, d)| if i % 2 == 0 { (d * 2) / base + (d * 2) % base } else { d })
        .sum();
    u8::try_from((base - sum % base) % base).unwrap_or_default()
}

/// What happened to a thing that bears a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SerialChange {
    /// Came into the stock from a supplier, or was counted.
    Received,
    /// A customer gave it in payment.
    TradedIn,
    /// Sold.
    Sold,
    /// A customer brought it back.
    Returned,
    /// Went to be repaired.
    SentToRepair,
    /// Came back repaired.
    Repaired,
    /// Lost, stolen or scrapped.
    Lost,
}

impl SerialChange {
    /// The name on the wire, in the database and in the shell.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::TradedIn => "traded_in",
            Self::Sold => "sold",
            Self::Returned => "returned",
            Self::SentToRepair => "sent_to_repair",
            Self::Repaired => "repaired",
            Self::Lost => "lost",
        }
    }

    /// Whether the thing is with the shop afterwards.
    pub const fn is_here_after(self) -> bool {
        match self {
            Self::Received | Self::TradedIn | Self::Returned | Self::Repaired => true,
            Self::Sold | Self::SentToRepair | Self::Lost => false,
        }
    }

    /// Whether it may follow what happened before: a thing comes in while it is away and goes out while it is here. What
    /// was never seen may do both, because a shop begins to note numbers some day.
    pub fn follows(self, before: Option<Self>) -> bool {
        match (before, self) {
            (None, _) => true,
            (Some(Self::SentToRepair), change) => change == Self::Repaired || change == Self::Lost,
            (Some(before), change) => before.is_here_after() != change.is_here_after(),
        }
    }
}

/// One event in the life of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SerialEvent {
    /// The row's id; see [`event_id`].
    pub event_id: SerialEventId,
    /// In canonical spelling.
    pub serial: String,
    /// What bears it.
    pub product_id: ProductId,
    /// What happened.
    pub change: SerialChange,
    /// The sale or refund, when it was one.
    pub document_id: Option<DocumentId>,
    /// Printed number of that document, once it is known here.
    pub number: Option<String>,
    /// Who bought or brought it, when known.
    pub customer_id: Option<CustomerId>,
    /// Which register.
    pub device_id: DeviceId,
    /// Name of the register, as printed.
    pub register: String,
    /// Who, as shown.
    pub actor: String,
    /// Remark of the person.
    pub note: Option<String>,
    /// When, by the register's clock, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// The id of what a line of a document does to a number: the same on every machine.
pub fn event_id(document_id: DocumentId, line_id: LineId, serial: &str) -> SerialEventId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"comptoir.serial_event.v1");
    hasher.update(document_id.as_bytes());
    hasher.update(line_id.as_bytes());
    hasher.update(serial.as_bytes());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hasher.finalize().as_bytes()) {
        *to = *from;
    }
    SerialEventId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A person's note of an event that no document tells: received, sent to repair, repaired, lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SerialNote {
    /// Made by the register.
    pub event_id: SerialEventId,
    /// In canonical spelling.
    pub serial: String,
    /// What bears it.
    pub product_id: ProductId,
    /// What happened; neither sold, returned nor traded in, which documents tell.
    pub change: SerialChange,
    /// Name of the register, as printed.
    pub register: String,
    /// Who, as shown.
    pub actor: String,
    /// Remark.
    pub note: Option<String>,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

impl SerialNote {
    /// The event that it tells, noted on a register.
    pub fn event(&self, device_id: DeviceId) -> SerialEvent {
        SerialEvent {
            event_id: self.event_id,
            serial: self.serial.clone(),
            product_id: self.product_id,
            change: self.change,
            document_id: None,
            number: None,
            customer_id: None,
            device_id,
            register: self.register.clone(),
            actor: self.actor.clone(),
            note: self.note.clone(),
            at_ms: self.at_ms,
        }
    }

    /// Checks the spelling and that no document tells the same.
    pub fn check(&self) -> Result<(), SerialFault> {
        canonical(SerialTracking::Serial, &self.serial)?;
        match self.change {
            SerialChange::Sold | SerialChange::Returned | SerialChange::TradedIn => {
                Err(SerialFault::OfDocument { change: self.change })
            }
            SerialChange::Received
            | SerialChange::SentToRepair
            | SerialChange::Repaired
            | SerialChange::Lost => Ok(()),
        }
    }
}

impl SerialEvent {
    /// The id of its row.
    pub const fn row_id(&self) -> Uuid {
        self.event_id.0
    }
}
