//! How texts are folded for order and search.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters that keyboards hide and Unicode does not take apart.
const LIGATURES: [(char, &str); 5] = [('œ', "oe"), ('Œ', "OE"), ('æ', "ae"), ('Æ', "AE"), ('ß', "ss")];

/// The text with its ligatures written out: "Œufs" is typed "oeufs".
pub(crate) fn write_out(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for (ligature, letters) in LIGATURES {
        if text.contains(ligature) {
            text = Cow::Owned(text.replace(ligature, letters));
        }
    }
    text
}

/// Small letters without accents and ligatures: "Épicé" and "epice" are found by each other.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    write_out(text).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The words of a search as an FTS5 expression: each must occur, at least as the beginning of a word. `None` when
/// there is nothing to look for. Quoted, so that no character of the text has a meaning of its own. The index holds
/// texts as [`write_out`] gives them.
pub(crate) fn match_all(text: &str) -> Option<String> {
    let text = write_out(text);
    let words: Vec<String> = text
        .split_whitespace()
        .take(MAX_WORDS)
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\" *", word.replace('"', "\"\"")))
        .collect();
    if words.is_empty() { None } else { Some(words.join(" AND ")) }
}

/// The words of a folded text in which part of one may be looked for: longer than the shortest part that is.
pub(crate) fn long_words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split_whitespace().filter(|word| word.chars().count() > SHORTEST_PART)
}

/// The words that a person typed, folded, of which every one is long enough to be looked for inside of words; none where
/// one is not. Two letters are in half of all words.
pub(crate) fn parts(text: &str) -> Option<Vec<String>> {
    let words: Vec<String> = fold(text).split_whitespace().take(MAX_WORDS).map(str::to_owned).collect();
    let long = |word: &String| word.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST_PART;
    Some(words).filter(|words| !words.is_empty() && words.iter().all(long))
}

/// One typed word as an FTS5 expression: it begins a word, or is inside one of these.
pub(crate) fn match_inside(part: &str, words: &[String]) -> String {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    let inside = words.iter().map(|word| format!(" OR {}", quoted(word)));
    format!("({} *{})", quoted(part), inside.collect::<String>())
}

/// Fewest letters that are looked for inside of words.
const SHORTEST_PART: usize = 3;

/// Words of a search that are looked at; a person types fewer, a pasted text must not stall the till.
const MAX_WORDS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_capitals_and_ligatures_fold_away() {
        assert_eq!(fold("Épicé Ŝœur"), "epice soeur");
        assert_eq!(fold("COLA"), "cola");
    }

    #[test]
    fn no_character_of_a_search_has_a_meaning() {
        assert_eq!(match_all("a\" OR *").as_deref(), Some("\"a\"\"\" * AND \"OR\" *"));
        assert_eq!(match_all(" - ( ^ "), None, "punctuation alone finds nothing instead of failing");
    }
}
