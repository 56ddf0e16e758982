//! What a printer makes of our bytes.

use pos_devices::escpos::{DrawerPin, PrinterModel, Symbol, drawer_pulse, encode, symbol};
use pos_devices::receipt::Copy;
use pos_devices::{PaperWidth, text};
use pos_domain::{Gtin, TenderKind};

use crate::decoder::print;
use crate::documents::{build, cart, head, line, receipt, samples, tender};

/// The text a printer with all pages should show: no-break spaces become spaces.
fn plain(text: &str) -> String {
    text.replace(['\u{202F}', '\u{A0}'], " ")
}

#[test]
fn bytes_are_as_they_always_were() {
    for sample in samples() {
        let bytes = encode(&sample.receipt(), PaperWidth::Mm80, PrinterModel::Epson);
        insta::assert_snapshot!(format!("{}_escpos", sample.name), readable(&bytes));
    }
}

/// Bytes with printable ASCII as itself, so that a changed command shows in a review.
fn readable(bytes: &[u8]) -> String {
    let escaped: String = bytes.iter().flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect();
    escaped.replace("\\n", "\\n\n")
}

#[test]
fn an_epson_prints_exactly_the_screens_rows() {
    for sample in samples().into_iter().filter(|s| !matches!(s.name, "gnf_long_names" | "gnf_mobile_money")) {
        for width in [PaperWidth::Mm58, PaperWidth::Mm80] {
            let paper = print(&encode(&sample.receipt(), width, PrinterModel::Epson));
            let screen = text::render(&sample.receipt(), width);
            let screen: String =
                screen.lines().filter(|l| !l.contains("[R1-000042]")).map(|l| plain(l) + "\n").collect();
            // Œ and ’ are in Windows 1252, every other letter of French in 858.
            assert_eq!(paper.text(), screen, "{}", sample.name);
            assert_eq!(paper.barcodes, [(73, b"{BR1-000042".to_vec())], "the number is scannable");
            assert_eq!(paper.cuts, 1, "one paper");
            assert!(paper.drawer_pulses.is_empty(), "a receipt alone opens no drawer");
        }
    }
}

#[test]
fn french_accents_and_amounts_reach_the_paper_from_several_pages() {
    let mut basket =
        cart(vec![line(1, "Bœuf haché « maître d’hôtel » À ÉÈÊ çùÿ 5 €", "1", "kg", 1_234_500, "0")]);
    basket.note = Some("Ça va ½ ±".into());
    let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 1_234_500, None)]);
    let receipt = receipt(&document, "fr-GN", Copy::Original);
    let paper = print(&encode(&receipt, PaperWidth::Mm80, PrinterModel::Epson)).text();
    for expected in ["Bœuf haché « maître d’hôtel » À ÉÈÊ çùÿ 5 €", "1 234 500", "Ça va ½ ±", "Espèces"]
    {
        assert!(paper.contains(expected), "{expected} is on the paper:\n{paper}");
    }
}

#[test]
fn a_row_with_letters_of_no_code_page_is_drawn_in_the_same_columns() {
    let name = "Чай Ж Ж";
    let document = build(
        head("GNF"),
        &cart(vec![line(1, name, "1", "pcs", 5_000, "0")]),
        vec![tender(TenderKind::Cash, 5_000, None)],
    );
    let receipt = receipt(&document, "fr-GN", Copy::Original);
    for (width, dots) in [(PaperWidth::Mm58, 384), (PaperWidth::Mm80, 576)] {
        let paper = print(&encode(&receipt, width, PrinterModel::Epson));
        let [(row, picture)] = &paper.pictures[..] else {
            panic!("one row is drawn: {:?}", paper.pictures.len())
        };
        assert!(paper.rows[*row].text.contains("5 000"), "the amount below it is printed as ever");
        assert_eq!((picture.0.len(), picture.0[0].len()), (24, dots), "one row of the printer's own height");
        for (column, c) in name.chars().enumerate() {
            assert_eq!(picture.is_blank(column), c == ' ', "column {column} holds {c:?}");
        }
        assert_eq!(picture.cell(4), picture.cell(6), "the same letter looks the same in each column");
        assert_ne!(picture.cell(0), picture.cell(4), "other letters look different");
        let last_row = &picture.0[23];
        assert!(last_row.iter().all(|dot| !dot), "no letter is cut off below");
    }
    let total = text::render(&receipt, PaperWidth::Mm80);
    assert!(total.contains(name), "the screen shows the same");
}

#[test]
fn letters_that_join_or_run_from_right_to_left_are_not_drawn_wrongly() {
    let mut basket = cart(vec![line(1, "شاي", "1", "pcs", 5_000, "0")]);
    basket.note = Some("米 🥖".into());
    let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 5_000, None)]);
    let paper =
        print(&encode(&receipt(&document, "fr-GN", Copy::Original), PaperWidth::Mm80, PrinterModel::Epson));
    assert!(paper.pictures.is_empty(), "a sign that something is missing is better than wrong letters");
    assert!(paper.text().contains("???"), "and it is there:\n{}", paper.text());
}

#[test]
fn a_poorer_printer_prints_stand_ins_in_straight_columns() {
    let sample = &samples()[1];
    for (model, cedilla, total) in [
        (PrinterModel::Only437, "Épicerie Diallo & Frères", "12,00 EUR"),
        (PrinterModel::OnlyAscii, "Epicerie Diallo & Freres", "12,00 EUR"),
    ] {
        let paper = print(&encode(&sample.receipt(), PaperWidth::Mm58, model));
        let text = paper.text();
        assert!(text.contains(cedilla), "{model:?}:\n{text}");
        assert!(text.contains("Savon d'Alep"), "the apostrophe has a stand-in:\n{text}");
        let total_row = paper.rows.iter().find(|r| r.text.starts_with("TOTAL")).unwrap();
        assert!(
            total_row.text.ends_with(total),
            "a sign of three letters does not push the amount off: {total_row:?}"
        );
        assert_eq!(total_row.text.chars().count(), 32, "folding comes before measuring");
        assert!(total_row.bold && total_row.tall, "the total stands out");
    }
}

#[test]
fn what_no_page_has_leaves_a_sign_and_no_hole() {
    let basket = cart(vec![line(1, "Thé 茶叶 🍵 Ɓaldé", "1", "kg", 100, "0")]);
    let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 100, None)]);
    let receipt = receipt(&document, "fr-GN", Copy::Original);
    let paper = print(&encode(&receipt, PaperWidth::Mm58, PrinterModel::Epson)).text();
    assert!(paper.contains("Thé ?? ? Baldé"), "{paper}");
}

#[test]
fn the_drawer_opens_by_a_pulse_on_its_pin() {
    assert_eq!(print(&drawer_pulse(DrawerPin::Two)).drawer_pulses, [0]);
    assert_eq!(print(&drawer_pulse(DrawerPin::Five)).drawer_pulses, [1]);
}

#[test]
fn codes_for_scanners_carry_their_data_or_are_refused() {
    let width = PaperWidth::Mm58;
    let gtin = Gtin::parse("4006381333931").unwrap();
    let paper = print(&symbol(Symbol::Ean13(&gtin), width).unwrap());
    assert_eq!(paper.barcodes, [(67, b"4006381333931".to_vec())]);
    let upc = Gtin::parse("036000291452").unwrap();
    let paper = print(&symbol(Symbol::Ean13(&upc), width).unwrap());
    assert_eq!(paper.barcodes, [(67, b"0036000291452".to_vec())], "UPC-A is an EAN-13 with a zero");
    assert!(symbol(Symbol::Ean13(&Gtin::parse("96385074").unwrap()), width).is_none(), "EAN-8 is no EAN-13");

    let url = format!("https://example.org/{}", "x".repeat(300));
    let paper = print(&symbol(Symbol::Qr(&url), width).unwrap());
    assert_eq!(paper.qr_codes, [url.into_bytes()], "lengths above 255 need both length bytes");
    assert!(symbol(Symbol::Qr(""), width).is_none());
    assert!(symbol(Symbol::Qr(&"x".repeat(5_000)), width).is_none(), "no roll holds it");

    let paper = print(&symbol(Symbol::Code128("A{B"), width).unwrap());
    assert_eq!(paper.barcodes, [(73, b"{BA{{B".to_vec())], "a brace would choose a code set");
    assert!(symbol(Symbol::Code128("é"), width).is_none());
    assert!(symbol(Symbol::Code128(&"1".repeat(20)), width).is_none(), "too wide for 58 mm");
    assert!(symbol(Symbol::Code128(&"1".repeat(20)), PaperWidth::Mm80).is_some());
}
