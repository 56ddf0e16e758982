//! The register behind the window.
//!
//! It opens while the window is being drawn: calls that come earlier wait for it, so the first paint never does. A
//! folder that cannot be opened still gives a window: every call then answers why, in the words of the page.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pos_api::{ApiError, api_error};
use pos_app::ids::IdSource;
use pos_app::{App, AppError, AppOptions, Clock, ErrorCode, OpenAccess, Outcome, Topic};
use serde_json::Value;
use tauri::{AppHandle, Emitter, Manager, State};
use tokio::sync::SetOnce;
use tokio::sync::broadcast::error::RecvError;

use crate::log;

/// Exit code of a process whose data folder could not be opened: the same as the shell's.
const ENVIRONMENT: i32 = 4;
/// The one event of the page: the topics that changed.
const CHANGED: &str = "changed";
/// How long a folder may be held by a process that is being cleared away, 2 s. Whoever holds it longer is at work.
const HELD_BY_THE_DYING: Duration = Duration::from_secs(2);
/// Pause before the folder is tried again, 100 ms.
const HELD_AGAIN: Duration = Duration::from_millis(100);

/// The opened register, or why it could not be opened.
#[derive(Default)]
pub(crate) struct Register {
    opened: SetOnce<Result<App, ApiError>>,
}

impl Register {
    /// Puts the register away, once it is open. Gives the exit code of the process.
    pub(crate) async fn close(&self) -> i32 {
        match self.opened.wait().await {
            Ok(app) => match app.clone().close().await {
                Ok(()) => 0,
                Err(error) => {
                    tracing::error!(code = error.code.as_str(), "the register did not close cleanly");
                    ENVIRONMENT
                }
            },
            Err(_) => ENVIRONMENT,
        }
    }
}

/// Starts to open the register in `data`, or in the system's folder for applications.
pub(crate) fn open(app: &AppHandle, data: Option<PathBuf>) -> tauri::Result<()> {
    let dir = match data {
        Some(dir) => dir,
        None => app.path().app_data_dir()?,
    };
    let window = app.clone();
    tauri::async_runtime::spawn(async move {
        let clock = Clock::system();
        let ids = IdSource::new(clock.clone());
        log::write_to(&dir);
        let opened = open_patiently(dir, clock).await.map_err(|error| api_error(error, ids.next()));
        if let Ok(register) = &opened {
            tell_changes(register, window.clone());
        }
        let set = window.state::<Register>().opened.set(opened);
        debug_assert!(set.is_ok(), "the register is opened once");
    });
    Ok(())
}

/// Opens the register. A window that is started again right after a crash may find the folder still held by the process
/// that is being cleared away.
async fn open_patiently(dir: PathBuf, clock: Clock) -> Result<App, AppError> {
    let began = Instant::now();
    loop {
        let options = AppOptions {
            dir: dir.clone(),
            access: OpenAccess::Write,
            background_sync: true,
            clock: clock.clone(),
        };
        match App::open(options).await {
            Err(error) if error.code == ErrorCode::DataInUse && began.elapsed() < HELD_BY_THE_DYING => {
                tokio::time::sleep(HELD_AGAIN).await;
            }
            opened => return opened,
        }
    }
}

/// Tells the page of everything that changes by itself, such as after a pull.
fn tell_changes(register: &App, window: AppHandle) {
    let mut changes = register.subscribe();
    tauri::async_runtime::spawn(async move {
        loop {
            match changes.recv().await {
                Ok(topics) => emit(&window, &topics),
                // The page fell behind: it asks again for everything that it shows.
                Err(RecvError::Lagged(_)) => emit(&window, &Topic::ALL),
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn emit(window: &AppHandle, topics: &[Topic]) {
    if let Err(error) = window.emit(CHANGED, topics) {
        tracing::warn!(%error, "the page could not be told what changed");
    }
}

impl Register {
    /// Runs one command, once the register is open.
    pub(crate) async fn run(&self, name: &str, request: Value) -> Result<Outcome<Value>, ApiError> {
        let app = self.opened.wait().await.as_ref().map_err(Clone::clone)?;
        pos_api::dispatch(app, name, request).await
    }
}

/// The one command of the page: hands `name` and `request` to the list of commands. Gives the value back, and tells
/// what changed to the page as an event, so that every part of it hears.
#[tauri::command]
pub(crate) async fn dispatch(
    window: AppHandle,
    register: State<'_, Register>,
    name: String,
    request: Value,
) -> Result<Value, ApiError> {
    let outcome = register.run(&name, request).await?;
    if !outcome.changed.is_empty() {
        emit(&window, &outcome.changed);
    }
    Ok(outcome.value)
}
