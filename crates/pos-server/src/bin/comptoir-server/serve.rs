//! `serve`: answers registers until SIGINT or SIGTERM.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use pos_domain::Currency;
use pos_domain::settings::ShopSettings;
use pos_server::http::{HttpServer, Listen};
use pos_server::{Clock, Listening, Location, Server, ServerError};
use serde_json::json;

use crate::output::{Stop, print_line};

/// The business that an empty folder becomes.
const DEFAULT_BUSINESS: (&str, &str, &str) = ("Ma boutique", "GNF", "fr-GN");

/// Time between two rounds of upkeep, 1 min: what is due is found without being waited for.
const ROUND: Duration = Duration::from_secs(60);

/// Time between two sweeps of pictures, a day: they are kept for months.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

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
        let upkeep = tokio::spawn(look_after(server.clone()));
        let sweep = tokio::spawn(sweep_pictures(server.clone()));
        stop.await;
        upkeep.abort();
        sweep.abort();
        tracing::info!("stopping");
        http.stop().await?;
        drop(server);
        Ok(())
    })
}

/// The rounds of upkeep. What fails is tried again with the next one; nothing of it holds up a register.
async fn look_after(server: Server) {
    loop {
        tokio::time::sleep(ROUND).await;
        let copying = server.clone();
        let copied = tokio::task::spawn_blocking(move || copying.back_up_when_due()).await;
        match copied {
            Ok(Ok(Some(backup))) => tracing::info!(file = %backup.path.display(), "a backup was made"),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!(error = %in_words(&error), "no backup could be made"),
            Err(error) => tracing::error!(%error, "the backup was not finished"),
        }
        if let Err(error) = server.upkeep().await {
            tracing::warn!(error = %in_words(&error), "the upkeep was not finished");
        }
    }
}

/// Throws away pictures that no product has named for long, at the start and once a day.
async fn sweep_pictures(server: Server) {
    loop {
        match server.sweep_attachments().await {
            Ok(swept) => tracing::debug!(?swept, "pictures were swept"),
            Err(error) => tracing::warn!(error = %in_words(&error), "pictures were not swept"),
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

fn in_words(error: &ServerError) -> String {
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.by_ref().fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
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
