//! Products, categories, customers and people: rows that every register of a business shares.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::barcode::{BarcodeFault, Gtin};
use crate::cart::Cart;
use crate::ids::{CartId, CashierId, CategoryId, CustomerId, DeviceId, ProductId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rate::Rate;
use crate::serial::SerialTracking;
use crate::settings::OfflinePolicy;

/// Most characters of a product's or customer's name.
pub const MAX_NAME_CHARS: usize = 500;
/// Most characters of a code.
pub const MAX_CODE_CHARS: usize = 64;
/// Most barcodes of one product.
pub const MAX_BARCODES: usize = 32;
/// Letters of the id that stand behind "deleted customer".
const ANONYMOUS_MARK: usize = 6;
/// Most packs of one product.
pub const MAX_PACKS: usize = 16;

/// Something that is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Product {
    /// Made where the product was created.
    pub product_id: ProductId,
    /// The shop's own code; unique among products that exist.
    pub code: String,
    /// Barcodes; each belongs to one product only.
    pub barcodes: Vec<String>,
    /// Name as printed.
    pub name: String,
    /// Group on the sell screen.
    pub category_id: Option<CategoryId>,
    /// Unit as printed, such as `pcs` or `kg`.
    pub unit: String,
    /// Price of one unit, with or without tax as the shop's rules say.
    pub price: Money,
    /// What one unit cost the shop, when known.
    pub cost: Option<Money>,
    /// Tax.
    pub tax_rate: Rate,
    /// Whether its stock is counted.
    pub track_stock: bool,
    /// Selling below the known stock while offline.
    pub offline_policy: OfflinePolicy,
    /// Shown on the favourites grid.
    pub favourite: bool,
    /// Its picture: the name of an attachment, or of a drawing that is built into the program.
    pub picture: Option<String>,
    /// No longer sold, but kept for its history.
    pub archived: bool,
    /// Whether each unit bears a number that is noted when it is sold.
    #[serde(default)]
    pub tracking: SerialTracking,
    /// Other sizes in which it is sold, such as a carton of 12.
    #[serde(default)]
    pub packs: Vec<Pack>,
}

/// A size in which a product is also sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Pack {
    /// Unit as printed, such as `carton`.
    pub unit: String,
    /// How many units of the product it holds; above one thousandth.
    pub size: Quantity,
    /// Its price.
    pub price: Money,
    /// Its own barcode, when it has one.
    pub barcode: Option<String>,
}

/// A group of products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Category {
    /// Made where the category was created.
    pub category_id: CategoryId,
    /// Name as shown.
    pub name: String,
    /// Colour as `#rrggbb`.
    pub colour: String,
    /// Place on the screen, ascending.
    pub position: i32,
}

/// Someone who buys and is known by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Customer {
    /// Made where the customer was created.
    pub customer_id: CustomerId,
    /// The shop's own number for this customer, when there is one.
    pub code: Option<String>,
    /// Name as printed.
    pub name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// Remark for the staff.
    pub note: Option<String>,
    /// How much the customer may owe; none is the shop's own limit.
    #[serde(default)]
    pub credit_limit: Option<Money>,
}

/// A cart that was put aside, shown on every register of the business until one takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HeldCart {
    /// Of this stay on hold: a row that was taken is gone for ever, and the same cart may be put aside again.
    pub cart_id: CartId,
    /// Name given when it was held, such as the customer's.
    pub label: Option<String>,
    /// What is in it.
    pub cart: Cart,
    /// Which register held it.
    pub device_id: DeviceId,
    /// Name of that register.
    pub register: String,
    /// Who held it, as shown.
    pub cashier: String,
    /// When, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub held_at_ms: i64,
}

/// What a person is; what each role may do is [`crate::people::Permission`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Rings up sales.
    Cashier,
    /// Also opens and closes drawers, approves, edits products and decides day-to-day conflicts.
    Manager,
    /// May do everything.
    Owner,
}

/// A person who works at registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cashier {
    /// Made where the person was added.
    pub cashier_id: CashierId,
    /// Name as printed.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// Why a row of the catalogue is not acceptable; `field` is the row's field name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowFault {
    /// A field that must have text has none.
    #[error("{field} is empty")]
    Empty {
        /// The row's field.
        field: &'static str,
    },
    /// A text longer than its bound.
    #[error("{field} is longer than {max} characters")]
    TooLong {
        /// The row's field.
        field: &'static str,
        /// The bound.
        max: usize,
    },
    /// A control character in a text.
    #[error("{field} has unprintable characters")]
    Control {
        /// The row's field.
        field: &'static str,
    },
    /// An amount below zero.
    #[error("{field} is negative")]
    Negative {
        /// The row's field.
        field: &'static str,
    },
    /// A numeric barcode of trade-item length with a wrong check digit.
    #[error("barcode {code} {fault}")]
    Barcode {
        /// As given.
        code: String,
        /// What is wrong.
        fault: BarcodeFault,
    },
    /// More barcodes than a product may have.
    #[error("barcodes: at most {MAX_BARCODES}")]
    TooManyBarcodes,
    /// More packs than a product may have.
    #[error("packs: at most {MAX_PACKS}")]
    TooManyPacks,
    /// A pack that holds nothing.
    #[error("packs.size is not above zero")]
    PackSize,
    /// Not `#rrggbb`.
    #[error("colour is not #rrggbb")]
    Colour,
}

impl RowFault {
    /// The field that is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Empty { field }
            | Self::TooLong { field, .. }
            | Self::Control { field }
            | Self::Negative { field } => field,
            Self::Barcode { .. } | Self::TooManyBarcodes => "barcodes",
            Self::TooManyPacks | Self::PackSize => "packs",
            Self::Colour => "colour",
        }
    }

    /// A stable code for the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "empty",
            Self::TooLong { .. } => "too_long",
            Self::Control { .. } => "control_characters",
            Self::Negative { .. } => "negative",
            Self::Barcode { fault: BarcodeFault::CheckDigit { .. }, .. } => "check_digit",
            Self::Barcode { fault: BarcodeFault::Length(_), .. } => "barcode_length",
            Self::Barcode { fault: BarcodeFault::NotDigits, .. } => "barcode_not_digits",
            Self::TooManyBarcodes | Self::TooManyPacks => "too_many",
            Self::PackSize => "not_positive",
            Self::Colour => "colour",
        }
    }
}

impl Product {
    /// Checks every field.
    pub fn check(&self) -> Result<(), RowFault> {
        check_text("code", &self.code, MAX_CODE_CHARS)?;
        check_text("name", &self.name, MAX_NAME_CHARS)?;
        check_text("unit", &self.unit, MAX_CODE_CHARS)?;
        if self.price.is_negative() {
            return Err(RowFault::Negative { field: "price" });
        }
        if self.cost.is_some_and(Money::is_negative) {
            return Err(RowFault::Negative { field: "cost" });
        }
        if self.barcodes.len() > MAX_BARCODES {
            return Err(RowFault::TooManyBarcodes);
        }
        if self.packs.len() > MAX_PACKS {
            return Err(RowFault::TooManyPacks);
        }
        self.packs.iter().try_for_each(Pack::check)?;
        self.barcodes.iter().try_for_each(|code| check_barcode(code))
    }
}

/// A barcode is a trade item number with a right check digit, or any other printable code (Code 128) that does not
/// have the shape of one.
pub fn check_barcode(code: &str) -> Result<(), RowFault> {
    check_text("barcodes", code, MAX_CODE_CHARS)?;
    match Gtin::parse(code) {
        Err(fault @ BarcodeFault::CheckDigit { .. }) => {
            Err(RowFault::Barcode { code: code.to_owned(), fault })
        }
        Ok(_) | Err(BarcodeFault::NotDigits | BarcodeFault::Length(_)) => Ok(()),
    }
}

impl Pack {
    fn check(&self) -> Result<(), RowFault> {
        check_text("packs.unit", &self.unit, MAX_CODE_CHARS)?;
        if !self.size.is_positive() {
            return Err(RowFault::PackSize);
        }
        if self.price.is_negative() {
            return Err(RowFault::Negative { field: "packs.price" });
        }
        self.barcode.as_deref().map_or(Ok(()), check_barcode)
    }
}

impl HeldCart {
    /// Checks every field.
    pub fn check(&self) -> Result<(), RowFault> {
        self.label.as_deref().map_or(Ok(()), |label| check_text("label", label, MAX_NAME_CHARS))?;
        check_text("register", &self.register, MAX_NAME_CHARS)
    }
}

impl Category {
    /// Checks every field.
    pub fn check(&self) -> Result<(), RowFault> {
        check_text("name", &self.name, MAX_NAME_CHARS)?;
        let hex = self.colour.strip_prefix('#').unwrap_or_default();
        if hex.len() == 6 && hex.chars().all(|c| c.is_ascii_hexdigit()) {
            Ok(())
        } else {
            Err(RowFault::Colour)
        }
    }
}

impl Customer {
    /// What stays of a customer who was deleted and whom documents name: nothing that says who it was. The end of the id
    /// keeps several apart. `locale` is the shop's language tag.
    pub fn anonymous(customer_id: CustomerId, locale: &str) -> Self {
        let id = customer_id.0.simple().to_string().to_uppercase();
        let mark = id.get(id.len().saturating_sub(ANONYMOUS_MARK)..).unwrap_or_default();
        let name = if locale.starts_with("fr") {
            format!("Client supprimé {mark}")
        } else {
            format!("Deleted customer {mark}")
        };
        Self { customer_id, code: None, name, phone: None, note: None, credit_limit: None }
    }

    /// Checks every field.
    pub fn check(&self) -> Result<(), RowFault> {
        check_text("name", &self.name, MAX_NAME_CHARS)?;
        if self.credit_limit.is_some_and(Money::is_negative) {
            return Err(RowFault::Negative { field: "credit_limit" });
        }
        self.phone.as_deref().map_or(Ok(()), |p| check_text("phone", p, MAX_CODE_CHARS))?;
        self.code.as_deref().map_or(Ok(()), |c| check_text("code", c, MAX_CODE_CHARS))
    }
}

impl Cashier {
    /// Checks every field.
    pub fn check(&self) -> Result<(), RowFault> {
        check_text("name", &self.name, MAX_NAME_CHARS)
    }
}

fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), RowFault> {
    if text.trim().is_empty() {
        return Err(RowFault::Empty { field });
    }
    if text.chars().any(char::is_control) {
        return Err(RowFault::Control { field });
    }
    if text.chars().count() > max { Err(RowFault::TooLong { field, max }) } else { Ok(()) }
}
