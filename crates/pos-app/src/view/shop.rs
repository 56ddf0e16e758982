//! The state of the whole program.

use pos_domain::settings::{FieldStrategy, ShopSettings};
use pos_domain::{Cashier, DeviceId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How far the program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AppPhase {
    /// No shop on this machine yet.
    FirstRun,
    /// Joining: catalogue and people are being loaded. Selling starts as soon as the catalogue is there.
    FirstSync,
    /// Sells.
    Ready,
}

/// Everything a window needs to draw its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AppState {
    /// How far the program is.
    pub phase: AppPhase,
    /// The shop, once there is one.
    pub shop: Option<ShopView>,
    /// Who sells now.
    pub cashier: Option<Cashier>,
    /// Who may sell.
    pub cashiers: Vec<Cashier>,
    /// Who sits at the register and what that means.
    pub session: super::SessionView,
    /// Settings of this register only.
    pub device: DeviceSettings,
    /// Version of the program.
    pub version: String,
    /// Keys lie in a file beside the database because this machine offers no key store.
    pub unsealed: bool,
}

/// The shop that this register belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ShopView {
    /// This register.
    pub device_id: DeviceId,
    /// Name of this register.
    pub register: String,
    /// Series in which it numbers documents.
    pub series: String,
    /// Settings shared by the business.
    pub settings: ShopSettings,
    /// The server, when the shop has one.
    pub server: Option<ServerLink>,
    /// Made by "demo shop".
    pub demo: bool,
}

/// The server of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ServerLink {
    /// Its address.
    pub url: String,
    /// Its certificate is pinned.
    pub pinned: bool,
}

/// Settings of one register only. What a file of an older program lacks is as usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct DeviceSettings {
    /// Language of the window.
    pub language: Language,
    /// Look of the window.
    pub theme: Theme,
    /// Where receipts go.
    pub printer: PrinterSetting,
    /// Paper of the printer.
    pub paper: PaperWidth,
    /// What the printer can show.
    pub code_pages: CodePages,
    /// Print each receipt without being asked.
    pub print_automatically: bool,
    /// A cash drawer hangs on the printer, and opens with each sale for cash.
    pub drawer: bool,
    /// Where labels go; with [`PrinterSetting::None`] where receipts go.
    pub label_printer: PrinterSetting,
}

/// What characters a printer has of its own. What it lacks is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CodePages {
    /// Those of Epson and most others: 437, 850, 858 and 1252.
    Epson,
    /// Only 437.
    Only437,
    /// Only ASCII: unknown pages are not used.
    OnlyAscii,
}

/// Language of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
}

/// Look of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the machine says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Where receipts go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PrinterSetting {
    /// No printer: receipts are on the screen and as PDF.
    None,
    /// ESC/POS over TCP, usually port 9100.
    Network {
        /// `host:port`
        address: String,
    },
    /// ESC/POS to a file or a device file such as `/dev/usb/lp0`.
    File {
        /// Path.
        path: String,
    },
}

/// Paper of the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PaperWidth {
    /// 58 mm.
    Mm58,
    /// 80 mm.
    Mm80,
}

impl Default for DeviceSettings {
    fn default() -> Self {
        Self {
            language: Language::Fr,
            theme: Theme::System,
            printer: PrinterSetting::None,
            paper: PaperWidth::Mm80,
            code_pages: CodePages::Epson,
            print_automatically: false,
            drawer: true,
            label_printer: PrinterSetting::None,
        }
    }
}

/// Who wins when two registers changed this field of the same row, and who usually does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct StrategyView {
    /// `product`, `customer` or `category`.
    pub entity: String,
    /// Name of the field.
    pub field: String,
    /// As this business wants it.
    pub strategy: FieldStrategy,
    /// As it is where nobody has chosen.
    pub usual: FieldStrategy,
}
