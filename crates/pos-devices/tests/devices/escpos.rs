//! What a printer makes of our bytes.

use pos_devices::escpos::{DrawerPin, PrinterModel, drawer_pulse, encode};
use pos_devices::format::Locale;
use pos_devices::receipt::{Codes, Copy};
use pos_devices::{Issue, Logo, PaperWidth, Receipt, Style, text};
use pos_domain::cart::Discount;
use pos_domain::{Hash32, TenderKind};

use crate::decoder::print;
use crate::documents::{build, cart, head, line, money, receipt, samples, tender};

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
fn words_from_right_to_left_are_drawn_and_amounts_beside_them_stay_at_their_edge() {
    for name in ["شاي أخضر", "ߒߞߏ ߞߊ߲", "𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪", "🥖 📱", "茶叶"]
    {
        let mut basket = cart(vec![line(1, name, "1", "pcs", 5_000, "0")]);
        basket.discount = Some(Discount::Amount(money(500)));
        let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 4_500, None)]);
        for width in [PaperWidth::Mm58, PaperWidth::Mm80] {
            let receipt = receipt(&document, "fr-GN", Copy::Original);
            let paper = print(&encode(&receipt, width, PrinterModel::Epson));
            let [(_, picture)] = &paper.pictures[..] else { panic!("the row of {name} is drawn") };
            assert!(
                !picture.is_blank(0) && picture.is_blank(name.chars().count() + 4),
                "{name} begins the row"
            );
            assert!(!paper.text().contains('?'), "nothing is a question mark");
            assert!(paper.text().contains("4 500"), "the amounts are printed as ever");
        }
    }
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
fn a_name_is_printed_as_it_is_written_and_a_letter_of_no_font_as_a_box() {
    let row_of = |name: &str| {
        let basket = cart(vec![line(1, name, "1", "kg", 100, "0")]);
        let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 100, None)]);
        let paper = print(&encode(
            &receipt(&document, "fr-GN", Copy::Original),
            PaperWidth::Mm58,
            PrinterModel::Epson,
        ));
        assert!(!paper.text().contains('?'), "{name}: nothing is a question mark");
        paper.pictures.into_iter().next().map(|(_, picture)| picture)
    };
    assert!(row_of("Thé vert").is_none(), "what the printer has is not drawn");
    let (hooked, plain) = (row_of("Ɓaldé").unwrap(), row_of("Баldé").unwrap());
    assert_ne!(hooked.cell(0), plain.cell(0), "a hooked letter is not its neighbour");
    let (box_of_one, box_of_other) = (row_of("茶").unwrap(), row_of("叶").unwrap());
    assert_eq!(box_of_one, box_of_other, "what no font has looks alike");
    assert!(!box_of_one.is_blank(0), "and it is there");
    for model in [PrinterModel::Only437, PrinterModel::OnlyAscii] {
        let basket = cart(vec![line(1, "Ɓaldé 茶", "1", "kg", 100, "0")]);
        let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 100, None)]);
        let paper = print(&encode(&receipt(&document, "fr-GN", Copy::Original), PaperWidth::Mm58, model));
        assert_eq!(paper.pictures.len(), 1, "{model:?} draws what has no spelling");
    }
}

#[test]
fn the_drawer_opens_by_a_pulse_on_its_pin() {
    assert_eq!(print(&drawer_pulse(DrawerPin::Two)).drawer_pulses, [0]);
    assert_eq!(print(&drawer_pulse(DrawerPin::Five)).drawer_pulses, [1]);
}

#[test]
fn a_number_without_room_for_its_barcode_is_printed_in_letters() {
    let document = || {
        build(
            head("GNF"),
            &cart(vec![line(1, "Thé", "1", "pcs", 100, "0")]),
            vec![tender(TenderKind::Cash, 100, None)],
        )
    };
    let long = "SERIE-2026-0000000042";
    let style =
        Style { locale: Locale::parse("fr-GN"), header: "", footer: "", logo: None, codes: Codes::default() };
    let issue = |number| Issue {
        number,
        issued_at: "2026-03-14T17:05:09",
        chain_hash: Hash32::of(b"link"),
        copy: Copy::Original,
    };
    let print_of = |number, width| {
        print(&encode(&Receipt::of(&document(), issue(number), style), width, PrinterModel::Epson))
    };
    assert!(print_of(long, PaperWidth::Mm58).barcodes.is_empty(), "too wide for 58 mm");
    assert!(print_of(long, PaperWidth::Mm58).text().contains(&format!("[{long}]")), "so it is written");
    assert_eq!(print_of(long, PaperWidth::Mm80).barcodes, [(73, format!("{{B{long}").into_bytes())]);
    let braces = print_of("A{B", PaperWidth::Mm58).barcodes;
    assert_eq!(braces, [(73, b"{BA{{B".to_vec())], "a brace would choose a code set");
}

#[test]
fn the_shops_sign_is_dots_in_the_middle_as_dark_as_the_picture() {
    let grey = image::RgbImage::from_fn(600, 200, |x, _| image::Rgb([if x < 300 { 0 } else { 192 }; 3]));
    let mut file = std::io::Cursor::new(Vec::new());
    image::DynamicImage::ImageRgb8(grey).write_to(&mut file, image::ImageFormat::Png).unwrap();
    let logo = Logo::of(file.get_ref()).unwrap();
    let sample = &samples()[0];
    let style = Style {
        locale: Locale::parse(sample.tag),
        header: "",
        footer: "",
        logo: Some(&logo),
        codes: Codes::default(),
    };
    let issue = Issue {
        number: "R1-000042",
        issued_at: "2026-03-14T17:05:09",
        chain_hash: Hash32::of(b"link"),
        copy: Copy::Original,
    };
    let receipt = Receipt::of(&sample.document, issue, style);
    for width in [PaperWidth::Mm58, PaperWidth::Mm80] {
        let paper = print(&encode(&receipt, width, PrinterModel::Epson));
        let (before, picture) = &paper.pictures[0];
        assert_eq!((*before, picture.0.len(), picture.0[0].len()), (0, 96, width.dots()), "above everything");
        let side = (width.dots() - 288) / 2;
        let black = |from: usize, until: usize| {
            picture.0.iter().map(|row| row[from..until].iter().filter(|dot| **dot).count()).sum::<usize>()
        };
        assert_eq!((black(0, side), black(side + 288, width.dots())), (0, 0), "the margins are white");
        assert_eq!(black(side + 8, side + 136), 96 * 128, "black is black");
        let quarter = black(side + 152, side + 280) * 100 / (96 * 128);
        assert!((20..=30).contains(&quarter), "a light grey has one dot in four: {quarter} %");
    }
    assert!(pos_devices::pdf::render(&receipt).unwrap().starts_with(b"%PDF-"));
    assert!(Logo::of(b"no picture").is_err());
}
