//! `comptoir init` and `comptoir connect`: how a register begins, and how a shop gets a server.

use serde::Serialize;
use serde_json::{Value, json};

use crate::args::{Init, Language};
use crate::failure::Failure;
use crate::output::Report;
use crate::progress::watched;
use crate::session::{Session, Shop};

/// A register that can sell.
#[derive(Debug, Serialize)]
struct Document {
    shop: String,
    register: String,
    series: String,
    currency: String,
    locale: String,
    demo: bool,
    joined: bool,
    server: Option<String>,
    pinned: bool,
    /// `first_sync` until the catalogue is there, else `ready`.
    phase: String,
}

/// `comptoir init`
pub(crate) async fn init(session: &Session, init: Init) -> Result<Report, Failure> {
    let Init {
        kind,
        currency,
        locale,
        cashier,
        prices_without_tax,
        server,
        register,
        with_past: _,
        language,
    } = init;
    if kind.demo {
        let language = language.unwrap_or(Language::Fr);
        session.call::<Value>("shop.create_demo", json!({ "language": language.as_str() })).await?;
    } else if let Some(name) = kind.new_shop {
        let request = json!({
            "name": name,
            "currency": currency,
            "cashier": cashier.unwrap_or_default(),
            "locale": locale.unwrap_or_default(),
            "prices_include_tax": !prices_without_tax,
        });
        session.call::<Value>("shop.create", request).await?;
    } else {
        let request = json!({ "server": server, "code": kind.join, "register": register });
        watched(session, "join", session.call::<Value>("shop.join", request)).await?;
        first_round(session).await?;
    }
    ready(session).await
}

/// `comptoir connect`
pub(crate) async fn connect(session: &Session, server: &str, code: &str) -> Result<Report, Failure> {
    let request = json!({ "server": server, "code": code });
    watched(session, "connect", session.call::<Value>("shop.connect", request)).await?;
    first_round(session).await?;
    ready(session).await
}

/// Fetches the catalogue, or uploads what the shop did so far, before the shell is given back.
async fn first_round(session: &Session) -> Result<(), Failure> {
    watched(session, "sync", session.call::<Value>("sync.now", json!({}))).await?;
    Ok(())
}

async fn ready(session: &Session) -> Result<Report, Failure> {
    let phase = session.state().await?.phase;
    let Shop { register, series, settings, server, demo } = session.shop().await?;
    let document = Document {
        shop: settings.business_name,
        register,
        series,
        currency: settings.currency.code,
        locale: settings.locale,
        demo,
        joined: server.is_some(),
        pinned: server.as_ref().is_some_and(|s| s.pinned),
        server: server.map(|s| s.url),
        phase,
    };
    let with = document.server.as_deref().map_or(String::new(), |url| format!(", joined to {url}"));
    let Document { shop, register, series, currency, .. } = &document;
    let words = format!("{shop} is ready: register {register}, series {series}, {currency}{with}.\n");
    Report::done(&document, words)
}
