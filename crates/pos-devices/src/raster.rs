//! A row of a receipt, or a picture, drawn as dots, for what no code page of a printer has.
//!
//! Owns: black and white. Rows are drawn into the cells of the printer's own font, so that drawn and printed rows keep
//! the same columns. Must not know: receipts, fonts beyond their outlines.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{GlyphId, MetadataProvider};
use tiny_skia::{FillRule, Mask, Path, PathBuilder, Transform};

use crate::font;
use crate::layout::{Cell, PaperWidth};
use crate::shape::{Run, shape};

/// Cell of Epson's font A, in dots.
const CELL: (u16, u16) = (12, 24);
/// From the top of a cell to the baseline, in dots: the font's ascent of 0.93 em.
const BASELINE: f32 = 18.5;
/// Dots that one byte holds.
const DOTS_PER_BYTE: usize = 8;
/// A dot is burnt where at least half of it is covered.
const HALF: u8 = 128;

/// How a row is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) bold: bool,
    /// Twice as high as wide.
    pub(crate) tall: bool,
}

/// Black dots, eight to a byte, the leftmost in the highest bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bitmap {
    pub(crate) bytes_per_row: u16,
    pub(crate) rows: u16,
    pub(crate) bits: Vec<u8>,
}

impl Bitmap {
    /// Packs dots of so many to a row, 255 for black; `None` when it is too large for a printer.
    pub(crate) fn pack(dots: &[u8], width: usize) -> Option<Self> {
        let bytes_per_row = u16::try_from(width.div_ceil(DOTS_PER_BYTE)).ok()?;
        let rows = u16::try_from(dots.len().checked_div(width)?).ok()?;
        let bits = dots.chunks(width).flat_map(|row| row.chunks(DOTS_PER_BYTE).map(pack)).collect();
        Some(Self { bytes_per_row, rows, bits })
    }

    /// Pictures of one width, one below the other. `None` for none, or too many for a printer.
    pub(crate) fn stack(parts: &[Self]) -> Option<Self> {
        let bytes_per_row = parts.first()?.bytes_per_row;
        let rows = parts.iter().try_fold(0_u16, |rows, part| rows.checked_add(part.rows))?;
        let bits = parts.iter().flat_map(|part| part.bits.iter().copied()).collect();
        Some(Self { bytes_per_row, rows, bits })
    }
}

/// The row as a picture over the whole paper. `None` when it is too large.
pub(crate) fn draw(cells: &[Cell], width: PaperWidth, look: Look) -> Option<Bitmap> {
    let stretch: u16 = if look.tall { 2 } else { 1 };
    let rows = CELL.1 * stretch;
    let dots = width.dots();
    let mut mask = Mask::new(u32::try_from(dots).ok()?, u32::from(rows))?;
    let mut pen = Pen { path: PathBuilder::new(), left: 0.0, baseline: BASELINE };
    for cell in cells {
        let left = columns(cell.column);
        shape(&cell.text, look.bold).iter().for_each(|run| draw_run(run, left, &mut pen));
    }
    if let Some(outline) = pen.path.finish() {
        fill(&mut mask, &outline, stretch);
    }
    Bitmap::pack(mask.data(), dots)
}

fn fill(mask: &mut Mask, outline: &Path, stretch: u16) {
    let transform = Transform::from_scale(1.0, f32::from(stretch));
    mask.fill_path(outline, FillRule::Winding, true, transform);
}

/// All glyphs of a run, the first at the left edge of its cell.
fn draw_run(run: &Run, left: f32, pen: &mut Pen) {
    let Some(font) = run.face.font() else { return };
    let em = f32::from(CELL.0) / font::ADVANCE * run.scale;
    let outlines = font.outline_glyphs();
    let mut x = left + columns(run.column);
    for glyph in &run.glyphs {
        pen.left = x + glyph.right * em;
        pen.baseline = BASELINE - glyph.up * em;
        if let Some(outline) = outlines.get(GlyphId::new(glyph.id)) {
            // A glyph that cannot be drawn leaves its cell empty; the fonts are ours, and all of theirs can.
            drop(outline.draw(DrawSettings::unhinted(Size::new(em), LocationRef::default()), pen));
        }
        x += glyph.advance * em;
    }
}

/// Dots of so many columns.
fn columns(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX)) * f32::from(CELL.0)
}

/// Eight dots as a byte.
fn pack(dots: &[u8]) -> u8 {
    (0..DOTS_PER_BYTE).fold(0, |byte, i| byte << 1 | u8::from(dots.get(i).is_some_and(|dot| *dot >= HALF)))
}

/// Puts outlines, whose y grows upwards from the baseline, into a picture, whose y grows downwards.
struct Pen {
    path: PathBuilder,
    left: f32,
    baseline: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.left + x, self.baseline - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.left + x, self.baseline - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.left + cx, self.baseline - cy, self.left + x, self.baseline - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (left, base) = (self.left, self.baseline);
        self.path.cubic_to(left + cx0, base - cy0, left + cx1, base - cy1, left + x, base - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
