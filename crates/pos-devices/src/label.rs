//! Labels for products: name, price and a code for scanners, on sheets for an office printer or on a roll.
//!
//! Owns: the sizes of label papers, as data, and how one label is drawn on each. Must not know: products. It is given
//! words and amounts ready to read; texts are bounded and freed of control characters here.

use pos_domain::Gtin;
use unicode_width::UnicodeWidthStr;

use crate::barcode;
use crate::clean;
use crate::escpos;
use crate::layout::{Cell, PaperWidth, wrap};
use crate::pdf::{self, LabelPen, PdfFault};
use crate::raster::{Bitmap, Look, draw};

/// Most labels that are made at once: 42 sheets of 24.
pub const MAX_LABELS: usize = 1_000;
/// Rows of a name on a label; the rest of a longer one is left out, with a sign.
const NAME_ROWS: usize = 2;
/// Dots of a label printer in a millimetre, at 203 to the inch.
const DOTS_PER_MM: usize = 8;
/// Height of the bars on a roll in dots, 9 mm.
const BAR_DOTS: usize = 72;
/// Width of a bar's module on a roll in dots, wide or narrow.
const MODULE_DOTS: [usize; 2] = [3, 2];
/// Blank modules that a scanner needs on both sides together.
const QUIET_MODULES: usize = 20;

/// What stands on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Name of the product.
    pub name: String,
    /// Its price, as written for people.
    pub price: String,
    /// Its barcode or its code: a trade item's number becomes EAN, any other short ASCII Code 128.
    pub code: String,
}

/// A paper of labels. Lengths are in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelPaper {
    /// Name for settings and the shell.
    pub name: &'static str,
    /// The sheet, or one label of a roll.
    pub page: (f32, f32),
    /// One label.
    pub label: (f32, f32),
    /// Labels beside and above each other on a page.
    pub grid: (u8, u8),
    /// Left and top edge of the first label.
    pub margin: (f32, f32),
}

impl LabelPaper {
    /// A4 with 3 by 8 labels of 70 by 37 mm, as every stationer has them.
    pub const A4_3X8: Self =
        Self { name: "a4_3x8", page: (210.0, 297.0), label: (70.0, 37.0), grid: (3, 8), margin: (0.0, 0.5) };
    /// A roll of labels of 40 by 30 mm.
    pub const ROLL_40X30: Self = Self {
        name: "roll_40x30",
        page: (40.0, 30.0),
        label: (40.0, 30.0),
        grid: (1, 1),
        margin: (0.0, 0.0),
    };
    /// All papers.
    pub const ALL: [Self; 2] = [Self::A4_3X8, Self::ROLL_40X30];

    /// The paper of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paper| paper.name == name)
    }
}

/// Labels as a PDF file; pages are filled row by row. At most [`MAX_LABELS`], the others are left out.
///
/// # Errors
/// See [`PdfFault`].
pub fn to_pdf(labels: &[Label], paper: &LabelPaper) -> Result<Vec<u8>, PdfFault> {
    let labels: Vec<Label> = labels.iter().take(MAX_LABELS).map(Label::cleaned).collect();
    pdf::render_labels(paper, &labels, &|pen, label| draw_on_page(pen, label, paper.label))
}

/// Labels of 40 by 30 mm as ESC/POS bytes, each drawn as one picture and cut off.
pub fn to_escpos(labels: &[Label]) -> Vec<u8> {
    let drawn = labels.iter().take(MAX_LABELS).filter_map(|label| draw_for_roll(&label.cleaned()));
    escpos::encode_pictures(drawn)
}

impl Label {
    fn cleaned(&self) -> Self {
        Self {
            name: clean::label(&self.name),
            price: clean::label(&self.price),
            code: clean::label(&self.code),
        }
    }

    /// Bars and spaces in turn, bar first, in modules. `None` for a code that no scanner could read from a label.
    fn bars(&self) -> Option<Vec<u8>> {
        let ean = Gtin::parse(&self.code).ok().and_then(|gtin| barcode::ean_widths(&gtin));
        ean.or_else(|| barcode::widths(&self.code))
    }

    /// The rows of the name on so many columns.
    fn name_rows(&self, columns: usize) -> Vec<String> {
        let mut rows = wrap(&self.name, columns);
        if rows.len() > NAME_ROWS {
            rows.truncate(NAME_ROWS);
            if let Some(last) = rows.last_mut() {
                while last.width() >= columns {
                    last.pop();
                }
                last.push('…');
            }
        }
        rows
    }
}

/// Draws a label of so many millimetres, whose top left corner is the pen's.
fn draw_on_page(pen: &mut LabelPen<'_, '_>, label: &Label, size: (f32, f32)) {
    let (width, height) = size;
    let edge = (width * 0.06).min(4.0);
    let name_mm = height * 0.09;
    let columns = pen.columns(width - 2.0 * edge, name_mm);
    let mut top = edge * 0.75;
    for row in label.name_rows(columns) {
        pen.text(&row, false, (edge, top), name_mm);
        top += name_mm * 1.3;
    }
    let price_mm = height * 0.16;
    let price_top = edge * 0.75 + name_mm * 1.3 * 2.0;
    let price_mm = pen.fitting(&label.price, width - 2.0 * edge, price_mm);
    pen.centred(&label.price, true, (0.0, price_top, width), price_mm);
    let bars_top = price_top + height * 0.21;
    let digits_mm = height * 0.08;
    let bars_height = height - edge * 0.75 - digits_mm * 1.2 - bars_top;
    if let Some(bars) = label.bars() {
        pen.bars(&bars, (edge, bars_top, width - 2.0 * edge, bars_height));
    }
    let digits_mm = pen.fitting(&label.code, width - 2.0 * edge, digits_mm);
    pen.centred(&label.code, false, (0.0, bars_top + bars_height + digits_mm * 0.1, width), digits_mm);
}

/// A label of the roll as dots, its rows one below the other.
fn draw_for_roll(label: &Label) -> Option<Bitmap> {
    const PAPER: PaperWidth = PaperWidth::Mm58;
    let (dots, columns) = (40 * DOTS_PER_MM, 40 * DOTS_PER_MM / 12);
    let centred = |text: &str| {
        let text = wrap(text, columns).into_iter().next().unwrap_or_default();
        vec![Cell { column: columns.saturating_sub(text.width()) / 2, text }]
    };
    let plain = Look { bold: false, tall: false };
    let mut rows = Vec::new();
    let mut names = label.name_rows(columns);
    names.resize(NAME_ROWS, String::new());
    for name in names {
        rows.push(draw(&[Cell { column: 0, text: name }], PAPER, plain)?);
    }
    rows.push(draw(&centred(&label.price), PAPER, Look { bold: true, tall: true })?);
    if let Some(bars) = label.bars() {
        rows.extend(bars_for_roll(&bars, dots, PAPER.dots()));
    }
    rows.push(draw(&centred(&label.code), PAPER, plain)?);
    Bitmap::stack(&rows)
}

fn bars_for_roll(bars: &[u8], room: usize, dots: usize) -> Option<Bitmap> {
    let modules: usize = bars.iter().map(|width| usize::from(*width)).sum();
    let module = MODULE_DOTS.into_iter().find(|module| (modules + QUIET_MODULES) * module <= room)?;
    let mut line = vec![0; room.saturating_sub(modules * module) / 2];
    for (at, width) in bars.iter().enumerate() {
        let ink = if at.is_multiple_of(2) { 255 } else { 0 };
        line.extend(std::iter::repeat_n(ink, usize::from(*width) * module));
    }
    line.resize(dots, 0);
    Bitmap::pack(&line.repeat(BAR_DOTS), dots)
}
