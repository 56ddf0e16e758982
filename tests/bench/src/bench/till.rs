//! A register as its window drives it: commands by name, through the one door.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use pos_app::{App, AppOptions, Clock, OpenAccess};
use serde_json::{Value, json};
use uuid::Uuid;

/// A register that runs inside this program.
pub(super) struct Till {
    app: App,
}

impl Till {
    /// Opens a data folder as the window does.
    pub(super) async fn open(data: &Path) -> Result<Self> {
        Self::open_with(data, true).await
    }

    /// Opens a data folder as the shell does: nothing happens beside its commands.
    pub(super) async fn open_quiet(data: &Path) -> Result<Self> {
        Self::open_with(data, false).await
    }

    async fn open_with(data: &Path, background_sync: bool) -> Result<Self> {
        let options = AppOptions {
            dir: data.to_owned(),
            access: OpenAccess::Write,
            background_sync,
            clock: Clock::system(),
        };
        Ok(Self { app: App::open(options).await? })
    }

    /// Closes the folder.
    pub(super) async fn close(self) -> Result<()> {
        Ok(self.app.close().await?)
    }

    /// Runs a command that must be done.
    pub(super) async fn call(&self, name: &str, request: Value) -> Result<Value> {
        let answer = pos_api::dispatch(&self.app, name, request).await;
        answer.map(|o| o.value).map_err(|e| anyhow!("{name} {} {}", e.code.as_str(), e.params))
    }

    /// Runs a command, and tells how long it took.
    pub(super) async fn timed(&self, name: &str, request: Value) -> Result<(Value, Duration)> {
        let began = Instant::now();
        let value = self.call(name, request).await?;
        Ok((value, began.elapsed()))
    }

    /// Sells one piece of each code at once, as the shell does; it must become `sync`.
    pub(super) async fn sell(&self, codes: impl Iterator<Item = String>, sync: &str) -> Result<Duration> {
        let (became, took) = self.sell_anyhow(codes).await?;
        ensure!(became == sync, "a sale became {became}, not {sync}");
        Ok(took)
    }

    /// Sells one piece of each code at once; what became of it.
    pub(super) async fn sell_anyhow(
        &self,
        codes: impl Iterator<Item = String>,
    ) -> Result<(String, Duration)> {
        let lines: Vec<_> = codes.map(|c| json!({ "code": c, "qty": null, "unit_price": null })).collect();
        // More than any three products of the catalogue cost: the customer gets change.
        let cash = json!([{ "kind": "cash", "amount": "1000000", "reference": null }]);
        let request = json!({ "request_id": self.request_id(), "lines": lines, "tenders": cash });
        let (sold, took) = self.timed("sale.sell", request).await?;
        let became = sold["sync"].as_str().context("a sale says where it is known")?;
        Ok((became.to_owned(), took))
    }

    /// An id for one press of a button.
    pub(super) fn request_id(&self) -> Uuid {
        self.app.new_id()
    }
}
