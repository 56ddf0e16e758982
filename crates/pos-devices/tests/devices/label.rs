//! Labels, their codes read back from the paper by a reader of our own.

use pos_devices::label::{Label, LabelPaper, MAX_LABELS, to_escpos, to_pdf};

use crate::decoder::print;
use crate::pdf::picture_of;

/// The ten digits of EAN as the standard draws them on the left, seven modules each, 1 for black, with odd parity.
const ODD: [&str; 10] = [
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111",
    "0001011",
];
/// Which digits on the left have even parity, by the digit in front.
const PARITY: [&str; 10] =
    ["OOOOOO", "OOEOEE", "OOEEOE", "OOEEEO", "OEOOEE", "OEEOOE", "OEEEOO", "OEOEOE", "OEOEEO", "OEEOEO"];

/// Reads EAN-13 or EAN-8 from a row of dots, by modules and without looking at how they were made.
fn read_ean(dots: &[bool]) -> Option<String> {
    let first = dots.iter().position(|dot| *dot)?;
    let last = dots.iter().rposition(|dot| *dot)?;
    let wide = last + 1 - first;
    // The first bar is one module.
    let module = dots[first..].iter().position(|dot| !*dot)?;
    let bits: String =
        (0..wide / module).map(|i| if dots[first + i * module + module / 2] { '1' } else { '0' }).collect();
    let even =
        |digit: &str| digit.chars().rev().map(|c| if c == '1' { '0' } else { '1' }).collect::<String>();
    let right = |digit: &str| digit.chars().map(|c| if c == '1' { '0' } else { '1' }).collect::<String>();
    let half = match bits.len() {
        95 => 6,
        67 => 4,
        _ => return None,
    };
    let mut digits = String::new();
    let mut parity = String::new();
    for i in 0..half {
        let pattern = &bits[3 + i * 7..10 + i * 7];
        let digit = ODD.iter().position(|odd| *odd == pattern || even(odd) == pattern)?;
        parity.push(if ODD[digit] == pattern { 'O' } else { 'E' });
        digits += &digit.to_string();
    }
    if &bits[..3] != "101" || &bits[3 + half * 7..8 + half * 7] != "01010" {
        return None;
    }
    for i in 0..half {
        let at = 8 + half * 7 + i * 7;
        let digit = ODD.iter().position(|odd| right(odd) == bits[at..at + 7])?;
        digits += &digit.to_string();
    }
    if half == 6 {
        digits.insert_str(0, &PARITY.iter().position(|p| *p == parity)?.to_string());
    }
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(i, c)| c.to_digit(10).unwrap() * if i % 2 == 0 { 1 } else { 3 })
        .sum();
    sum.is_multiple_of(10).then_some(digits)
}

fn label(code: &str) -> Label {
    Label {
        name: "Riz parfumé de Thaïlande 5 kg".into(),
        price: "62\u{202F}500\u{A0}FG".into(),
        code: code.into(),
    }
}

#[test]
fn the_code_of_every_label_on_the_roll_is_read_back() {
    for code in ["4006381333931", "0036000291452", "9780201379624", "5901234123457", "96385074"] {
        let paper = print(&to_escpos(&[label(code), label(code)]));
        assert_eq!((paper.pictures.len(), paper.cuts), (2, 2), "one picture and one cut for each");
        let (_, picture) = &paper.pictures[0];
        assert_eq!(picture.0.len(), 24 * 2 + 48 + 72 + 24, "24 mm of the 30 that a label has");
        let bars = &picture.0[24 * 2 + 48 + 36];
        assert_eq!(read_ean(bars).as_deref(), Some(code));
        assert!(bars[..24].iter().all(|dot| !dot), "the quiet zone is white");
        assert!(bars[320..].iter().all(|dot| !dot), "nothing is printed beside a label of 40 mm");
    }
}

#[test]
fn the_codes_of_a_sheet_are_read_back_from_its_picture() {
    let codes = ["4006381333931", "9780201379624", "96385074"];
    let labels: Vec<Label> = codes.iter().map(|code| label(code)).collect();
    let file = to_pdf(&labels, &LabelPaper::A4_3X8).unwrap();
    let Some((width, height, dots)) = picture_of(&file, 600) else { return };
    // 27 mm below the top edge of the first row stand the bars of its three labels.
    let y = height * 27 / 297;
    for (at, code) in codes.iter().enumerate() {
        let from = y * width + at * width / 3;
        let row: Vec<bool> = dots[from..from + width / 3].iter().map(|grey| *grey < 128).collect();
        assert_eq!(widened(&row).as_deref(), Some(*code), "label {at} of the sheet");
    }
}

/// Reads a row whose modules are no whole number of dots, by the width of the whole code.
fn widened(row: &[bool]) -> Option<String> {
    let first = row.iter().position(|dot| *dot)?;
    let last = row.iter().rposition(|dot| *dot)?;
    [95, 67].into_iter().find_map(|modules: usize| {
        let wide = last + 1 - first;
        let even: Vec<bool> = (0..modules * 4)
            .map(|i| row[(first + (i * wide + wide / 2) / (modules * 4)).min(last)])
            .collect();
        read_ean(&even)
    })
}

#[test]
fn hostile_and_empty_labels_do_no_harm_and_no_roll_is_emptied() {
    let hostile = Label {
        name: "\u{1b}@\u{202E}🥖شاي".to_owned() + &"long ".repeat(13_000),
        price: "9".repeat(300),
        code: "=cmd|' /C calc'!A0".repeat(100),
    };
    let empty = Label { name: String::new(), price: String::new(), code: String::new() };
    for paper in LabelPaper::ALL {
        assert!(to_pdf(&[hostile.clone(), empty.clone()], &paper).unwrap().starts_with(b"%PDF-"));
        assert_eq!(LabelPaper::find(paper.name), Some(paper), "a paper is found by its name");
    }
    assert_eq!(print(&to_escpos(&[hostile, empty])).cuts, 2);
    let many = vec![label("4006381333931"); MAX_LABELS + 5];
    assert_eq!(print(&to_escpos(&many)).cuts, MAX_LABELS);
}
