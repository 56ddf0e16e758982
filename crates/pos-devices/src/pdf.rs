//! Receipts as a PDF of the width of a till roll and the height of the text.
//!
//! The same rows as on the printer. The file holds no clock and no random id: the same receipt gives the same bytes.

use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, Document};
use skrifa::{FontRef, MetadataProvider};
use thiserror::Error;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::barcode;
use crate::font::{ADVANCE, BOLD, REGULAR};
use crate::format::NO_BREAK_SPACE;
use crate::layout::{PaperWidth, Row, lay_out};
use crate::receipt::{Receipt, Weight};
use crate::repertoire;

/// 80 mm in points.
const PAGE_WIDTH: f32 = 226.77;
/// 4 mm in points.
const MARGIN: f32 = 11.34;
/// Longest page: viewers refuse pages above 14,400 points (ISO 32000-1, annex C).
const MAX_PAGE_HEIGHT: f32 = 14_000.0;
/// Distance of two rows, in em.
const LEADING: f32 = 1.35;
/// From the top of a row to its baseline, in em.
const BASELINE: f32 = 1.05;
/// How much larger the business's name and the total are, where they fit.
const TOTAL_SCALE: f32 = 1.5;
const BARCODE_HEIGHT: f32 = 26.0;
/// Blank modules on both sides of a barcode together.
const QUIET_MODULES: u16 = 20;

/// Why there is no PDF.
#[derive(Debug, Error)]
pub enum PdfFault {
    /// The fonts inside this program cannot be read: a broken build.
    #[error("the font of receipts is not readable")]
    Font,
    /// A page has no size, which no receipt leads to.
    #[error("the page has no size")]
    PageSize,
    /// The PDF writer refused.
    #[error("the PDF cannot be written")]
    Write(#[source] KrillaError),
}

/// The receipt as a PDF file: one page, or several when it is longer than a page may be.
pub fn render(receipt: &Receipt) -> Result<Vec<u8>, PdfFault> {
    let faces = Faces::new()?;
    let columns = PaperWidth::Mm80.columns();
    let rows = lay_out(receipt, columns, &|text| faces.fold(text));
    let pen = Pen { faces, size: (PAGE_WIDTH - 2.0 * MARGIN) / (count(columns) * ADVANCE) };
    let mut document = Document::new();
    let title = receipt.number.clone();
    document.set_metadata(Metadata::new().title(title).language(receipt.language.to_owned()));
    for page_rows in pages(&rows, &pen) {
        let height = 2.0 * MARGIN + page_rows.iter().map(|row| pen.height(row)).sum::<f32>();
        let settings = PageSettings::from_wh(PAGE_WIDTH, height).ok_or(PdfFault::PageSize)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut y = MARGIN;
        for row in page_rows {
            pen.draw(&mut surface, row, y);
            y += pen.height(row);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(PdfFault::Write)
}

/// The rows of each page, as many as a page may hold.
fn pages<'a>(rows: &'a [Row], pen: &Pen) -> Vec<Vec<&'a Row>> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let mut height = 2.0 * MARGIN;
    for row in rows {
        if height + pen.height(row) > MAX_PAGE_HEIGHT {
            pages.push(std::mem::take(&mut page));
            height = 2.0 * MARGIN;
        }
        height += pen.height(row);
        page.push(row);
    }
    pages.push(page);
    pages
}

/// One font and its table of characters.
struct Face {
    font: Font,
    characters: FontRef<'static>,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Result<Self, PdfFault> {
        let font = Font::new(Data::from(bytes), 0).ok_or(PdfFault::Font)?;
        let characters = FontRef::new(bytes).map_err(|_| PdfFault::Font)?;
        Ok(Self { font, characters })
    }

    fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let map = self.characters.charmap();
        text.char_indices()
            .map(|(at, c)| {
                let glyph = GlyphId::new(map.map(c).unwrap_or_default().to_u32());
                KrillaGlyph::new(glyph, ADVANCE, 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
            })
            .collect()
    }
}

struct Faces {
    regular: Face,
    bold: Face,
}

impl Faces {
    fn new() -> Result<Self, PdfFault> {
        Ok(Self { regular: Face::new(REGULAR)?, bold: Face::new(BOLD)? })
    }

    /// `text` in characters that both fonts have and that take one column.
    fn fold(&self, text: &str) -> String {
        let (regular, bold) = (self.regular.characters.charmap(), self.bold.characters.charmap());
        repertoire::fold(text, |c| {
            c == NO_BREAK_SPACE || c.width() == Some(1) && regular.map(c).is_some() && bold.map(c).is_some()
        })
    }
}

/// Draws rows at a font size in points.
struct Pen {
    faces: Faces,
    size: f32,
}

impl Pen {
    fn height(&self, row: &Row) -> f32 {
        let line = self.size * LEADING;
        match row {
            Row::Centred { .. } | Row::Edges { .. } => line * self.scale(row),
            Row::Rule => line * 0.8,
            Row::Barcode { .. } => BARCODE_HEIGHT + 2.0 * line,
        }
    }

    /// How much larger than normal text a row is drawn.
    fn scale(&self, row: &Row) -> f32 {
        let (columns, weight) = match row {
            Row::Centred { text, weight } => (text.width(), *weight),
            Row::Edges { left, right, weight } => (left.width() + right.width() + 1, *weight),
            Row::Rule | Row::Barcode { .. } => return 1.0,
        };
        let fits = count(columns) * TOTAL_SCALE <= count(PaperWidth::Mm80.columns());
        if weight == Weight::Total && fits { TOTAL_SCALE } else { 1.0 }
    }

    fn draw(&self, surface: &mut Surface<'_>, row: &Row, top: f32) {
        let size = self.size * self.scale(row);
        let baseline = top + size * BASELINE;
        match row {
            Row::Centred { text, weight } => self.draw_centred(surface, text, *weight, size, baseline),
            Row::Edges { left, right, weight } => {
                let right_start = PAGE_WIDTH - MARGIN - count(right.width()) * size * ADVANCE;
                self.draw_text(surface, left, *weight, size, Point::from_xy(MARGIN, baseline));
                self.draw_text(surface, right, *weight, size, Point::from_xy(right_start, baseline));
            }
            Row::Rule => {
                let middle = top + self.height(row) / 2.0;
                fill_bar(surface, MARGIN, middle, PAGE_WIDTH - 2.0 * MARGIN, 0.5);
            }
            Row::Barcode { text } => {
                let bars_top = top + self.size * LEADING / 2.0;
                draw_bars(surface, text, bars_top);
                let below = bars_top + BARCODE_HEIGHT + self.size * BASELINE;
                self.draw_centred(surface, text, Weight::Normal, self.size, below);
            }
        }
    }

    fn draw_centred(&self, surface: &mut Surface<'_>, text: &str, weight: Weight, size: f32, baseline: f32) {
        let start = (PAGE_WIDTH - count(text.width()) * size * ADVANCE) / 2.0;
        self.draw_text(surface, text, weight, size, Point::from_xy(start, baseline));
    }

    fn draw_text(&self, surface: &mut Surface<'_>, text: &str, weight: Weight, size: f32, start: Point) {
        let face = match weight {
            Weight::Normal => &self.faces.regular,
            Weight::Strong | Weight::Total => &self.faces.bold,
        };
        if !text.is_empty() {
            surface.draw_glyphs(start, &face.glyphs(text), face.font.clone(), text, size, false);
        }
    }
}

fn draw_bars(surface: &mut Surface<'_>, text: &str, top: f32) {
    let Some(widths) = barcode::widths(text) else { return };
    let modules: u16 = widths.iter().copied().map(u16::from).sum();
    let module = ((PAGE_WIDTH - 2.0 * MARGIN) / f32::from(modules + QUIET_MODULES)).min(1.0);
    let mut x = (PAGE_WIDTH - f32::from(modules) * module) / 2.0;
    for (i, width) in widths.into_iter().enumerate() {
        let width = f32::from(width) * module;
        if i.is_multiple_of(2) {
            fill_bar(surface, x, top, width, BARCODE_HEIGHT);
        }
        x += width;
    }
}

/// A black rectangle. One without an area is not drawn.
fn fill_bar(surface: &mut Surface<'_>, left: f32, top: f32, width: f32, height: f32) {
    let mut builder = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(left, top, width, height) {
        builder.push_rect(rect);
    }
    if let Some(path) = builder.finish() {
        surface.draw_path(&path);
    }
}

/// A small count as a number of points or columns.
fn count(columns: usize) -> f32 {
    f32::from(u16::try_from(columns).unwrap_or(u16::MAX))
}
