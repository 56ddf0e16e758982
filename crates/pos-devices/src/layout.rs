//! A receipt on paper of a fixed number of columns: what stands on each row.
//!
//! Owns: wrapping and alignment. An amount is never cut and never wrapped; its label makes room for it. Must not
//! know: bytes of printers, points of a PDF. The words are folded to what the paper's device can show before they are
//! measured, because a character and its stand-in may differ in width.

use unicode_width::UnicodeWidthStr;

use crate::logo::Logo;
use crate::receipt::{Block, Receipt, Weight};

/// Narrowest room for a label beside an amount; below this the label gets rows of its own.
const MIN_LABEL_COLUMNS: usize = 12;
/// Indent of the second and further rows of something.
const INDENT: &str = "  ";

/// The two widths of till rolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperWidth {
    /// 58 mm: 32 columns, 384 dots.
    Mm58,
    /// 80 mm: 48 columns, 576 dots.
    Mm80,
}

impl PaperWidth {
    /// Characters of the printer's normal font in one row.
    pub const fn columns(self) -> usize {
        match self {
            Self::Mm58 => 32,
            Self::Mm80 => 48,
        }
    }

    /// Printable dots in one row, at 203 dots per inch.
    pub const fn dots(self) -> usize {
        match self {
            Self::Mm58 => 384,
            Self::Mm80 => 576,
        }
    }
}

/// One row. Texts fit the columns they were laid out for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// In the middle.
    Centred { text: String, weight: Weight },
    /// At the two edges; either side may be empty.
    Edges { left: String, right: String, weight: Weight },
    /// Texts at fixed columns, from left to right, none over another.
    Cells { cells: Vec<Cell>, weight: Weight },
    /// A line across the paper.
    Rule,
    /// A Code 128 barcode.
    Barcode { text: String },
    /// A QR code.
    Qr { text: String },
    /// The shop's sign.
    Logo { logo: Logo },
}

/// A text at a column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Where it begins.
    pub(crate) column: usize,
    pub(crate) text: String,
}

impl Row {
    /// The row as plain text of `columns`, without spaces at its end.
    pub(crate) fn to_text(&self, columns: usize) -> String {
        self.cells(columns).iter().fold(String::new(), |row, cell| {
            let gap = cell.column.saturating_sub(row.width());
            row + &" ".repeat(gap) + &cell.text
        })
    }

    /// The texts of the row where they stand on a paper of `columns`, each read by itself.
    pub(crate) fn cells(&self, columns: usize) -> Vec<Cell> {
        let centred = |text: String| Cell { column: columns.saturating_sub(text.width()) / 2, text };
        match self {
            Self::Centred { text, .. } => vec![centred(text.clone())],
            Self::Edges { left, right, .. } => {
                let end = columns.saturating_sub(right.width()).max(left.width());
                let both =
                    [Cell { column: 0, text: left.clone() }, Cell { column: end, text: right.clone() }];
                both.into_iter().filter(|cell| !cell.text.is_empty()).collect()
            }
            Self::Cells { cells, .. } => cells.clone(),
            Self::Rule => vec![Cell { column: 0, text: "-".repeat(columns) }],
            Self::Barcode { text } => vec![centred(format!("[{text}]"))],
            Self::Qr { .. } | Self::Logo { .. } => Vec::new(),
        }
    }
}

/// Turns text into what a device can show.
pub(crate) type Fold<'a> = dyn Fn(&str) -> String + 'a;

/// Lays a receipt out on rows of `columns`; `fold` turns text into what the device can show.
pub(crate) fn lay_out(receipt: &Receipt, columns: usize, fold: &Fold<'_>) -> Vec<Row> {
    let mut page = Page::new(columns);
    for block in &receipt.blocks {
        match block {
            Block::Heading { text } => page.push_centred(&fold(text), Weight::Total),
            Block::Centred { text } => page.push_centred(&fold(text), Weight::Normal),
            Block::Mark { text } => page.push_centred(&fold(text), Weight::Strong),
            Block::Rule => page.rows.push(Row::Rule),
            Block::Field { label, value } => page.push_field(&fold(label), &fold(value)),
            Block::Item { name, detail, amount } => {
                page.push_lines(&fold(name), "", Weight::Normal);
                page.push_amount(&format!("{INDENT}{}", fold(detail)), &fold(amount), Weight::Normal);
            }
            Block::Amount { label, amount, weight } => {
                page.push_amount(&fold(label), &fold(amount), *weight);
            }
            Block::Paragraph { text } => page.push_lines(&fold(text), "", Weight::Normal),
            Block::Barcode { text } => page.rows.push(Row::Barcode { text: text.clone() }),
            Block::Qr { text } => page.rows.push(Row::Qr { text: text.clone() }),
            Block::Logo { logo } => page.rows.push(Row::Logo { logo: logo.clone() }),
        }
    }
    page.rows
}

/// Rows under construction.
pub(crate) struct Page {
    pub(crate) columns: usize,
    pub(crate) rows: Vec<Row>,
}

impl Page {
    pub(crate) const fn new(columns: usize) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub(crate) fn push_rule(&mut self) {
        self.rows.push(Row::Rule);
    }

    pub(crate) fn push_centred(&mut self, text: &str, weight: Weight) {
        let rows = wrap(text, self.columns).into_iter().map(|text| Row::Centred { text, weight });
        self.rows.extend(rows);
    }

    pub(crate) fn push_lines(&mut self, text: &str, indent: &str, weight: Weight) {
        let room = self.columns.saturating_sub(indent.width());
        let rows = wrap(text, room).into_iter().map(|line| Row::Edges {
            left: format!("{indent}{line}"),
            right: String::new(),
            weight,
        });
        self.rows.extend(rows);
    }

    fn push_field(&mut self, label: &str, value: &str) {
        if label.width() + 1 + value.width() <= self.columns {
            let (left, right) = (label.to_owned(), value.to_owned());
            self.rows.push(Row::Edges { left, right, weight: Weight::Normal });
        } else {
            self.push_lines(label, "", Weight::Normal);
            self.push_lines(value, INDENT, Weight::Normal);
        }
    }

    /// The amount stands at the right edge of the label's last row, or alone below it.
    pub(crate) fn push_amount(&mut self, label: &str, amount: &str, weight: Weight) {
        let beside = self.columns.saturating_sub(amount.width() + 1);
        let indent = if label.starts_with(INDENT) { INDENT } else { "" };
        let room = if beside < MIN_LABEL_COLUMNS { self.columns } else { beside };
        let mut lines = wrap(label.trim_start_matches(' '), room.saturating_sub(indent.width()));
        let last = match lines.pop() {
            Some(last) if last.width() + indent.width() <= beside => format!("{indent}{last}"),
            Some(last) => {
                lines.push(last);
                String::new()
            }
            None => String::new(),
        };
        for line in lines {
            self.rows.push(Row::Edges { left: format!("{indent}{line}"), right: String::new(), weight });
        }
        self.rows.push(Row::Edges { left: last, right: amount.to_owned(), weight });
    }
}

/// Breaks text into lines of at most `columns`: between words, and inside a word that is longer than a line.
/// No-break spaces are not places to break. Empty text is one empty line.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() <= columns {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            line.push(letter);
            if line.width() > columns {
                line.pop();
                lines.push(std::mem::replace(&mut line, String::from(letter)));
            }
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_paper_and_no_letter_is_lost() {
        let texts =
            ["", "a", "Riz parfumé 5 kg", "Anticonstitutionnellement-long-mot", "米米米米米米", "x y  z"];
        for text in texts {
            for columns in 3..12 {
                let lines = wrap(text, columns);
                assert!(lines.iter().all(|l| l.width() <= columns), "{text:?} in {columns}: {lines:?}");
                let letters = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
                assert_eq!(letters(&lines.concat()), letters(text), "{columns}");
            }
        }
    }

    #[test]
    fn an_amount_is_never_broken_and_its_label_makes_room() {
        let mut page = Page::new(20);
        page.push_amount("Remise 10 %", "-1\u{202F}500", Weight::Normal);
        page.push_amount("Remise de fidélité", "-1\u{202F}500", Weight::Normal);
        page.push_amount("  Remise de fidélité", "-9\u{202F}007\u{202F}199", Weight::Normal);
        let text: Vec<String> = page.rows.iter().map(|r| r.to_text(20)).collect();
        assert_eq!(
            text,
            [
                "Remise 10 %   -1\u{202F}500",
                "Remise de",
                "fidélité      -1\u{202F}500",
                "  Remise de fidélité",
                "          -9\u{202F}007\u{202F}199",
            ]
        );
    }
}
