//! Finding a product: by the scanner, and by what a person typed so far.

use anyhow::{Result, ensure};
use serde_json::json;

use super::Sizes;
use super::catalogue::{Catalogue, barcode, code};
use super::memory::{Memory, Watch};
use super::report::{Report, Times, announce};
use super::till::Till;

/// Products that the selling screen shows at once.
const TILES: u32 = 120;

/// What people type.
const TYPED: [(&str, &str); 11] = [
    ("one letter", "s"),
    ("two letters", "ca"),
    ("a word with an accent", "café"),
    ("the same without it", "cafe"),
    ("two words", "savon kankan"),
    ("three beginnings of words", "riz niger 5"),
    ("a ligature", "oeufs"),
    ("a category", "boissons"),
    ("part of a word", "avo"),
    ("the end of a code", "99999"),
    ("what no product has", "zzyzx"),
];

/// Looks up scanned codes, then typed texts.
pub(super) async fn measure(
    till: &Till,
    sizes: Sizes,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<()> {
    announce("looking products up");
    let register = Watch::own();
    let mut scanned = Times::new()?;
    for turn in 0..sizes.lookups {
        let product = catalogue.product(turn);
        let (view, took) = till.timed("product.find", json!({ "code": barcode(product) })).await?;
        ensure!(view.pointer("/product/code") == Some(&json!(code(product))), "another product: {view}");
        scanned.record(took)?;
    }
    let mut texts = Vec::new();
    for (what, text) in TYPED {
        texts.push(search(till, what, text, sizes).await?);
    }
    let beginning: String = code(catalogue.product(0)).chars().take(6).collect();
    texts.push(search(till, "the beginning of a code", &beginning, sizes).await?);
    let register = register.end();
    row(report, "barcode to product".to_owned(), scanned, &register);
    for (what, times) in texts {
        row(report, what, times, &register);
    }
    Ok(())
}

async fn search(till: &Till, what: &str, text: &str, sizes: Sizes) -> Result<(String, Times)> {
    let request = json!({ "search": text, "category_id": null, "after": null, "limit": TILES });
    let mut times = Times::new()?;
    let mut found = 0;
    for _ in 0..sizes.lookups / 10 {
        let (page, took) = till.timed("product.list", request.clone()).await?;
        times.record(took)?;
        found = page["items"].as_array().map_or(0, Vec::len);
    }
    Ok((format!("search, {what}: \"{text}\" shows {found}"), times))
}

fn row(report: &mut Report, what: String, times: Times, register: &Memory) {
    report.row(what).times(times).register(register);
}
