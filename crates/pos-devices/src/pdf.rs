//! Receipts and reports as PDF: of the width of a till roll and the height of the text, or on sheets.
//!
//! The same rows as on the printer. The file holds no clock and no random id: the same receipt gives the same bytes.

use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, Document};
use thiserror::Error;
use unicode_width::UnicodeWidthStr;

use crate::barcode;
use crate::font::{ADVANCE, Face};
use crate::label::{Label, LabelPaper};
use crate::layout::{Fold, PaperWidth, Row, lay_out};
use crate::logo::Logo;
use crate::receipt::{Receipt, Weight};
use crate::shape::{Glyph, shape};

/// 80 mm in points.
const ROLL_WIDTH: f32 = 226.77;
/// 4 mm in points.
const ROLL_MARGIN: f32 = 11.34;
/// Longest page: viewers refuse pages above 14,400 points (ISO 32000-1, annex C).
const MAX_PAGE_HEIGHT: f32 = 14_000.0;
/// 210 mm in points.
const A4_WIDTH: f32 = 595.28;
/// 297 mm in points.
const A4_HEIGHT: f32 = 841.89;
/// 18 mm in points: room for a punch, and more than any office printer leaves blank.
const A4_MARGIN: f32 = 51.02;
/// Columns of an A4 sheet: letters of 9.1 points.
const A4_COLUMNS: usize = 90;
/// Distance of two rows, in em.
const LEADING: f32 = 1.35;
/// From the top of a row to its baseline, in em.
const BASELINE: f32 = 1.05;
/// How much larger the business's name and the total are, where they fit.
const TOTAL_SCALE: f32 = 1.5;
const BARCODE_HEIGHT: f32 = 26.0;
/// Points of a millimetre.
const MM: f32 = 72.0 / 25.4;
/// Widest module of a bar on a label in millimetres: EAN at twice its nominal size, which is the largest allowed.
const MAX_MODULE_MM: f32 = 0.66;
/// No label has room for more letters beside each other.
const MAX_LABEL_COLUMNS: usize = 200;
/// Side of a QR code in points, 25 mm, without its quiet zone, which is the paper around it.
const QR_SIDE: f32 = 70.87;
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

/// What a PDF is made to be printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfPaper {
    /// A till roll of 80 mm, as long as the text.
    Roll,
    /// Sheets of A4, numbered when there are several.
    A4,
}

impl PdfPaper {
    const fn columns(self) -> usize {
        match self {
            Self::Roll => PaperWidth::Mm80.columns(),
            Self::A4 => A4_COLUMNS,
        }
    }

    /// In points.
    const fn width(self) -> f32 {
        match self {
            Self::Roll => ROLL_WIDTH,
            Self::A4 => A4_WIDTH,
        }
    }

    /// In points, on all sides.
    const fn margin(self) -> f32 {
        match self {
            Self::Roll => ROLL_MARGIN,
            Self::A4 => A4_MARGIN,
        }
    }

    /// Where the rows of a page end at the latest, in points from its top.
    const fn bottom(self) -> f32 {
        match self {
            Self::Roll => MAX_PAGE_HEIGHT,
            Self::A4 => A4_HEIGHT - A4_MARGIN,
        }
    }

    /// Height in points of a page whose rows take so many.
    const fn height(self, rows: f32) -> f32 {
        match self {
            Self::Roll => rows + 2.0 * ROLL_MARGIN,
            Self::A4 => A4_HEIGHT,
        }
    }
}

/// The receipt as a PDF file on a roll: one page, or several when it is longer than a page may be.
///
/// # Errors
/// See [`PdfFault`].
pub fn render(receipt: &Receipt) -> Result<Vec<u8>, PdfFault> {
    render_rows(&receipt.number, receipt.language, PdfPaper::Roll, &|columns, fold| {
        lay_out(receipt, columns, fold)
    })
}

/// Rows as a PDF file; they are laid out on the paper's columns in what its fonts can show.
pub(crate) fn render_rows(
    title: &str,
    language: &str,
    paper: PdfPaper,
    rows: &dyn Fn(usize, &Fold<'_>) -> Vec<Row>,
) -> Result<Vec<u8>, PdfFault> {
    let faces = Faces::new()?;
    let columns = paper.columns();
    let rows = rows(columns, &str::to_owned);
    let size = (paper.width() - 2.0 * paper.margin()) / (count(columns) * ADVANCE);
    let pen = Pen { faces, paper, size };
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()).language(language.to_owned()));
    let pages = pages(&rows, &pen);
    let of = pages.len();
    for (at, page_rows) in pages.into_iter().enumerate() {
        let height = paper.height(page_rows.iter().map(|row| pen.height(row)).sum::<f32>());
        let settings = PageSettings::from_wh(paper.width(), height).ok_or(PdfFault::PageSize)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut y = paper.margin();
        for row in page_rows {
            pen.draw(&mut surface, row, y);
            y += pen.height(row);
        }
        if paper == PdfPaper::A4 && of > 1 {
            let below = A4_HEIGHT - A4_MARGIN / 2.0;
            pen.draw_centred(&mut surface, &format!("{} / {of}", at + 1), Weight::Normal, pen.size, below);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(PdfFault::Write)
}

/// Labels as a PDF file, drawn by `draw` one after another from the top left of each page.
pub(crate) fn render_labels(
    paper: &LabelPaper,
    labels: &[Label],
    draw: &dyn Fn(&mut LabelPen<'_, '_>, &Label),
) -> Result<Vec<u8>, PdfFault> {
    let faces = Faces::new()?;
    let (beside, above) = (usize::from(paper.grid.0.max(1)), usize::from(paper.grid.1.max(1)));
    let mut document = Document::new();
    for page_labels in labels.chunks(beside * above) {
        let (width, height) = paper.page;
        let settings = PageSettings::from_wh(width * MM, height * MM).ok_or(PdfFault::PageSize)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for (at, label) in page_labels.iter().enumerate() {
            let left = paper.margin.0 + count(at % beside) * paper.label.0;
            let top = paper.margin.1 + count(at / beside) * paper.label.1;
            draw(&mut LabelPen { faces: &faces, surface: &mut surface, corner: (left, top) }, label);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(PdfFault::Write)
}

/// Draws on one label. Places and sizes are in millimetres from its top left corner; a text's size is the height of its
/// line.
pub(crate) struct LabelPen<'a, 'b> {
    faces: &'a Faces,
    surface: &'a mut Surface<'b>,
    corner: (f32, f32),
}

impl LabelPen<'_, '_> {
    /// Letters that stand beside each other in so much room.
    pub(crate) fn columns(&self, room: f32, size: f32) -> usize {
        let mut columns = 1;
        while count(columns + 1) * size * ADVANCE <= room && columns < MAX_LABEL_COLUMNS {
            columns += 1;
        }
        columns
    }

    /// The size, or a smaller one in which the text has room.
    pub(crate) fn fitting(&self, text: &str, room: f32, size: f32) -> f32 {
        let wide = count(text.width()) * ADVANCE;
        if wide * size > room { room / wide } else { size }
    }

    /// A text from a place rightwards.
    pub(crate) fn text(&mut self, text: &str, bold: bool, (left, top): (f32, f32), size: f32) {
        let start = Point::from_xy((self.corner.0 + left) * MM, (self.corner.1 + top + size * 0.95) * MM);
        self.faces.draw(self.surface, text, bold, size * MM, start);
    }

    /// A text in the middle of so much room.
    pub(crate) fn centred(&mut self, text: &str, bold: bool, (left, top, room): (f32, f32, f32), size: f32) {
        let left = left + (room - count(text.width()) * size * ADVANCE) / 2.0;
        self.text(text, bold, (left, top), size);
    }

    /// Bars in the middle of a place of so much width and height, as wide as they are read best.
    pub(crate) fn bars(&mut self, widths: &[u8], (left, top, width, height): (f32, f32, f32, f32)) {
        let modules: u16 = widths.iter().copied().map(u16::from).sum();
        let module = (width / f32::from(modules + QUIET_MODULES)).min(MAX_MODULE_MM);
        let mut x = self.corner.0 + left + (width - f32::from(modules) * module) / 2.0;
        let y = self.corner.1 + top;
        for (i, bar) in widths.iter().enumerate() {
            let wide = f32::from(*bar) * module;
            if i.is_multiple_of(2) {
                fill_bar(self.surface, x * MM, y * MM, wide * MM, height * MM);
            }
            x += wide;
        }
    }
}

/// The rows of each page, as many as a page may hold.
fn pages<'a>(rows: &'a [Row], pen: &Pen) -> Vec<Vec<&'a Row>> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let mut height = pen.paper.margin();
    for row in rows {
        if height + pen.height(row) > pen.paper.bottom() {
            pages.push(std::mem::take(&mut page));
            height = pen.paper.margin();
        }
        height += pen.height(row);
        page.push(row);
    }
    pages.push(page);
    pages
}

/// The fonts, as the PDF writer keeps them.
struct Faces {
    fonts: Vec<(Face, Font)>,
}

impl Faces {
    fn new() -> Result<Self, PdfFault> {
        let read = |face: Face| {
            let font = Font::new(Data::from(face.bytes()), 0).ok_or(PdfFault::Font)?;
            Ok((face, font))
        };
        Ok(Self { fonts: Face::ALL.into_iter().map(read).collect::<Result<_, PdfFault>>()? })
    }

    fn find(&self, face: Face) -> Option<Font> {
        self.fonts.iter().find(|(known, _)| *known == face).map(|(_, font)| font.clone())
    }

    /// Draws a text from a point on its baseline rightwards, in letters of `size` points.
    fn draw(&self, surface: &mut Surface<'_>, text: &str, bold: bool, size: f32, start: Point) {
        for run in shape(text, bold).into_iter().filter(|run| !run.glyphs.is_empty()) {
            let Some(font) = self.find(run.face) else { continue };
            let glyphs: Vec<KrillaGlyph> = run.glyphs.iter().map(glyph).collect();
            let at = Point::from_xy(start.x + count(run.column) * size * ADVANCE, start.y);
            surface.draw_glyphs(at, &glyphs, font, text, size * run.scale, false);
        }
    }
}

/// Draws rows at a font size in points.
struct Pen {
    faces: Faces,
    paper: PdfPaper,
    size: f32,
}

impl Pen {
    fn height(&self, row: &Row) -> f32 {
        let line = self.size * LEADING;
        match row {
            Row::Centred { .. } | Row::Edges { .. } | Row::Cells { .. } => line * self.scale(row),
            Row::Rule => line * 0.8,
            Row::Barcode { .. } => BARCODE_HEIGHT + 2.0 * line,
            Row::Qr { .. } => QR_SIDE + line,
            Row::Logo { logo } => dots(logo.height) + line / 2.0,
        }
    }

    /// How much larger than normal text a row is drawn.
    fn scale(&self, row: &Row) -> f32 {
        let (columns, weight) = match row {
            Row::Centred { text, weight } => (text.width(), *weight),
            Row::Edges { left, right, weight } => (left.width() + right.width() + 1, *weight),
            Row::Cells { .. } | Row::Rule | Row::Barcode { .. } | Row::Qr { .. } | Row::Logo { .. } => {
                return 1.0;
            }
        };
        let fits = count(columns) * TOTAL_SCALE <= count(self.paper.columns());
        if weight == Weight::Total && fits { TOTAL_SCALE } else { 1.0 }
    }

    fn draw(&self, surface: &mut Surface<'_>, row: &Row, top: f32) {
        let size = self.size * self.scale(row);
        let baseline = top + size * BASELINE;
        match row {
            Row::Centred { text, weight } => self.draw_centred(surface, text, *weight, size, baseline),
            Row::Edges { left, right, weight } => {
                let (page, margin) = (self.paper.width(), self.paper.margin());
                let right_start = page - margin - count(right.width()) * size * ADVANCE;
                self.draw_text(surface, left, *weight, size, Point::from_xy(margin, baseline));
                self.draw_text(surface, right, *weight, size, Point::from_xy(right_start, baseline));
            }
            Row::Cells { cells, weight } => {
                for cell in cells {
                    let start = self.paper.margin() + count(cell.column) * size * ADVANCE;
                    self.draw_text(surface, &cell.text, *weight, size, Point::from_xy(start, baseline));
                }
            }
            Row::Rule => {
                let middle = top + self.height(row) / 2.0;
                let (page, margin) = (self.paper.width(), self.paper.margin());
                fill_bar(surface, margin, middle, page - 2.0 * margin, 0.5);
            }
            Row::Barcode { text } => {
                let bars_top = top + self.size * LEADING / 2.0;
                self.draw_bars(surface, text, bars_top);
                let below = bars_top + BARCODE_HEIGHT + self.size * BASELINE;
                self.draw_centred(surface, text, Weight::Normal, self.size, below);
            }
            Row::Qr { text } => self.draw_qr(surface, text, top + self.size * LEADING / 2.0),
            Row::Logo { logo } => self.draw_logo(surface, logo, top),
        }
    }

    fn draw_qr(&self, surface: &mut Surface<'_>, text: &str, top: f32) {
        let Some(modules) = barcode::qr(text) else { return };
        let module = QR_SIDE / count(modules.len());
        let left = (self.paper.width() - QR_SIDE) / 2.0;
        for (y, row) in modules.iter().enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, black)| **black) {
                fill_bar(surface, left + count(x) * module, top + count(y) * module, module, module);
            }
        }
    }

    fn draw_logo(&self, surface: &mut Surface<'_>, logo: &Logo, top: f32) {
        let rgb = logo.grey.iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect();
        let image = Image::from_rgba8(rgb, logo.width, logo.height);
        let Some(size) = Size::from_wh(dots(logo.width), dots(logo.height)) else { return };
        let left = (self.paper.width() - size.width()) / 2.0;
        surface.push_transform(&Transform::from_translate(left, top));
        surface.draw_image(image, size);
        surface.pop();
    }

    fn draw_centred(&self, surface: &mut Surface<'_>, text: &str, weight: Weight, size: f32, baseline: f32) {
        let start = (self.paper.width() - count(text.width()) * size * ADVANCE) / 2.0;
        self.draw_text(surface, text, weight, size, Point::from_xy(start, baseline));
    }

    fn draw_text(&self, surface: &mut Surface<'_>, text: &str, weight: Weight, size: f32, start: Point) {
        let bold = match weight {
            Weight::Normal => false,
            Weight::Strong | Weight::Total => true,
        };
        self.faces.draw(surface, text, bold, size, start);
    }

    fn draw_bars(&self, surface: &mut Surface<'_>, text: &str, top: f32) {
        let Some(widths) = barcode::widths(text) else { return };
        let modules: u16 = widths.iter().copied().map(u16::from).sum();
        let room = self.paper.width() - 2.0 * self.paper.margin();
        let module = (room / f32::from(modules + QUIET_MODULES)).min(1.0);
        let mut x = (self.paper.width() - f32::from(modules) * module) / 2.0;
        for (i, width) in widths.into_iter().enumerate() {
            let width = f32::from(width) * module;
            if i.is_multiple_of(2) {
                fill_bar(surface, x, top, width, BARCODE_HEIGHT);
            }
            x += width;
        }
    }
}

fn glyph(of: &Glyph) -> KrillaGlyph {
    KrillaGlyph::new(GlyphId::new(of.id), of.advance, of.right, of.up, 0.0, of.letters.clone(), None)
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

/// Points of so many dots of a printer, of which 203 are an inch.
fn dots(of: u32) -> f32 {
    f32::from(u16::try_from(of).unwrap_or(u16::MAX)) * 72.0 / 203.0
}

/// A small count as a number of points or columns.
fn count(columns: usize) -> f32 {
    f32::from(u16::try_from(columns).unwrap_or(u16::MAX))
}
