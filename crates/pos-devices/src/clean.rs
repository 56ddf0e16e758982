//! Makes any text of a document safe to lay out: bounded, and free of characters that would move others about.
//!
//! Names, notes and references come from people, files and other registers. Control characters could drive a
//! printer, bidirectional controls could make an amount read backwards, and a megabyte of text could empty a roll.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Most characters of a name, label or reference on a receipt.
pub(crate) const MAX_LABEL_CHARS: usize = 200;
/// Most characters of a header, footer or note on a receipt.
pub(crate) const MAX_PARAGRAPH_CHARS: usize = 1_000;
/// Most marks on one letter: two are written by people, towers of them run over the lines above.
const MAX_MARKS: usize = 2;
/// Stands where text was cut.
const ELLIPSIS: char = '…';

/// A text of one line, bounded to [`MAX_LABEL_CHARS`]; line breaks become spaces.
pub(crate) fn label(text: &str) -> String {
    squeeze(&bounded(text, MAX_LABEL_CHARS).replace('\n', " "))
}

/// The lines of a text, bounded to [`MAX_PARAGRAPH_CHARS`] in all, without empty lines at the ends.
pub(crate) fn paragraph(text: &str) -> Vec<String> {
    let text = bounded(text, MAX_PARAGRAPH_CHARS);
    text.trim().split('\n').map(squeeze).skip_while(String::is_empty).collect()
}

/// One space where there were several. No-break spaces are part of amounts and stay.
fn squeeze(line: &str) -> String {
    line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn bounded(text: &str, max_chars: usize) -> String {
    let printable = text.chars().filter_map(|c| match c {
        '\n' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        c if c.is_control() || is_invisible(c) => None,
        c => Some(c),
    });
    let mut kept = String::new();
    let mut count = 0;
    let mut marks = 0;
    for c in printable.nfc() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            continue;
        }
        if count == max_chars {
            kept.push(ELLIPSIS);
            break;
        }
        kept.push(c);
        count += 1;
    }
    kept
}

/// Format characters (Unicode category Cf), variation selectors, private use and noncharacters: they have no shape
/// of their own, and some turn the direction of the text around them.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}'..='\u{FFFF}'
        | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_leave_and_letters_stay() {
        assert_eq!(
            label("Riz\u{202E}00001\u{202C} 5\u{200B}kg\u{FEFF}"),
            "Riz00001 5kg",
            "nothing turns around"
        );
        assert_eq!(label("\u{1b}@\u{1d}V\0Caf\u{e9}\u{7f}"), "@VCaf\u{e9}", "no printer command survives");
        assert_eq!(label("a\r\nb\tc   d "), "a b c d");
        assert_eq!(label("cafe\u{301}"), "café", "one letter, one column");
        assert_eq!(label(&format!("z{}", "\u{350}".repeat(50))).chars().count(), 1 + MAX_MARKS);
        assert_eq!(label("12\u{202F}500\u{A0}FG"), "12\u{202F}500\u{A0}FG");
    }

    #[test]
    fn endless_text_is_cut_with_a_sign() {
        let long = label(&"long ".repeat(13_000));
        assert_eq!(long.chars().count(), MAX_LABEL_CHARS + 1, "the sign stands for the rest");
        assert!(long.ends_with('…'));
        assert!(paragraph(&"x\n".repeat(65_536)).len() <= MAX_PARAGRAPH_CHARS);
        assert_eq!(paragraph("\n\n Merci\n\nA bientôt \n\n"), ["Merci", "", "A bientôt"]);
        assert!(paragraph(" \n \u{200B}").is_empty());
    }
}
