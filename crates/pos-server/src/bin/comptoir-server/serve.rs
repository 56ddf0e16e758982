//! `serve`: answers registers until SIGINT or SIGTERM.

use std::net::SocketAddr;

use anyhow::Context;
use pos_domain::Currency;
use pos_domain::settings::ShopSettings;
use pos_server::http::{HttpServer, Listen};
use pos_server::{Clock, Listening, Location, Server};
use serde_json::json;

use crate::output::{Stop, print_line};

/// The business that an empty folder becomes.
const DEFAULT_BUSINESS: (&str, &str, &str) = ("Ma boutique", "GNF", "fr-GN");

/// Serves.
pub(crate) fn serve(location: &Location, listen: SocketAddr, tls: bool, as_json: bool) -> Result<(), Stop> {
    let runtime = tokio::runtime::Runtime::new().context("the async runtime could not be started")?;
    runtime.block_on(async {
        let (name, currency, locale) = DEFAULT_BUSINESS;
        let currency = Currency::from_iso(currency).context("the default currency")?;
        let settings = ShopSettings::new(name, currency, locale);
        let server = Server::open(location, Some(&settings), Clock::system())?;
        // Before the first line is printed: whoever reads it may send a signal at once.
        let stop = stop_signal().context("signals cannot be heard")?;
        let http = HttpServer::start(
            server.clone(),
            &Listen { address: listen, data: location.folder().to_owned(), tls },
        )?;
        let listening = Listening {
            server: http.url().to_owned(),
            pins: http.pin().map(|pin| pin.to_base64()).into_iter().collect(),
        };
        listening.write(location.folder())?;
        let line = if as_json {
            let address = http.address().to_string();
            json!({ "server": listening.server, "address": address, "pins": listening.pins }).to_string()
        } else {
            format!("listening on {}", listening.server)
        };
        print_line(&line);
        stop.await;
        tracing::info!("stopping");
        http.stop().await?;
        drop(server);
        Ok(())
    })
}

/// Ends when the process is asked to; listens from now on.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when the process is asked to; listens from now on.
#[cfg(windows)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
