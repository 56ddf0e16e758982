//! The till's window, and where a window of ours may go.

use tauri::{App, WebviewWindowBuilder, is_dev};

/// Its name, as in `tauri.conf.json`.
pub(crate) const TILL: &str = "main";

/// Opens the window that `tauri.conf.json` describes, and keeps it on the pages inside this binary.
pub(crate) fn open(app: &App) -> tauri::Result<()> {
    let Some(config) = app.config().app.windows.first() else { return Ok(()) };
    WebviewWindowBuilder::from_config(app, config)?
        // The content security policy says what a page may load; this says where the window may go: nowhere.
        .on_navigation(|url| is_own_page(url.scheme(), url.host_str()))
        .build()?;
    Ok(())
}

/// Whether a page comes from this binary: `tauri://localhost`, or `http(s)://tauri.localhost` on Windows.
pub(crate) fn is_own_page(scheme: &str, host: Option<&str>) -> bool {
    match (scheme, host) {
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")) => true,
        ("http", Some("127.0.0.1")) => is_dev(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn the_window_never_leaves_its_own_pages() {
        assert!(is_own_page("tauri", Some("localhost")), "Linux and macOS serve the pages here");
        assert!(is_own_page("http", Some("tauri.localhost")), "Windows serves the pages here");
        for (scheme, host) in [("https", "example.org"), ("http", "localhost"), ("file", ""), ("data", "")] {
            assert!(!is_own_page(scheme, Some(host)), "{scheme}://{host} is not ours");
        }
        assert!(!is_own_page("javascript", None), "a page without a host is not ours");
    }
}
