//! A text as glyphs in the columns of a paper: fonts chosen, letters joined, right-to-left words turned.
//!
//! The monospaced font has one glyph for each column. Whatever it lacks is shaped by another font and made to fit the
//! columns that its letters were measured by, so that an amount to the right of an Arabic name stands where it stands on
//! every other row. A line reads from left to right, as receipts in French and English do; words of other directions are
//! turned inside it, and a text that is set apart, such as an amount, is never turned with its neighbour.

use std::ops::Range;

use harfrust::{Direction, FontRef, ShapeOptions, ShaperData, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};
use unicode_script::{Script, UnicodeScript};
use unicode_width::UnicodeWidthChar;

use crate::font::{ADVANCE, Face};

/// Letters of one font and direction, as they stand on the paper.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) face: Face,
    /// Columns to the left of it.
    pub(crate) column: usize,
    /// How much smaller than usual it is set to fit its columns; 1 for most.
    pub(crate) scale: f32,
    /// From left to right.
    pub(crate) glyphs: Vec<Glyph>,
}

/// One glyph. Lengths are in em of the usual size, before [`Run::scale`].
#[derive(Debug, Clone)]
pub(crate) struct Glyph {
    pub(crate) id: u32,
    pub(crate) advance: f32,
    pub(crate) right: f32,
    pub(crate) up: f32,
    /// The letters of the text that it shows.
    pub(crate) letters: Range<usize>,
}

/// A text, set apart from any other, as it stands on the paper.
pub(crate) fn shape(text: &str, bold: bool) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut column = 0;
    for (range, level) in in_reading_order(text) {
        let mut pieces = pieces_of(text, range, bold);
        if level.is_rtl() {
            pieces.reverse();
        }
        for (face, piece) in pieces {
            let columns = columns_of(text.get(piece.clone()).unwrap_or_default());
            if let Some(mut run) = shape_piece(text, piece, face, level) {
                run.column = column;
                run.scale = scale_to(&run.glyphs, columns);
                runs.push(run);
            }
            column += columns;
        }
    }
    runs
}

/// The parts of a text of one direction each, from left to right on the paper.
fn in_reading_order(text: &str) -> Vec<(Range<usize>, Level)> {
    // Most texts hold nothing that could be turned, and are one part.
    if text.chars().all(|c| u32::from(c) < 0x590) {
        return vec![(0..text.len(), Level::ltr())];
    }
    let info = BidiInfo::new(text, Some(Level::ltr()));
    let mut parts = Vec::new();
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        let level = |range: &Range<usize>| levels.get(range.start).copied().unwrap_or(Level::ltr());
        parts.extend(runs.into_iter().map(|range| (range.clone(), level(&range))));
    }
    parts
}

/// The pieces of one font and script each, in the order of the text.
fn pieces_of(text: &str, range: Range<usize>, bold: bool) -> Vec<(Face, Range<usize>)> {
    let mut pieces: Vec<(Face, Range<usize>)> = Vec::new();
    let mut script = Script::Common;
    let start = range.start;
    for (at, c) in text.get(range).unwrap_or_default().char_indices() {
        let (from, until) = (start + at, start + at + c.len_utf8());
        let own = c.script();
        let shared = matches!(own, Script::Common | Script::Inherited);
        match pieces.last_mut() {
            // A mark stays with its letter, whatever font has it.
            Some((_, piece)) if own == Script::Inherited => piece.end = until,
            Some((face, piece))
                if *face == Face::of(c, bold) && (shared || own == script || script == Script::Common) =>
            {
                piece.end = until;
            }
            Some(_) | None => {
                pieces.push((Face::of(c, bold), from..until));
                script = Script::Common;
            }
        }
        if !shared {
            script = own;
        }
    }
    pieces
}

/// Columns that the layout gave to a text.
fn columns_of(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

fn shape_piece(text: &str, piece: Range<usize>, face: Face, level: Level) -> Option<Run> {
    let font = FontRef::new(face.bytes()).ok()?;
    let data = ShaperData::new(&font);
    let shaper = data.shaper(&font).build();
    let per_em = units(shaper.units_per_em());
    let mut buffer = UnicodeBuffer::new();
    for (at, c) in text.get(piece.clone())?.char_indices() {
        buffer.add(c, u32::try_from(piece.start + at).ok()?);
    }
    buffer.set_direction(if level.is_rtl() { Direction::RightToLeft } else { Direction::LeftToRight });
    buffer.guess_segment_properties();
    let shaped = shaper.shape(buffer, ShapeOptions::new());
    let clusters: Vec<usize> =
        shaped.glyph_infos().iter().filter_map(|info| usize::try_from(info.cluster).ok()).collect();
    let end_of = |start: usize| clusters.iter().copied().filter(|c| *c > start).min().unwrap_or(piece.end);
    let glyphs = shaped
        .glyph_infos()
        .iter()
        .zip(shaped.glyph_positions())
        .zip(&clusters)
        .map(|((info, position), start)| Glyph {
            id: info.glyph_id,
            advance: units(position.x_advance) / per_em,
            right: units(position.x_offset) / per_em,
            up: units(position.y_offset) / per_em,
            letters: *start..end_of(*start),
        })
        .collect();
    Some(Run { face, column: 0, scale: 1.0, glyphs })
}

/// How much smaller glyphs must be to fit their columns.
fn scale_to(glyphs: &[Glyph], columns: usize) -> f32 {
    let wide: f32 = glyphs.iter().map(|glyph| glyph.advance).sum();
    let room = f32::from(u16::try_from(columns).unwrap_or(u16::MAX)) * ADVANCE;
    // The monospaced glyphs fill their columns but for what is lost in reckoning.
    if wide > room * 1.001 && wide > 0.0 { room / wide } else { 1.0 }
}

/// Font units as a number to reckon with; no font has more than 16,384 to the em, and no line a thousand ems.
fn units(units: i32) -> f32 {
    let bounded = units.clamp(-8_388_607, 8_388_607);
    f32::from(i16::try_from(bounded >> 8).unwrap_or(0)) * 256.0
        + f32::from(u8::try_from(bounded & 0xFF).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters in the order in which they stand on the paper, and the column where each run begins.
    fn on_paper(text: &str) -> (String, Vec<usize>) {
        let runs = shape(text, false);
        let letters = runs.iter().flat_map(|run| &run.glyphs).map(|glyph| &text[glyph.letters.clone()]);
        (letters.collect(), runs.iter().map(|run| run.column).collect())
    }

    #[test]
    fn plain_text_has_one_glyph_in_each_column() {
        let runs = shape("Riz parfumé 5 kg", false);
        let [run] = &runs[..] else { panic!("one font, one run") };
        assert_eq!((run.face, run.scale, run.glyphs.len()), (Face::Mono, 1.0, 16));
        assert!(
            run.glyphs.iter().all(|glyph| (glyph.advance - ADVANCE).abs() < 0.001),
            "columns are straight"
        );
        assert_eq!(shape("Total", true)[0].face, Face::MonoBold);
    }

    #[test]
    fn arabic_is_turned_and_joined_and_figures_in_it_are_not() {
        let (letters, _) = on_paper("Thé شاي 25 g");
        let reversed: String = "شاي".chars().rev().collect();
        assert_eq!(
            letters,
            format!("Thé 25 {reversed} g"),
            "a figure behind Arabic words is read with them (UAX 9)"
        );
        let alone: Vec<u32> = "شاي".chars().map(|c| shape(&c.to_string(), false)[0].glyphs[0].id).collect();
        let mut joined: Vec<u32> = shape("شاي", false)[0].glyphs.iter().map(|glyph| glyph.id).collect();
        joined.reverse();
        assert_ne!(joined, alone, "a letter looks otherwise where it joins another");
    }

    #[test]
    fn every_script_of_the_shop_has_a_font_and_stands_in_its_columns() {
        for (text, face) in [
            ("ߒߞߏ", Face::Sans),
            ("𞤀𞤣𞤤𞤢𞤥", Face::Adlam),
            ("🥖📱", Face::Emoji),
            ("שלום", Face::Sans),
            ("Ɓaldé ŋ ɛ̃", Face::Mono),
            ("Чай", Face::Mono),
        ] {
            let runs = shape(&format!("{text} 5"), false);
            assert!(runs.iter().any(|run| run.face == face), "{text} is set in {face:?}");
            let notdef = runs.iter().flat_map(|run| &run.glyphs).any(|glyph| glyph.id == 0);
            assert!(!notdef, "{text} holds no box");
            let five = runs.last().unwrap();
            let at = five.column + columns_of(&format!("{text} 5")) - columns_of(&format!("{text} 5")[..0]);
            assert!(at >= columns_of(text), "what follows stands behind it");
            for run in &runs {
                let wide: f32 = run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>() * run.scale;
                let until = runs.iter().map(|r| r.column).filter(|c| *c > run.column).min();
                let room = until.unwrap_or(columns_of(&format!("{text} 5"))) - run.column;
                assert!(
                    wide <= f32::from(u16::try_from(room).unwrap()) * ADVANCE + 0.001,
                    "{text} fits its columns"
                );
            }
        }
    }

    #[test]
    fn a_letter_of_no_font_is_a_box_and_never_nothing() {
        let runs = shape("茶", false);
        assert_eq!(
            runs[0].glyphs.iter().map(|glyph| glyph.id).collect::<Vec<_>>(),
            [0],
            "the box of the font"
        );
        assert!(runs[0].glyphs[0].advance > 0.0);
        assert!(shape("", false).is_empty() || shape("", false)[0].glyphs.is_empty());
    }

    #[test]
    fn every_font_inside_is_readable() {
        for face in Face::ALL {
            assert!(face.font().is_some() && FontRef::new(face.bytes()).is_ok(), "{face:?}");
        }
    }
}
