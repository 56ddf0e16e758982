//! The desktop host: the till's window and the customer's, one command each, one event.
//!
//! Owns: the process of the till, its window, where its data folder lies, and the order of starting and leaving.
//! Must not know: any rule of the shop. Every call goes to `dispatch`, which hands it to pos-api as it is.
//!
//! Exit codes: 0 left by a person, 2 wrong usage, 4 the data folder could not be opened.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod display;
mod leaving;
mod log;
mod register;
mod window;

use std::path::PathBuf;

use clap::Parser;
use tauri::{RunEvent, WindowEvent};

/// What the command line says.
#[derive(Debug, Parser)]
#[command(name = "comptoir-desktop", version, about = "The till's window")]
struct Options {
    /// The folder that holds this register's data. Without it: the folder that the system gives to applications.
    #[arg(long, env = "COMPTOIR_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let app = tauri::Builder::default()
        .manage(leaving::Leaving::default())
        .manage(register::Register::default())
        .invoke_handler(tauri::generate_handler![
            register::dispatch,
            display::open_display,
            display::show_display
        ])
        .setup(move |app| {
            register::open(app.handle(), options.data)?;
            window::open(app)?;
            leaving::on_signals(app.handle())?;
            Ok(())
        })
        .build(tauri::generate_context!())?;
    let code = app.run_return(|app, event| {
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
            leaving::leave(app);
        } else if let RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } = event
            && label == window::TILL
        {
            // The customer's screen alone is no till.
            display::close(app);
        }
    });
    std::process::exit(code)
}
