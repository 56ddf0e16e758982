//! Reports on paper: what a day took (X and Z), what a customer owes, or any other page of names and amounts.
//!
//! Owns: the shape of such a page, and how it becomes text, ESC/POS bytes and PDF pages. A table that is too wide for the
//! paper is set as one small list for each of its rows, so that nothing is cut off. Must not know: what is reported. It
//! is given words and amounts ready to read; it computes nothing. All texts are bounded and freed of control characters
//! here, as those of receipts are.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::clean;
use crate::escpos::{self, PrinterModel};
use crate::layout::{Cell, Fold, Page, PaperWidth, Row, wrap};
use crate::pdf::{self, PdfFault, PdfPaper};
pub use crate::receipt::Weight;

/// Blank columns between two columns of a table.
const GUTTER: usize = 1;
/// Blank columns that a gutter gets besides, where the paper has them.
const MORE_GUTTER: usize = 2;
/// Narrowest room for a column of words; a table that would need less is set as lists.
const MIN_WORDS: usize = 10;

/// A page of names and amounts, in the words and formats of its reader.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Two-letter code of the language of its words, for whoever reads a PDF aloud.
    pub language: &'static str,
    /// What it is, large: `CLÔTURE Z 12`.
    pub title: String,
    /// Lines below the title: the business, the register, from when to when.
    pub subtitle: Vec<String>,
    /// In the order of reading, each below a line across the paper.
    pub sections: Vec<Section>,
    /// Lines at the end, in the middle.
    pub footer: Vec<String>,
}

/// One part of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its heading; empty for none.
    pub heading: String,
    /// What stands below the heading.
    pub content: Content,
}

/// What a section holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A name and an amount on each row.
    Rows(Vec<ReportRow>),
    /// Columns under their headings.
    Table(Table),
    /// Remarks, in lines of any length.
    Remarks(Vec<String>),
}

/// A name with its amount at the right edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportRow {
    /// What.
    pub label: String,
    /// As printed: an amount, a count, a date. Never cut and never wrapped.
    pub value: String,
    /// How much it must be seen.
    pub weight: Weight,
}

impl ReportRow {
    /// A row as most are.
    pub fn plain(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), weight: Weight::Normal }
    }

    /// A row that sums up others.
    pub fn strong(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { weight: Weight::Strong, ..Self::plain(label, value) }
    }

    /// The one row that everybody looks for.
    pub fn total(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { weight: Weight::Total, ..Self::plain(label, value) }
    }
}

/// Columns under their headings. A row with fewer cells than columns is empty at its end; cells beyond the columns are
/// left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// From left to right.
    pub columns: Vec<Column>,
    /// From top to bottom, one text for each column.
    pub rows: Vec<Vec<String>>,
    /// The last row, strong, below a line; empty for none.
    pub totals: Vec<String>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// What stands in it.
    pub holds: Holds,
}

/// What a column holds, which says where it stands and whether it may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// Words: at the left edge, broken between words where the paper is narrow.
    Words,
    /// Amounts, counts and dates: at the right edge, never broken.
    Amounts,
}

impl Column {
    /// A column of words.
    pub fn words(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), holds: Holds::Words }
    }

    /// A column of amounts, counts or dates.
    pub fn amounts(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), holds: Holds::Amounts }
    }
}

/// The report in rows of [`PaperWidth::columns`], each ended by a line feed, for the screen and the shell.
pub fn to_text(report: &Report, width: PaperWidth) -> String {
    let columns = width.columns();
    lay_out(report, columns, &str::to_owned).iter().map(|row| row.to_text(columns) + "\n").collect()
}

/// The report as ESC/POS bytes, with the paper cut after it.
pub fn to_escpos(report: &Report, width: PaperWidth, model: PrinterModel) -> Vec<u8> {
    escpos::encode_rows(width, model, &|fold| lay_out(report, width.columns(), fold))
}

/// The report as a PDF file, on a till roll or on sheets.
///
/// # Errors
/// See [`PdfFault`].
pub fn to_pdf(report: &Report, paper: PdfPaper) -> Result<Vec<u8>, PdfFault> {
    let title = clean::label(&report.title);
    pdf::render_rows(&title, report.language, paper, &|columns, fold| lay_out(report, columns, fold))
}

/// The rows of a report on paper of `columns`; `fold` turns text into what the device can show.
fn lay_out(report: &Report, columns: usize, fold: &Fold<'_>) -> Vec<Row> {
    let shown = |text: &str| fold(&clean::label(text));
    let mut page = Page::new(columns);
    page.push_centred(&shown(&report.title), Weight::Total);
    report.subtitle.iter().for_each(|line| page.push_centred(&shown(line), Weight::Normal));
    for section in &report.sections {
        page.push_rule();
        if !section.heading.is_empty() {
            page.push_lines(&shown(&section.heading), "", Weight::Strong);
        }
        match &section.content {
            Content::Rows(rows) => {
                rows.iter()
                    .for_each(|row| page.push_amount(&shown(&row.label), &shown(&row.value), row.weight));
            }
            Content::Table(table) => set_table(&mut page, table, &shown),
            Content::Remarks(remarks) => {
                let lines = remarks.iter().flat_map(|remark| clean::paragraph(remark));
                lines.for_each(|line| page.push_lines(&fold(&line), "", Weight::Normal));
            }
        }
    }
    page.push_rule();
    report.footer.iter().for_each(|line| page.push_centred(&shown(line), Weight::Normal));
    page.rows
}

fn set_table(page: &mut Page, table: &Table, shown: &dyn Fn(&str) -> String) {
    let set = |cells: &[String]| -> Vec<String> {
        let texts = cells.iter().map(|cell| shown(cell)).chain(std::iter::repeat(String::new()));
        texts.take(table.columns.len()).collect()
    };
    let headings: Vec<String> = table.columns.iter().map(|column| shown(&column.heading)).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| set(row)).collect();
    let totals = Some(set(&table.totals)).filter(|_| !table.totals.is_empty());
    let all = || std::iter::once(&headings).chain(&rows).chain(&totals);
    match Grid::fit(&table.columns, all(), page.columns) {
        Some(grid) => {
            grid.set(page, &headings, Weight::Strong);
            rows.iter().for_each(|row| grid.set(page, row, Weight::Normal));
            if let Some(totals) = &totals {
                page.push_rule();
                grid.set(page, totals, Weight::Strong);
            }
        }
        None => {
            rows.iter().for_each(|row| set_list(page, &headings, row, Weight::Normal));
            if let Some(totals) = &totals {
                page.push_rule();
                set_list(page, &headings, totals, Weight::Strong);
            }
        }
    }
}

/// One row of a table that is too wide: its first cell, and the others below it by their headings.
fn set_list(page: &mut Page, headings: &[String], cells: &[String], weight: Weight) {
    for (at, (heading, cell)) in headings.iter().zip(cells).enumerate() {
        match at {
            0 if cell.is_empty() => {}
            0 => page.push_lines(cell, "", weight),
            _ if cell.is_empty() => {}
            _ => page.push_amount(&format!("  {heading}"), cell, weight),
        }
    }
}

/// Gives the columns what the paper has left over: wider gutters first, so that amounts side by side are told apart. What
/// then remains goes to words at the left edge, and is shared where there are only amounts.
fn spread(widths: &mut [usize], columns: &[Column], left_over: usize) {
    let words_first = columns.first().is_some_and(|column| column.holds == Holds::Words);
    let Some((first, others)) = widths.split_first_mut() else { return };
    let even = left_over.checked_div(others.len()).unwrap_or(0);
    let wider = if words_first { even.min(MORE_GUTTER) } else { even };
    others.iter_mut().for_each(|width| *width += wider);
    *first += left_over - wider * others.len();
}

/// Where the columns of a table stand on the paper.
struct Grid {
    /// Start, width and content of each column.
    columns: Vec<(usize, usize, Holds)>,
}

impl Grid {
    /// The columns side by side, words broken where they must be; `None` when the paper is too narrow for that.
    fn fit<'a>(columns: &[Column], rows: impl Iterator<Item = &'a Vec<String>>, room: usize) -> Option<Self> {
        let mut widths = vec![0; columns.len()];
        for row in rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = cell.width().max(*widest);
            }
        }
        let gutters = GUTTER * columns.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gutters).saturating_sub(room);
        // The widest column of words gives way first.
        while excess > 0 {
            let words = widths.iter_mut().zip(columns).filter(|(_, column)| column.holds == Holds::Words);
            let (widest, _) = words.max_by_key(|(width, _)| **width)?;
            let spare = widest.saturating_sub(MIN_WORDS);
            if spare == 0 {
                return None;
            }
            let given = spare.min(excess);
            *widest -= given;
            excess -= given;
        }
        let used = widths.iter().sum::<usize>() + gutters;
        spread(&mut widths, columns, room.saturating_sub(used));
        let mut start = 0;
        let placed = widths.into_iter().zip(columns).map(|(width, column)| {
            let place = (start, width, column.holds);
            start += width + GUTTER;
            place
        });
        Some(Self { columns: placed.collect() })
    }

    fn set(&self, page: &mut Page, cells: &[String], weight: Weight) {
        let wrapped: Vec<Vec<String>> = self
            .columns
            .iter()
            .zip(cells)
            .map(|((_, width, holds), cell)| match holds {
                Holds::Words => wrap(cell, *width),
                Holds::Amounts => vec![cell.clone()],
            })
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let placed = self.columns.iter().zip(&wrapped).filter_map(|((start, width, holds), lines)| {
                let text = lines.get(line).filter(|text| !text.is_empty())?.clone();
                let gap = match holds {
                    Holds::Words => 0,
                    Holds::Amounts => width.saturating_sub(text.width()),
                };
                Some(Cell { column: start + gap, text })
            });
            page.rows.push(Row::Cells { cells: placed.collect(), weight });
        }
    }
}
