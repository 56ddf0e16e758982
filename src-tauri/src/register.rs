//! The register behind the window.
//!
//! It opens while the window is being drawn: calls that come earlier wait for it, so the first paint never does.

use std::path::PathBuf;

use serde_json::{Value, json};
use tauri::{AppHandle, Manager, State};
use tokio::sync::SetOnce;

/// The opened register, or why it could not be opened.
#[derive(Debug, Default)]
pub(crate) struct Register {
    opened: SetOnce<PathBuf>,
}

impl Register {
    /// Puts the register away. Gives the exit code of the process.
    pub(crate) async fn close(&self) -> i32 {
        0
    }
}

/// Starts to open the register in `data`, or in the system's folder for applications.
pub(crate) fn open(app: &AppHandle, data: Option<PathBuf>) -> tauri::Result<()> {
    let folder = match data {
        Some(folder) => folder,
        None => app.path().app_data_dir()?,
    };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let _first = app.state::<Register>().opened.set(folder);
    });
    Ok(())
}

/// The one command of the page: hands `name` and `request` to the list of commands, and its answer back.
#[tauri::command]
pub(crate) async fn dispatch(
    register: State<'_, Register>,
    name: String,
    request: Value,
) -> Result<Value, Value> {
    let folder = register.opened.wait().await;
    Err(
        json!({ "code": "app.unavailable", "params": { "name": name, "folder": folder, "request": request } }),
    )
}
