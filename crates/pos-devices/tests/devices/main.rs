//! Receipts of real documents on every kind of paper, and printers of every temper.

mod decoder;
mod documents;
mod escpos;
mod pdf;
mod receipts;
mod transport;
