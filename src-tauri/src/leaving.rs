//! Leaving: the window closes at once for the person, the process ends when the register has put itself away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager};

use crate::register::Register;

/// How long the register may take: it sends what waits when the server is there, and closes its file. Past that the
/// process ends as it would in a power cut, which loses nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the process is on its way out: whoever asks a second time changes nothing.
#[derive(Debug, Default)]
pub(crate) struct Leaving(AtomicBool);

/// Closes the register, then ends the process with the code that its opening earned.
pub(crate) fn leave(app: &AppHandle) {
    if app.state::<Leaving>().0.swap(true, Ordering::SeqCst) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let code = match tokio::time::timeout(PATIENCE, app.state::<Register>().close()).await {
            Ok(code) => code,
            Err(_) => {
                tracing::warn!("the register did not close in time");
                0
            }
        };
        app.exit(code);
    });
}

/// Leaves in the same way when the system asks for it (logging out, shutting down, Ctrl-C in a terminal).
#[cfg(unix)]
pub(crate) fn on_signals(app: &AppHandle) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let app = app.clone();
    let _inside = tauri::async_runtime::handle().inner().enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tauri::async_runtime::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        leave(&app);
    });
    Ok(())
}

/// Windows closes the window itself when the system ends, which leaves by the ordinary way.
#[cfg(not(unix))]
pub(crate) fn on_signals(_app: &AppHandle) -> std::io::Result<()> {
    Ok(())
}
