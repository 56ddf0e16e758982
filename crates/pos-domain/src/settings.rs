//! The settings that a whole business shares, each with its default and its meaning.
//!
//! A setting travels as one row `(key, value)` so that two people who change two settings never collide.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;
use uuid::Uuid;

use crate::cart::PriceRules;
use crate::currency::Currency;
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
    /// Strategy by `entity.field`, over the defaults of [`default_strategy`].
    #[ts(as = "std::collections::BTreeMap<String, FieldStrategy>")]
    pub strategies: std::collections::BTreeMap<String, FieldStrategy>,
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
            strategies: std::collections::BTreeMap::new(),
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
        if settings.business_name.trim().is_empty() || settings.outlet_name.trim().is_empty() {
            return Err(fault("empty"));
        }
        Ok(settings)
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
