//! What stands on a receipt.

use pos_devices::format::{self, Locale};
use pos_devices::receipt::{Block, Copy, Receipt, evidence_code};
use pos_devices::{PaperWidth, text};
use pos_domain::cart::Discount;
use pos_domain::money::MAX_MINOR;
use pos_domain::{Currency, Hash32, Money, Rate, TenderKind};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::documents::{build, cart, head, line, money, receipt, samples, tender};

#[test]
fn receipts_read_as_they_always_did() {
    for sample in samples() {
        for (width, columns) in [(PaperWidth::Mm58, 32), (PaperWidth::Mm80, 48)] {
            let text = text::render(&sample.receipt(), width);
            for row in text.lines() {
                assert!(row.width() <= columns, "{} on {columns} columns: {row:?}", sample.name);
            }
            insta::assert_snapshot!(format!("{}_{columns}", sample.name), text);
        }
    }
}

#[test]
fn the_blocks_of_a_receipt_are_a_stable_document() {
    insta::assert_json_snapshot!("gnf_cash_blocks", samples()[0].receipt());
}

#[test]
fn a_reprint_says_so_in_its_language_and_differs_in_nothing_else() {
    for sample in samples() {
        let original = receipt(&sample.document, sample.tag, Copy::Original);
        let mut duplicate = receipt(&sample.document, sample.tag, Copy::Duplicate);
        let word = if sample.tag.starts_with("fr") { "*** DUPLICATA ***" } else { "*** DUPLICATE ***" };
        let marks = duplicate.blocks.len();
        duplicate.blocks.retain(|b| !matches!(b, Block::Mark { text } if text == word));
        assert_eq!(duplicate.blocks.len(), marks - 1, "{} carries the mark once", sample.name);
        assert_eq!(duplicate, original, "{}", sample.name);
    }
}

#[test]
fn hostile_text_neither_breaks_the_paper_nor_floods_it() {
    let hostile = "\u{202E}\u{1b}@\u{1d}V\0 evil \u{200B}\u{1F4A9}\u{300}\u{301}\u{302}\u{303}".repeat(2_800);
    let mut goods = line(1, &hostile, "1", &hostile, 100, "18");
    goods.code = hostile.clone();
    let mut basket = cart(vec![goods]);
    basket.note = Some(hostile.clone());
    let mut head = head("EUR");
    head.business = hostile.clone();
    head.cashier = hostile.clone();
    head.external_number = Some(hostile.clone());
    head.document_date = Some(hostile.clone());
    let mut document = build(head, &basket, vec![tender(TenderKind::Cash, 100, None)]);
    document.tenders[0].reference = Some(hostile);
    let text = text::render(&receipt(&document, "fr-FR", Copy::Original), PaperWidth::Mm58);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "no control character gets through");
    assert!(!text.contains(['\u{202E}', '\u{200B}', '\u{303}']), "nothing turns or stacks the text");
    assert!(text.lines().count() < 250, "a name of 64 KB does not empty the roll: {}", text.lines().count());
    assert!(text.contains("1,00\u{A0}€"), "the amounts stand");
}

#[test]
fn the_evidence_is_the_beginning_of_the_chain_hash() {
    let hash = Hash32::of(b"link");
    let code = evidence_code(&hash);
    assert_eq!(code.replace('-', "").to_lowercase(), hash.to_string()[..12]);
    assert_eq!(code.len(), 14, "three groups of four");
}

#[test]
fn the_largest_amount_of_every_kind_of_currency_fits_the_narrow_paper() {
    for code in ["GNF", "EUR", "TND", "XOF"] {
        for tag in ["fr-GN", "fr-FR", "en-GB", "en-US"] {
            let largest = Money::from_minor(-MAX_MINOR).unwrap();
            let text = format::money(largest, Currency::from_iso(code).unwrap(), Locale::parse(tag));
            assert!(text.width() <= PaperWidth::Mm58.columns(), "{text}");
        }
    }
}

/// Reads a French amount back to minor units, by nothing but its digits and sign.
fn minor(printed: &str) -> i64 {
    let digits: String = printed.chars().filter(char::is_ascii_digit).collect();
    let value: i64 = digits.parse().unwrap();
    if printed.starts_with('-') { -value } else { value }
}

/// Amounts between the last-but-one rule and the total, and the total itself.
fn printed_sums(receipt: &Receipt) -> (i64, i64) {
    let mut sum = 0;
    for block in &receipt.blocks {
        match block {
            Block::Item { amount, .. } => sum += minor(amount),
            Block::Amount { label, amount, .. } => match label.as_str() {
                "Sous-total" | "Total hors taxe" => {
                    assert_eq!(minor(amount), sum, "{label} is the sum so far")
                }
                "TOTAL" | "TOTAL REMBOURSÉ" => return (sum, minor(amount)),
                _ => sum += minor(amount),
            },
            Block::Heading { .. }
            | Block::Centred { .. }
            | Block::Mark { .. }
            | Block::Rule
            | Block::Field { .. }
            | Block::Paragraph { .. }
            | Block::Barcode { .. }
            | Block::Qr { .. }
            | Block::Logo { .. } => {}
        }
    }
    panic!("a receipt has a total");
}

proptest! {
    /// What a customer adds up on the paper, from the first line down, is the total at the bottom.
    #[test]
    fn what_is_printed_adds_up(
        goods in prop::collection::vec((1_i64..5_000, 0_i64..2_000_000, 0_u8..4, 0_i64..1_000_000), 1..12),
        cart_off in prop::option::of(0_i64..1_000_000),
        inclusive: bool,
        code in prop::sample::select(vec!["GNF", "EUR", "TND"]),
    ) {
        let rates = ["0", "5.5", "18", "20"];
        let lines = (1..).zip(&goods).map(|(i, (milli, price, rate, off))| {
            let qty = format!("{}.{:03}", milli / 1000, milli % 1000);
            let mut goods = line(i, "x", &qty, "kg", *price, rates[usize::from(*rate)]);
            goods.discount = (off % 3 == 0).then(|| Discount::Percent(Rate::from_ppm(*off).unwrap()));
            goods
        });
        let mut basket = cart(lines.collect());
        basket.discount = cart_off.map(|ppm| Discount::Percent(Rate::from_ppm(ppm).unwrap()));
        let mut head = head(code);
        head.rules.prices_include_tax = inclusive;
        // The exact total is not known yet: far too much cash always settles, the rest is change.
        let document = build(head, &basket, vec![tender(TenderKind::Cash, 1_000_000_000_000, None)]);
        let (sum, total) = printed_sums(&receipt(&document, "fr-FR", Copy::Original));
        prop_assert_eq!(sum, total);
        prop_assert_eq!(money(total), document.total);
    }
}
