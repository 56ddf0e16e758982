//! The one list of commands, with their requests, responses, permissions and errors.
//!
//! Hosts (the window, the shell) loop over [`commands`] or call [`dispatch`]; none can forget one. Use cases live in
//! pos-app. Knows no window, no command line and no network.

mod after;
mod commands;
mod dispatch;
mod error;
mod list;
mod people;
pub mod request;
mod till;
mod typescript;

pub use commands::{commands, find_command};
pub use dispatch::{api_error, dispatch};
pub use error::ApiError;
pub use list::{Access, Command};
pub use pos_app::Door;
pub use typescript::export_bindings;

#[cfg(test)]
mod tests;
