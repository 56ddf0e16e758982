//! A register as it runs under a window, without the window: its background sync, and one command a line.
//!
//! `comptoir-counter DIR AHEAD_MS` opens a folder with a clock that is so far ahead of the machine's, and says
//! `{"done":null}`. Then each line of standard input, `{"name":"sale.sell","request":{...}}`, is answered by a line,
//! `{"done":value}` or `{"error":{...}}`. Two names are its own: `clock.set` moves the clock, `wait` answers when
//! nothing waits for the server any more. At the end of its input it closes the folder and leaves.
//!
//! It composes the register as the window does and holds no rule: the clock is the one thing that it makes otherwise.
#![allow(clippy::print_stdout, reason = "its answers go to standard output")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context, Result};
use pos_app::{App, AppOptions, Clock, OpenAccess};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let dir = PathBuf::from(arguments.next().context("a folder")?);
    let ahead_ms = arguments.next().and_then(|text| text.to_str()?.parse().ok()).context("a clock")?;
    let ahead = Arc::new(AtomicI64::new(ahead_ms));
    let (real, moved) = (Clock::system(), Arc::clone(&ahead));
    let clock = Clock::from_fn(move || real.now_ms().saturating_add(moved.load(Ordering::Relaxed)));
    let runtime = tokio::runtime::Runtime::new()?;
    let options = AppOptions { dir, access: OpenAccess::Write, background_sync: true, clock };
    let app = runtime.block_on(App::open(options))?;
    println!("{}", json!({ "done": null }));
    for line in std::io::stdin().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        println!("{}", runtime.block_on(obey(&app, &ahead, &order))?);
    }
    Ok(runtime.block_on(app.close())?)
}

async fn obey(app: &App, ahead: &AtomicI64, order: &Value) -> Result<Value> {
    let name = order["name"].as_str().context("a name")?;
    let request = order["request"].clone();
    match name {
        "clock.set" => {
            ahead
                .store(request.get("ahead_ms").and_then(Value::as_i64).context("a time")?, Ordering::Relaxed);
            Ok(json!({ "done": null }))
        }
        "wait" => Ok(json!({ "done": quiet(app).await? })),
        _ => match pos_api::dispatch(app, name, request).await {
            Ok(outcome) => Ok(json!({ "done": outcome.value })),
            Err(error) => Ok(json!({ "error": error })),
        },
    }
}

/// The status once nothing waits for the server and the server answers; told by the register's own news.
async fn quiet(app: &App) -> Result<Value> {
    let mut news = app.subscribe();
    loop {
        let status = pos_api::dispatch(app, "sync.status", json!({})).await;
        let status = status.map_err(|error| anyhow::anyhow!("{}", error.code.as_str()))?.value;
        let shown = |name: &str| status.get(name);
        if shown("pending") == Some(&json!(0)) && shown("online") == Some(&json!(true)) {
            return Ok(status);
        }
        // Whoever missed some news looks as well.
        if matches!(news.recv().await, Err(RecvError::Closed)) {
            return Ok(status);
        }
    }
}
