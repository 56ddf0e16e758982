//! The settings that a whole business shares, each with its default and its meaning.
//!
//! A setting travels as one row `(key, value)` so that two people who change two settings never collide.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;
use uuid::Uuid;

use std::collections::{BTreeMap, BTreeSet};

use crate::barcode::EmbeddedRule;
use crate::cart::PriceRules;
use crate::catalogue::Role;
use crate::currency::Currency;
use crate::money::Money;
use crate::people::Permission;
use crate::rate::Rate;
use crate::rounding::{CashRounding, RoundingMode};

/// What happens when a register that is offline would sell below the stock it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OfflinePolicy {
    /// The line is refused.
    Block,
    /// The sale goes on with a notice to the cashier.
    Warn,
    /// The sale goes on.
    Allow,
}

/// Who wins when two people changed the same field of the same row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldStrategy {
    /// What the server already has.
    ServerWins,
    /// What the register brings.
    ClientWins,
    /// The later change by hybrid logical clock.
    LastWriteWins,
    /// A person decides.
    Manual,
}

/// Shortest checkout deadline: below this a healthy mobile network looks dead.
pub const MIN_CHECKOUT_DEADLINE_MS: u32 = 200;
/// Above a tenth off, somebody else looks: small rebates are the cashier's everyday business.
const DEFAULT_DISCOUNT_LIMIT: Rate = Rate::TENTH;
/// A register that nobody touched for ten minutes stands alone.
const DEFAULT_AUTO_LOCK_MINUTES: u16 = 10;
/// Most expense categories, denominations or barcode rules: more than fit on a screen.
const MAX_LIST: usize = 100;
/// Longest picture above receipts, in characters of base64: 30 kB.
pub const MAX_LOGO_CHARS: usize = 40_000;
/// Longest checkout deadline: a customer does not wait longer.
pub const MAX_CHECKOUT_DEADLINE_MS: u32 = 30_000;

/// All shared settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShopSettings {
    /// Name of the business, as printed.
    pub business_name: String,
    /// Name of this shop, as printed.
    pub outlet_name: String,
    /// Currency of every amount. Fixed once a sale exists.
    pub currency: Currency,
    /// BCP 47 language tag of the shop: formats, receipt language.
    pub locale: String,
    /// How prices are computed.
    pub rules: PriceRules,
    /// Rounding of what is to be paid; none by default.
    pub cash_rounding: Option<CashRounding>,
    /// Refuse a checkout that the server has not answered.
    pub sales_need_server: bool,
    /// How long a checkout waits for the server, in milliseconds.
    pub checkout_deadline_ms: u32,
    /// Policy of new products.
    pub default_offline_policy: OfflinePolicy,
    /// Lines printed above each receipt.
    pub receipt_header: String,
    /// Lines printed below each receipt.
    pub receipt_footer: String,
    /// The sign above each receipt: a small picture's file in base64. It is no more than a printer shows, so it travels
    /// with the settings.
    #[serde(default)]
    pub receipt_logo: Option<String>,
    /// A barcode of the number stands on each receipt.
    #[serde(default = "yes")]
    pub receipt_barcode: bool,
    /// A QR code that proves the paper stands on each receipt.
    #[serde(default)]
    pub receipt_qr: bool,
    /// Refuse to sell while no drawer is open.
    #[serde(default)]
    pub shift_required: bool,
    /// What each role may do, instead of [`Permission::is_default_of`]. The owner may do everything whatever stands here.
    #[serde(default)]
    pub permissions: BTreeMap<Role, BTreeSet<Permission>>,
    /// Discounts of more than this part of a line or cart need [`Permission::Discount`].
    #[serde(default = "default_discount_limit")]
    pub discount_limit: Rate,
    /// How much a customer without a limit of their own may owe.
    #[serde(default)]
    pub credit_limit: Money,
    /// What cash is spent on, as printed.
    #[serde(default)]
    pub expense_categories: Vec<String>,
    /// Notes and coins in use, descending; empty is what [`Currency`] is known for.
    #[serde(default)]
    pub denominations: Vec<Money>,
    /// Barcodes that hold a price or a weight.
    #[serde(default)]
    pub barcode_rules: Vec<EmbeddedRule>,
    /// Minutes without a touch after which a register with PINs locks itself; 0 is never.
    #[serde(default = "default_auto_lock_minutes")]
    pub auto_lock_minutes: u16,
    /// Strategy by `entity.field`, over the defaults of [`default_strategy`].
    #[ts(as = "std::collections::BTreeMap<String, FieldStrategy>")]
    pub strategies: BTreeMap<String, FieldStrategy>,
}

/// Receipts had barcodes before there was a choice.
const fn yes() -> bool {
    true
}

/// Why a settings value is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {problem}")]
pub struct SettingFault {
    /// The setting.
    pub key: String,
    /// A stable code of what is wrong.
    pub problem: &'static str,
}

const fn default_discount_limit() -> Rate {
    DEFAULT_DISCOUNT_LIMIT
}

const fn default_auto_lock_minutes() -> u16 {
    DEFAULT_AUTO_LOCK_MINUTES
}

impl ShopSettings {
    /// The settings of a new business.
    pub fn new(business_name: &str, currency: Currency, locale: &str) -> Self {
        Self {
            business_name: business_name.to_owned(),
            outlet_name: business_name.to_owned(),
            currency,
            locale: locale.to_owned(),
            rules: PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp },
            cash_rounding: None,
            sales_need_server: false,
            checkout_deadline_ms: 3_000,
            default_offline_policy: OfflinePolicy::Allow,
            receipt_header: String::new(),
            receipt_footer: String::new(),
            receipt_logo: None,
            receipt_barcode: true,
            receipt_qr: false,
            shift_required: false,
            permissions: BTreeMap::new(),
            discount_limit: DEFAULT_DISCOUNT_LIMIT,
            credit_limit: Money::ZERO,
            expense_categories: Vec::new(),
            denominations: Vec::new(),
            barcode_rules: Vec::new(),
            auto_lock_minutes: DEFAULT_AUTO_LOCK_MINUTES,
            strategies: BTreeMap::new(),
        }
    }

    /// The settings as rows `(key, JSON value)`.
    pub fn to_rows(&self) -> Vec<(String, serde_json::Value)> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().collect(),
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    /// These settings with one row replaced. The key must be known and the value of its type and range.
    pub fn with_row(&self, key: &str, value: &serde_json::Value) -> Result<Self, SettingFault> {
        let fault = |problem: &'static str| SettingFault { key: key.to_owned(), problem };
        let mut rows: serde_json::Map<String, serde_json::Value> = self.to_rows().into_iter().collect();
        match rows.get_mut(key) {
            Some(slot) => *slot = value.clone(),
            None => return Err(fault("unknown")),
        }
        let settings: Self =
            serde_json::from_value(serde_json::Value::Object(rows)).map_err(|_| fault("malformed"))?;
        let deadline = MIN_CHECKOUT_DEADLINE_MS..=MAX_CHECKOUT_DEADLINE_MS;
        if !deadline.contains(&settings.checkout_deadline_ms) {
            return Err(fault("out_of_range"));
        }
        if settings.cash_rounding.is_some_and(|r| r.step.minor() <= 0) {
            return Err(fault("not_positive"));
        }
        if settings.receipt_logo.as_ref().is_some_and(|logo| logo.len() > MAX_LOGO_CHARS) {
            return Err(fault("too_long"));
        }
        if settings.credit_limit.is_negative() || settings.denominations.iter().any(|d| *d <= Money::ZERO) {
            return Err(fault("negative"));
        }
        if settings
            .expense_categories
            .len()
            .max(settings.denominations.len())
            .max(settings.barcode_rules.len())
            > MAX_LIST
        {
            return Err(fault("too_many"));
        }
        if settings.expense_categories.iter().any(|c| c.trim().is_empty()) {
            return Err(fault("empty"));
        }
        if settings.barcode_rules.iter().any(|rule| rule.check().is_err()) {
            return Err(fault("malformed"));
        }
        if settings.business_name.trim().is_empty() || settings.outlet_name.trim().is_empty() {
            return Err(fault("empty"));
        }
        Ok(settings)
    }

    /// Whether a role may do something in this business.
    pub fn may(&self, role: Role, permission: Permission) -> bool {
        match (role, self.permissions.get(&role)) {
            (Role::Owner, _) => true,
            (Role::Manager | Role::Cashier, Some(given)) => {
                permission == Permission::Look || given.contains(&permission)
            }
            (Role::Manager | Role::Cashier, None) => permission.is_default_of(role),
        }
    }

    /// The strategy for a field: the shop's own choice, else the default.
    pub fn strategy(&self, entity: &str, field: &str) -> FieldStrategy {
        self.strategies
            .get(&format!("{entity}.{field}"))
            .copied()
            .unwrap_or_else(|| default_strategy(entity, field))
    }
}

/// Price, tax and catalogue: server wins. Contact data and settings: last write wins.
pub fn default_strategy(entity: &str, _field: &str) -> FieldStrategy {
    match entity {
        "customer" | "setting" | "cashier" => FieldStrategy::LastWriteWins,
        _ => FieldStrategy::ServerWins,
    }
}

/// The row id of a setting: the same on every machine, so that two registers never create the same setting twice.
pub fn setting_id(key: &str) -> Uuid {
    let digest = blake3::hash(format!("comptoir.setting.{key}").as_bytes());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
