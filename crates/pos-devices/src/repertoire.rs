//! Stand-ins for characters that a printer does not have.
//!
//! Nothing is dropped silently: a character becomes itself, a spelling without it, or its base letter; what has neither
//! stays as it is, to be drawn. A mark on a letter goes with the letter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::format::NO_BREAK_SPACE;

/// `text` in characters that the device `has`. Printable ASCII is taken to be there.
pub(crate) fn fold(text: &str, has: impl Fn(char) -> bool) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' '..='~') || has(c) {
            folded.push(c);
        } else if c.is_whitespace() {
            folded.push(NO_BREAK_SPACE);
        } else if let Some(spelling) = spelling(c) {
            folded.push_str(spelling);
        } else if let Some(letters) = base_letters(c) {
            folded.push_str(&letters);
        } else if !is_combining_mark(c) {
            folded.push(c);
        }
    }
    folded
}

/// Whether the character is a mere sign, such as a curly quote, that reads the same in its plain spelling. Letters are
/// not: a name in other letters is another name.
pub(crate) fn is_sign_with_spelling(c: char) -> bool {
    c.is_whitespace() || !c.is_alphanumeric() && spelling(c).is_some()
}

/// The character without its marks, when that is ASCII.
fn base_letters(c: char) -> Option<String> {
    let letters: String = std::iter::once(c).nfkd().filter(|part| !is_combining_mark(*part)).collect();
    (!letters.is_empty() && letters.is_ascii()).then_some(letters)
}

/// How people write it on a machine that lacks the character. The African letters are those of Pular, Maninka and
/// Susu names.
const fn spelling(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2BC}' | '\u{B4}' => "'",
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '…' => "...",
        '•' | '·' => "*",
        '×' => "x",
        '°' => "o",
        'œ' => "oe",
        'Œ' => "OE",
        'æ' => "ae",
        'Æ' => "AE",
        'ß' => "ss",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ɗ' => "d",
        'Đ' | 'Ɗ' => "D",
        'ɓ' => "b",
        'Ɓ' => "B",
        'ɛ' => "e",
        'Ɛ' => "E",
        'ɔ' => "o",
        'Ɔ' => "O",
        'ŋ' | 'ɲ' => "n",
        'Ŋ' | 'Ɲ' => "N",
        'ƴ' => "y",
        'Ƴ' => "Y",
        'ɠ' => "g",
        '€' => "EUR",
        '£' => "GBP",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stand_in_reads_like_the_original() {
        let ascii = |text: &str| fold(text, |_| false);
        assert_eq!(ascii("Œufs d’autruche « extra » – 3 €"), "OEufs d'autruche \" extra \" - 3 EUR");
        assert_eq!(ascii("Ɓaldé Ŋaari, Ƴero"), "Balde Naari, Yero");
        assert_eq!(ascii("Pâté à l'été, ÇA VA"), "Pate a l'ete, CA VA");
        assert_eq!(ascii("12\u{202F}500\u{A0}FG"), "12\u{A0}500\u{A0}FG");
        assert_eq!(ascii("e\u{300}\u{301}"), "e", "marks go with their letter");
        assert_eq!(ascii("米 🥖"), "米 🥖", "what has no spelling stays, to be drawn");
        assert_eq!(
            ascii("Ǆ ễ ﬁ"),
            "DŽ e fi".replace('Ž', "Z"),
            "compatibility letters keep all their letters"
        );
    }

    #[test]
    fn what_the_device_has_stays_itself() {
        assert_eq!(fold("œ’é", |c| c == 'é'), "oe'é");
        assert_eq!(fold("œ’é", |_| true), "œ’é");
    }
}
