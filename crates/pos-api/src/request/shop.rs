//! What is asked of the shop itself: beginning, people, settings.

use pos_app::view::DeviceSettings;
use pos_domain::{CashierId, FieldStrategy};
use serde::Deserialize;
use ts_rs::TS;

/// `shop.create_demo`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateDemo {
    /// `fr` or `en`: language of the demo's names.
    pub language: pos_app::view::Language,
}

/// `shop.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateShop {
    /// Name of the business.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// BCP 47 tag such as `fr-GN`.
    pub locale: String,
    /// Catalogue prices contain the tax.
    pub prices_include_tax: bool,
    /// Name of the first person who sells.
    pub cashier: String,
}

/// `shop.join`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct JoinShop {
    /// Address as shown by the owner, perhaps with `#pin-sha256=...`.
    pub server: String,
    /// Pairing code.
    pub code: String,
    /// Name of this register.
    pub register: String,
}

/// `shop.connect`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ConnectShop {
    /// Address as shown by the owner, perhaps with `#pin-sha256=...`.
    pub server: String,
    /// Pairing code.
    pub code: String,
}

/// `cashier.switch`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SwitchCashier {
    /// Who sells from now on.
    pub cashier_id: CashierId,
}

/// `setting.set`: a setting shared by the business.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetSetting {
    /// Field of `ShopSettings`.
    pub key: String,
    /// Its new value.
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
}

/// `setting.set_strategy`: who wins when two registers changed this field of the same row.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetStrategy {
    /// `product`, `customer` or `category`.
    pub entity: String,
    /// Name of the field.
    pub field: String,
    /// Who wins.
    pub strategy: FieldStrategy,
}

/// `device.set`: settings of this register.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetDevice {
    /// All of them.
    pub settings: DeviceSettings,
}
