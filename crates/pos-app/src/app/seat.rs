//! Who sits at the register: what they may do, and what every screen and every use case of selling begins with.

use pos_domain::settings::ShopSettings;
use pos_domain::{Cashier, Permission, ShiftId};
use pos_store::device::Device;
use pos_store::{Conn, StoreError, cashiers, device, local, settings, till};

use super::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::usecase::session_view;
use crate::view::{AppPhase, AppState, DeviceSettings, ServerLink, ShopView};

impl App {
    /// `app.state`
    pub async fn state(&self) -> Result<Outcome<AppState>, AppError> {
        let (link, locked) = (self.link(), self.is_locked());
        let state = self
            .read(move |conn| {
                let settings_of_device = device_settings(conn)?;
                let Some(device) = device::find(conn)? else {
                    return Ok(AppState {
                        phase: AppPhase::FirstRun,
                        shop: None,
                        cashier: None,
                        cashiers: Vec::new(),
                        session: session_view(conn, false)?,
                        device: settings_of_device,
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                        unsealed: true,
                    });
                };
                let cashiers = cashiers::list(conn)?;
                let cashier =
                    device.cashier_id.and_then(|id| cashiers.iter().find(|c| c.cashier_id == id).cloned());
                let loading = link.is_some_and(|l| l.is_loading()) && cashier.is_none();
                Ok(AppState {
                    phase: if loading { AppPhase::FirstSync } else { AppPhase::Ready },
                    shop: Some(shop_view(conn, device)?),
                    cashier,
                    cashiers,
                    session: session_view(conn, locked)?,
                    device: settings_of_device,
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    unsealed: true,
                })
            })
            .await?;
        Ok(Outcome::read(state))
    }
}

fn shop_view(conn: &Conn, device: Device) -> Result<ShopView, AppError> {
    let demo = local::find_setting(conn, "demo")?.is_some_and(|v| v == true);
    Ok(ShopView {
        device_id: device.device_id,
        register: device.name,
        series: device.series,
        settings: settings::load(conn)?,
        server: device.server.map(|s| ServerLink { pinned: !s.pins.is_empty(), url: s.url }),
        demo,
    })
}

/// Settings of this register; the defaults while nothing was set.
pub(crate) fn device_settings(conn: &Conn) -> Result<DeviceSettings, StoreError> {
    let stored = local::find_setting(conn, "device")?;
    Ok(stored.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default())
}

/// The rows that nearly every use case of selling needs.
pub(crate) struct Counter {
    pub(crate) device: Device,
    pub(crate) settings: ShopSettings,
    pub(crate) cashier: Cashier,
    /// The open shift, if one is.
    pub(crate) shift_id: Option<ShiftId>,
}

impl Counter {
    pub(crate) fn load(conn: &Conn) -> Result<Self, AppError> {
        let device = device::get(conn)?;
        let settings = settings::load(conn)?;
        let missing = || AppError::new(ErrorCode::CashierNotFound);
        let cashier = cashiers::find(conn, device.cashier_id.ok_or_else(missing)?)?.ok_or_else(missing)?.row;
        Ok(Self { device, settings, cashier, shift_id: till::find_open_id(conn)? })
    }

    /// Whether the person at the register may do something without asking anybody.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.settings.may(self.cashier.role, permission)
    }
}
