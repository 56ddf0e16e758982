//! Receipts as plain text, for the screen and the shell.

use crate::layout::{PaperWidth, Row, lay_out};
use crate::receipt::Receipt;

/// The receipt without its pictures, in rows of [`PaperWidth::columns`], each ended by a line feed.
pub fn render(receipt: &Receipt, width: PaperWidth) -> String {
    let columns = width.columns();
    let rows = lay_out(receipt, columns, &str::to_owned);
    let read = rows.iter().filter(|row| !matches!(row, Row::Qr { .. } | Row::Logo { .. }));
    read.map(|row| row.to_text(columns) + "\n").collect()
}
