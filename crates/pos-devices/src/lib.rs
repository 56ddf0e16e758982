//! Paper: what a receipt says, how it looks on a screen, a till roll or a page, and how it reaches a printer. And the other
//! way round: what a camera or a file gives, made into a picture of a product.
//!
//! Owns: receipts in French and English, reports, labels, plain text, ESC/POS bytes, PDF, the drawer's pulse, and the formats of
//! amounts and dates that receipts and the shell share. All encoders are pure; [`transport`] alone touches devices.
//!
//! Must not know: the store, the sync, settings. It is given a final document and how it was issued.

pub mod escpos;
pub mod format;
pub mod label;
pub mod pdf;
pub mod picture;
pub mod receipt;
pub mod report;
pub mod text;
pub mod transport;

mod barcode;
mod clean;
mod code_page;
mod font;
mod layout;
mod logo;
mod raster;
mod repertoire;
mod shape;
mod words;

pub use layout::PaperWidth;
pub use logo::Logo;
pub use receipt::{Issue, Receipt, Style};
pub use report::Report;
