//! Search by name, code, barcode and category, fast enough to answer between two key strokes.

use std::collections::HashSet;

use pos_domain::Product;
use rusqlite::named_params;

use super::table::{PRODUCT, read};
use super::{Archived, find_by_code, list};
use crate::StoreError;
use crate::sql::{Conn, all};
use crate::text::{fold, match_all, match_inside, parts};

/// Matches that are looked at to find the best ones. Ranking all matches of a single letter among 100,000 products
/// takes longer than a person's key stroke; the first ones in the order of the catalogue are as good as any then.
const CANDIDATES: u32 = 400;
/// Words that hold a part: more of them say that the part says little.
const CANDIDATE_WORDS: u32 = 100;

/// Products for what a person typed so far, best first: the exact code or barcode, then names that begin with the
/// text, then names, codes and barcodes that have a word beginning with each typed word, then products of a category
/// of that name, then names that have each typed word inside of one of theirs, and where there is none of all these, codes
/// that have the text inside. Archived ones are left out. An empty text gives the beginning of the catalogue.
///
/// # Errors
/// Those of reading.
pub fn search(conn: &Conn, text: &str, limit: u32) -> Result<Vec<Product>, StoreError> {
    let Some(words) = match_all(text) else {
        return list(conn, None, Archived::Hidden, None, limit);
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found: Vec<Product> = find_by_code(conn, text)?.into_iter().filter(|p| !p.archived).collect();
    let typed = fold(text.trim());
    found.extend(matching(conn, &words, &typed, limit)?);
    let mut seen = HashSet::new();
    found.retain(|product| seen.insert(product.product_id));
    if found.len() < most {
        let of_category = in_categories(conn, &typed, limit)?;
        found.extend(of_category.into_iter().filter(|product| seen.insert(product.product_id)));
    }
    if found.len() < most
        && let Some(inside) = inside_words(conn, text)?
    {
        let matches = matching(conn, &inside, &typed, limit)?;
        found.extend(matches.into_iter().filter(|product| seen.insert(product.product_id)));
    }
    if found.is_empty() {
        found = inside_codes(conn, text.trim(), limit)?;
    }
    found.truncate(most);
    Ok(found)
}

/// Products that an FTS5 expression finds, those first whose name begins with what was typed.
fn matching(conn: &Conn, words: &str, typed: &str, limit: u32) -> Result<Vec<Product>, StoreError> {
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        PRODUCT!(),
        " FROM (SELECT rowid FROM product_fts WHERE product_fts MATCH :words LIMIT :candidates) AS f
          JOIN product AS p ON p.product_no = f.rowid WHERE p.deleted = 0 AND p.archived = 0"
    ))?;
    let rows = statement.query(named_params! { ":words": words, ":candidates": CANDIDATES.max(limit) })?;
    let mut matches: Vec<Product> = all(rows, "product", read)?;
    matches.sort_by_cached_key(|product| {
        let name = fold(&product.name);
        (!name.starts_with(typed), name)
    });
    Ok(matches)
}

/// The expression that finds each typed word inside of words of names too; `None` where that finds no more than their
/// beginnings do. The words of all names are walked: there are far fewer of them than products.
fn inside_words(conn: &Conn, text: &str) -> Result<Option<String>, StoreError> {
    let Some(parts) = parts(text) else { return Ok(None) };
    let mut statement =
        conn.prepare_cached("SELECT word FROM product_word WHERE instr(word, :part) > 1 LIMIT :candidates")?;
    let (mut expressions, mut found) = (Vec::with_capacity(parts.len()), false);
    for part in parts {
        let rows = statement.query(named_params! { ":part": part, ":candidates": CANDIDATE_WORDS })?;
        let words: Vec<String> = all(rows, "product_word", |c| c.get("word"))?;
        found |= !words.is_empty();
        expressions.push(match_inside(&part, &words));
    }
    Ok(found.then(|| expressions.join(" AND ")))
}

/// Products whose code has a text with a digit inside, as when somebody types the end of a number. All codes are walked,
/// so it is the last thing that is tried.
fn inside_codes(conn: &Conn, text: &str, limit: u32) -> Result<Vec<Product>, StoreError> {
    if parts(text).is_none() || !text.contains(|c: char| c.is_ascii_digit()) {
        return Ok(Vec::new());
    }
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        PRODUCT!(),
        " FROM product AS p INDEXED BY product_by_code
          WHERE p.deleted = 0 AND p.code LIKE :pattern ESCAPE '\\' AND p.archived = 0 LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! { ":pattern": format!("%{escaped}%"), ":limit": limit })?;
    all(rows, "product", read)
}

/// Products of the categories with a word that begins with `typed`. Categories are few: they are walked.
fn in_categories(conn: &Conn, typed: &str, limit: u32) -> Result<Vec<Product>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT category_id, name_folded FROM category WHERE deleted = 0 ORDER BY position, name_folded",
    )?;
    let categories = all(statement.query([])?, "category", |c| {
        Ok((c.id("category_id")?, c.get::<String>("name_folded")?))
    })?;
    let mut found = Vec::new();
    for (category, name) in categories {
        if name.starts_with(typed) || name.split_whitespace().any(|word| word.starts_with(typed)) {
            found.extend(list(conn, Some(category), Archived::Hidden, None, limit)?);
        }
    }
    Ok(found)
}
