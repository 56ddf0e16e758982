//! The settings of the business and of this register, and the trail of what was done here.

use pos_store::audit::{self, AuditEntry as StoredEntry, AuditFilter};
use pos_store::queue::Lane;
use pos_store::settings::SettingRow;
use pos_store::{local, print_jobs, sales, settings};
use serde_json::{Value, json};

use super::catalogue::MAX_PAGE;
use super::queue::entry_view;
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{AppState, AuditEntry, DeviceSettings};

impl App {
    /// `setting.set`: one setting of the whole business. The currency is fixed once something was sold.
    pub async fn set_setting(&self, key: &str, value: Value) -> Result<Outcome<AppState>, AppError> {
        let (stamp, key) = (self.stamp(Lane::Edit), key.to_owned());
        self.write(move |tx| {
            let counter = Counter::load(tx)?;
            let invalid = |problem: &'static str| {
                AppError::with(ErrorCode::SettingInvalid, json!({ "key": &key, "problem": problem }))
            };
            let checked =
                counter.settings.with_row(&key, &value).map_err(|e| invalid(e.problem).caused_by(e))?;
            if checked.currency != counter.settings.currency && sales::any(tx)? {
                return Err(invalid("fixed"));
            }
            let after = SettingRow { key: key.clone(), value: value.clone() };
            match settings::find(tx, &key)? {
                Some(before) => stamp.update(tx, &before, &after).map(|_| ())?,
                None => stamp.create(tx, &after)?,
            }
            let detail = json!({ "key": key, "value": value });
            let actor = counter.cashier.name;
            let action = "setting.changed".to_owned();
            audit::record(tx, &StoredEntry { at_ms: stamp.now_ms, actor, action, subject: None, detail })?;
            Ok(())
        })
        .await?;
        self.wrote();
        Ok(Outcome { changed: vec![Topic::Settings, Topic::Cart, Topic::Sync], ..self.state().await? })
    }

    /// `device.set`: all settings of this register.
    pub async fn set_device(&self, wanted: DeviceSettings) -> Result<Outcome<AppState>, AppError> {
        let value = serde_json::to_value(wanted).map_err(AppError::internal)?;
        let now_ms = self.now_ms();
        self.write(move |tx| {
            local::set_setting(tx, "device", &value)?;
            // Whoever has just chosen another printer does not wait for the next try.
            Ok(print_jobs::hurry(tx, now_ms)?)
        })
        .await?;
        self.asked_for_paper();
        Ok(Outcome { changed: vec![Topic::Settings, Topic::Printing], ..self.state().await? })
    }

    /// `audit.list`, newest first.
    pub async fn list_audit(
        &self,
        wanted: AuditFilter,
        limit: u32,
    ) -> Result<Outcome<Vec<AuditEntry>>, AppError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let entries = self.report(move |conn| Ok(audit::list(conn, &wanted, limit)?)).await?;
        Ok(Outcome::read(entries.into_iter().map(entry_view).collect()))
    }
}
