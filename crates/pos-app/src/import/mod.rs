//! Import of product lists: read the file, find its columns, judge each row, and only then write.

mod columns;
mod rows;

pub use columns::{Table, decode, preview, read_table, suggest_mapping};
pub use rows::{ImportRow, Judged, judge};
