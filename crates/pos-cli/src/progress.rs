//! Signs of life on standard error while something long runs.

use std::future::Future;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::output::tell;
use crate::session::Session;

/// Often enough to see that it moves, seldom enough for a log.
const EVERY: Duration = Duration::from_secs(2);

/// The numbers that move.
#[derive(Debug, Deserialize)]
struct Moving {
    pending: u32,
    first_sync: Option<FirstSync>,
}

#[derive(Debug, Deserialize)]
struct FirstSync {
    rows: u32,
    total: u32,
}

/// Waits for `work` and tells meanwhile how it goes: the name of the work, and what waits for the server.
pub(crate) async fn watched<T>(session: &Session, name: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(EVERY) => {}
        }
        let status: Result<Moving, _> = session.call("sync.status", json!({})).await;
        match status {
            Ok(Moving { first_sync: Some(FirstSync { rows, total }), .. }) => {
                tell(&format!("{name}: {rows} of {total} rows"));
            }
            Ok(Moving { pending, first_sync: None }) => tell(&format!("{name}: {pending} operations wait")),
            Err(_) => tell(&format!("{name}: at work")),
        }
    }
}
