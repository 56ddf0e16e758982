//! A row of text drawn as dots, for letters that no code page of a printer has.
//!
//! Owns: which characters can be drawn, and the picture. DejaVu Sans Mono is drawn into the cells of the printer's own
//! font, so that drawn and printed rows keep the same columns. Must not know: receipts. Scripts that are written from
//! right to left, or whose letters join, need more than placing glyphs side by side: they are not drawn.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};
use tiny_skia::{FillRule, Mask, Path, PathBuilder, Transform};
use unicode_width::UnicodeWidthChar;

use crate::font;
use crate::layout::PaperWidth;

/// Cell of Epson's font A, in dots.
const CELL: (u16, u16) = (12, 24);
/// From the top of a cell to the baseline, in dots: the font's ascent of 0.93 em.
const BASELINE: f32 = 18.5;
/// Dots that one byte holds.
const DOTS_PER_BYTE: usize = 8;
/// A dot is burnt where at least half of it is covered.
const HALF: u8 = 128;

/// Whether the character can be drawn as it is.
pub(crate) fn can_draw(c: char) -> bool {
    let side_by_side = matches!(c,
        '\u{A1}'..='\u{58F}'         // Latin, phonetic, Greek, Cyrillic, Armenian
        | '\u{10A0}'..='\u{10FF}'    // Georgian
        | '\u{1E00}'..='\u{1FFF}'    // Latin and Greek with more marks, as in Vietnamese
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' | '\u{2070}'..='\u{2BFF}'
        | '\u{2C60}'..='\u{2C7F}' | '\u{A720}'..='\u{A7FF}');
    let has = |bytes| FontRef::new(bytes).is_ok_and(|font| font.charmap().map(c).is_some());
    side_by_side && c.width() == Some(1) && has(font::REGULAR) && has(font::BOLD)
}

/// How a row is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) bold: bool,
    /// Twice as high as wide.
    pub(crate) tall: bool,
}

/// Black dots, eight to a byte, the leftmost in the highest bit.
pub(crate) struct Picture {
    pub(crate) bytes_per_row: u16,
    pub(crate) rows: u16,
    pub(crate) bits: Vec<u8>,
}

/// The row as a picture over the whole paper. `None` when the fonts inside this program cannot be read.
pub(crate) fn draw(text: &str, width: PaperWidth, look: Look) -> Option<Picture> {
    let stretch: u16 = if look.tall { 2 } else { 1 };
    let rows = CELL.1 * stretch;
    let dots = width.dots();
    let mut mask = Mask::new(u32::try_from(dots).ok()?, u32::from(rows))?;
    let font = FontRef::new(if look.bold { font::BOLD } else { font::REGULAR }).ok()?;
    if let Some(outline) = outline(&font, text) {
        let transform = Transform::from_scale(1.0, f32::from(stretch));
        mask.fill_path(&outline, FillRule::Winding, true, transform);
    }
    let bytes_per_row = u16::try_from(dots.div_ceil(DOTS_PER_BYTE)).ok()?;
    let bits = mask.data().chunks(dots).flat_map(|row| row.chunks(DOTS_PER_BYTE).map(pack)).collect();
    Some(Picture { bytes_per_row, rows, bits })
}

/// Eight dots as a byte.
fn pack(dots: &[u8]) -> u8 {
    (0..DOTS_PER_BYTE).fold(0, |byte, i| byte << 1 | u8::from(dots.get(i).is_some_and(|dot| *dot >= HALF)))
}

/// All letters of the row, each at the left edge of its cell. `None` when nothing of it is visible.
fn outline(font: &FontRef<'_>, text: &str) -> Option<Path> {
    let size = Size::new(f32::from(CELL.0) / font::ADVANCE);
    let (charmap, glyphs) = (font.charmap(), font.outline_glyphs());
    let mut pen = Pen { path: PathBuilder::new(), left: 0.0 };
    for c in text.chars() {
        let glyph = charmap.map(c).and_then(|id| glyphs.get(id));
        if let Some(glyph) = glyph.filter(|_| !c.is_whitespace()) {
            // A glyph that cannot be drawn leaves its cell empty; the fonts are ours, and all of theirs can.
            drop(glyph.draw(DrawSettings::unhinted(size, LocationRef::default()), &mut pen));
        }
        pen.left += f32::from(CELL.0) * c.width().map_or(0.0, |columns| if columns == 0 { 0.0 } else { 1.0 });
    }
    pen.path.finish()
}

/// Puts outlines, whose y grows upwards from the baseline, into a picture, whose y grows downwards.
struct Pen {
    path: PathBuilder,
    left: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.left + x, BASELINE - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.left + x, BASELINE - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.left + cx, BASELINE - cy, self.left + x, BASELINE - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let left = self.left;
        self.path.cubic_to(left + cx0, BASELINE - cy0, left + cx1, BASELINE - cy1, left + x, BASELINE - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
