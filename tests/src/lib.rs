//! What the journeys through the window need: a display, the window under WebDriver, and a shop to open it on.
//!
//! It drives the real program from outside, as a person does; nothing of the product is linked in. Servers, other
//! registers and the network between them come from pos-testkit. Linux only: other systems have other drivers.
#![cfg(target_os = "linux")]

pub mod axe;
pub mod display;
pub mod driver;
pub mod stage;
pub mod trouble;
pub mod window;
