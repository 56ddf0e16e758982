//! The few places where the portable SQL of this house is not yet PostgreSQL's.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A statement as PostgreSQL wants it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) text: String,
    /// The name of each numbered parameter, in order.
    pub(super) names: Vec<String>,
}

/// Gives named parameters their numbers, and puts the business into the keys that `ON CONFLICT` names: every key of
/// the PostgreSQL schema begins with it.
pub(super) fn number(sql: &str) -> Numbered {
    let mut text = String::with_capacity(sql.len());
    let mut names: Vec<String> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut rest = sql;
    while let Some(at) = rest.find([':', '\'', '-']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let length = if from.starts_with('\'') {
            // A text in quotes; a doubled quote only looks like its end and its beginning.
            from.get(1..).and_then(|inner| inner.find('\'')).map_or(from.len(), |end| end + 2)
        } else if from.starts_with("--") {
            from.find('\n').unwrap_or(from.len())
        } else {
            let name = from.get(1..).unwrap_or_default();
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            if from.starts_with('-') || end == 0 { 1 } else { end + 1 }
        };
        let (token, after) = from.split_at(length.min(from.len()));
        rest = after;
        if token.starts_with(':') && token.len() > 1 {
            let number = match known.entry(token) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    names.push(token.to_owned());
                    *entry.insert(names.len())
                }
            };
            text.push('$');
            text.push_str(&number.to_string());
        } else {
            text.push_str(token);
        }
    }
    text.push_str(rest);
    Numbered { text: text.replace("ON CONFLICT (", "ON CONFLICT (tenant_key, "), names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_texts_and_comments_stay_as_they_are() {
        let numbered = number(
            "-- what :is said\nUPDATE t SET a = :a, b = 'no :name', c = 'it''s :c' WHERE a < :a AND d = :d_2 - 1",
        );
        assert_eq!(
            numbered.text,
            "-- what :is said\nUPDATE t SET a = $1, b = 'no :name', c = 'it''s :c' WHERE a < $1 AND d = $2 - 1"
        );
        assert_eq!(numbered.names, [":a", ":d_2"]);
    }

    #[test]
    fn the_business_stands_first_in_every_key() {
        let numbered = number("INSERT INTO t (k) VALUES (:k) ON CONFLICT (k) DO NOTHING");
        assert_eq!(numbered.text, "INSERT INTO t (k) VALUES ($1) ON CONFLICT (tenant_key, k) DO NOTHING");
        assert_eq!(number("INSERT INTO t DEFAULT VALUES ON CONFLICT DO NOTHING").names, [""; 0]);
    }
}
