//! Signs of life on standard error while something long runs.

use std::future::Future;
use std::time::Duration;

use pos_app::view::Progress;
use serde::Deserialize;
use serde_json::json;

use crate::output::tell;
use crate::session::Session;

/// Often enough to see that it moves, seldom enough for a log.
const EVERY: Duration = Duration::from_secs(2);

/// What moves during a sync.
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

/// Waits for `work` and tells meanwhile how far it is.
pub(crate) async fn watched<T>(session: &Session, name: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(EVERY) => tell(&sign_of_life(session, name).await),
        }
    }
}

async fn sign_of_life(session: &Session, name: &str) -> String {
    if let Some(Progress { task, done, total }) = session.progress() {
        return format!("{task}: {done} of {total}");
    }
    match session.call("sync.status", json!({})).await {
        Ok(Moving { first_sync: Some(FirstSync { rows, total }), .. }) => {
            format!("{name}: {rows} of {total} rows received")
        }
        Ok(Moving { pending, first_sync: None }) => format!("{name}: {pending} operations wait"),
        Err(_) => format!("{name}: at work"),
    }
}
