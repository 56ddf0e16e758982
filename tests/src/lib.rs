//! What the journeys need: the built programs, a display, a window under WebDriver, a shop with its server.
//!
//! Everything here drives the real programs from outside, as a person or a script would; nothing of the product is
//! linked in. Linux only: other systems have other drivers.
#![cfg(target_os = "linux")]

pub mod cable;
pub mod display;
pub mod driver;
pub mod process;
pub mod shop;
pub mod stage;
pub mod window;
