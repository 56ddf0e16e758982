//! The one list of commands, with their requests, responses, permissions and errors.
//!
//! Hosts (the window, the shell) loop over [`commands`] or call [`dispatch`]; none can forget one. Use cases live in
//! pos-app. Knows no window, no command line and no network.

mod commands;
mod dispatch;
mod error;
mod list;
pub mod request;
mod typescript;

pub use commands::{commands, find_command};
pub use dispatch::{api_error, dispatch};
pub use error::ApiError;
pub use list::{Access, Command};
pub use typescript::export_bindings;

#[cfg(test)]
mod tests;
