//! The customer's screen: a second window that shows what is rung up, and can ask for nothing else.
//!
//! It has a command and a capability of its own: a page in it that went wrong could read what the customer reads anyway,
//! and change nothing.

use pos_api::ApiError;
use serde_json::{Value, json};
use tauri::{AppHandle, Manager, State, WebviewUrl, WebviewWindowBuilder};

use crate::register::Register;
use crate::window::is_own_page;

/// Its name, as in its capability.
const DISPLAY: &str = "display";
/// The same page as the till's; it looks at the window's name to know what to show.
const PAGE: &str = "index.html#display";
/// The command that says what it shows.
const SHOWN: &str = "display.get";

/// Opens the customer's screen, full on a second monitor where there is one; brings it to the front when it is open.
#[tauri::command]
pub(crate) async fn open_display(app: AppHandle) -> Result<(), String> {
    open(&app).map_err(|error| {
        tracing::warn!(%error, "the customer's screen did not open");
        error.to_string()
    })
}

fn open(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(DISPLAY) {
        return window.set_focus();
    }
    let window = WebviewWindowBuilder::new(app, DISPLAY, WebviewUrl::App(PAGE.into()))
        .title("Comptoir")
        .inner_size(1024.0, 768.0)
        .focused(false)
        .on_navigation(|url| is_own_page(url.scheme(), url.host_str()))
        .build()?;
    let own =
        app.get_webview_window(crate::window::TILL).map(|till| till.current_monitor()).transpose()?.flatten();
    let other = window
        .available_monitors()?
        .into_iter()
        .find(|monitor| Some(monitor.position()) != own.as_ref().map(|m| m.position()));
    if let Some(monitor) = other {
        window.set_position(*monitor.position())?;
        window.set_fullscreen(true)?;
    }
    Ok(())
}

/// Closes the customer's screen, if it is open.
pub(crate) fn close(app: &AppHandle) {
    if let Some(Err(error)) = app.get_webview_window(DISPLAY).map(|window| window.destroy()) {
        tracing::warn!(%error, "the customer's screen did not close");
    }
}

/// What the customer's screen shows now.
#[tauri::command]
pub(crate) async fn show_display(register: State<'_, Register>) -> Result<Value, ApiError> {
    Ok(register.run(SHOWN, json!({})).await?.value)
}
