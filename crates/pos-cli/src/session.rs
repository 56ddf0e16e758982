//! One opened register for the time of one command.

use std::path::Path;

use pos_api::{Access, find_command};
use pos_app::view::Progress;
use pos_app::{App, AppOptions, Clock, ErrorCode, OpenAccess};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::amount::Currency;
use crate::failure::{Failure, with_decimals};

/// An opened register.
pub(crate) struct Session {
    app: App,
}

/// `app.state`, as far as the shell needs it.
#[derive(Debug, Deserialize)]
pub(crate) struct State {
    /// `first_run`, `first_sync` or `ready`.
    pub(crate) phase: String,
    /// The shop, once there is one.
    pub(crate) shop: Option<Shop>,
}

/// The shop of a register.
#[derive(Debug, Deserialize)]
pub(crate) struct Shop {
    /// Name of this register.
    pub(crate) register: String,
    /// Series in which it numbers documents.
    pub(crate) series: String,
    /// Settings shared by the business.
    pub(crate) settings: Settings,
    /// The server, when the shop has one.
    pub(crate) server: Option<Server>,
    /// Made by `init --demo`.
    pub(crate) demo: bool,
}

/// Settings shared by the business.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    /// Name of the business.
    pub(crate) business_name: String,
    /// Currency of every amount.
    pub(crate) currency: Currency,
    /// Language and country.
    pub(crate) locale: String,
}

/// The server of a shop.
#[derive(Debug, Deserialize)]
pub(crate) struct Server {
    /// Its address.
    pub(crate) url: String,
    /// Its certificate is pinned.
    pub(crate) pinned: bool,
}

impl Session {
    /// Opens a data folder for `commands`: only to look when all of them only read, which works beside a running window.
    /// `clock` tells the register's time.
    pub(crate) async fn open(data: Option<&Path>, commands: &[&str], clock: Clock) -> Result<Self, Failure> {
        let Some(dir) = data else {
            let message = "Which register? Give --data DIR, or set COMPTOIR_DATA.";
            return Err(Failure::Usage(message.to_owned()));
        };
        let open = |access| {
            let options =
                AppOptions { dir: dir.to_owned(), access, background_sync: false, clock: clock.clone() };
            App::open(options)
        };
        let writes = |name: &&str| find_command(name).is_some_and(|c| c.access == Access::Write);
        if commands.iter().any(writes) {
            return Ok(Self { app: open(OpenAccess::Write).await? });
        }
        Ok(Self { app: open(OpenAccess::Read).await? })
    }

    /// Runs a command and reads its answer.
    pub(crate) async fn call<T: DeserializeOwned>(&self, name: &str, request: Value) -> Result<T, Failure> {
        match pos_api::dispatch(&self.app, name, request).await {
            Ok(outcome) => serde_json::from_value(outcome.value).map_err(Failure::unexpected),
            Err(mut error) => {
                let currency = self.state().await.ok().and_then(|s| s.shop).map(|s| s.settings.currency);
                error.params = with_decimals(error.params, currency.as_ref());
                Err(Failure::Error(error))
            }
        }
    }

    /// Runs a command that answers in pages, until `limit` items are there or none is left.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        name: &str,
        mut request: Value,
        limit: Option<usize>,
    ) -> Result<Vec<T>, Failure> {
        /// Most items that one request may ask for.
        const PAGE: usize = 500;
        #[derive(Deserialize)]
        struct Page<T> {
            items: Vec<T>,
            next: Option<String>,
        }
        let mut items: Vec<T> = Vec::new();
        loop {
            let wanted = limit.map_or(PAGE, |limit| limit.saturating_sub(items.len()).min(PAGE));
            if wanted == 0 {
                return Ok(items);
            }
            if let Some(fields) = request.as_object_mut() {
                fields.insert("limit".to_owned(), wanted.into());
            }
            let page: Page<T> = self.call(name, request.clone()).await?;
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            if let Some(fields) = request.as_object_mut() {
                fields.insert("after".to_owned(), next.into());
            }
        }
    }

    /// The state of the register.
    pub(crate) async fn state(&self) -> Result<State, Failure> {
        let answer = pos_api::dispatch(&self.app, "app.state", json!({})).await?;
        serde_json::from_value(answer.value).map_err(Failure::unexpected)
    }

    /// The shop; refused while there is none.
    pub(crate) async fn shop(&self) -> Result<Shop, Failure> {
        self.state().await?.shop.ok_or_else(|| Failure::refused(ErrorCode::NotSetUp, json!({})))
    }

    /// The currency in which the shop counts.
    pub(crate) async fn currency(&self) -> Result<Currency, Failure> {
        Ok(self.shop().await?.settings.currency)
    }

    /// How far an import or a replay is, while one runs.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.app.progress().borrow().clone()
    }

    /// A new id for a request.
    pub(crate) fn new_id(&self) -> uuid::Uuid {
        self.app.new_id()
    }

    /// Puts the register away.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        Ok(self.app.close().await?)
    }
}
