//! Receipts as PDF, read back by poppler.

use std::path::Path;
use std::process::Command;

use pos_devices::format::{self, Locale};
use pos_devices::pdf;
use pos_devices::receipt::Copy;
use pos_domain::{Money, TenderKind};

use crate::documents::{build, cart, head, line, receipt, samples, tender};

/// Text of a PDF by `pdftotext -layout`, or `None` where poppler is not installed.
pub(crate) fn text_of(file: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.pdf");
    std::fs::write(&path, file).unwrap();
    match Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: pdftotext (poppler-utils) is not installed");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

/// The first page of a PDF as poppler draws it, `(width, height, greys)`, or `None` where poppler is not installed.
pub(crate) fn picture_of(file: &[u8], dots_per_inch: u32) -> Option<(usize, usize, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.pdf");
    std::fs::write(&path, file).unwrap();
    let drawn = Command::new("pdftoppm")
        .args(["-r", &dots_per_inch.to_string(), "-gray", "-singlefile"])
        .arg(&path)
        .arg(folder.path().join("page"))
        .output();
    let Ok(drawn) = drawn else {
        eprintln!("skipped: pdftoppm (poppler-utils) is not installed");
        return None;
    };
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let pgm = std::fs::read(path.with_extension("pgm")).unwrap();
    let head = String::from_utf8_lossy(&pgm[..20]).into_owned();
    let sizes: Vec<usize> = head.split_whitespace().skip(1).take(2).map(|n| n.parse().unwrap()).collect();
    let (width, height) = (sizes[0], sizes[1]);
    Some((width, height, pgm[pgm.len() - width * height..].to_vec()))
}

/// Sizes in points of all pages, from the page objects.
fn page_heights(file: &[u8]) -> Vec<f32> {
    let text = String::from_utf8_lossy(file);
    text.split("/MediaBox")
        .skip(1)
        .map(|rest| {
            let numbers = rest.trim_start().trim_start_matches('[').split(']').next().unwrap();
            numbers.split_whitespace().nth(3).unwrap().parse().unwrap()
        })
        .collect()
}

#[test]
fn a_pdf_says_what_the_screen_says() {
    for sample in samples() {
        let file = pdf::render(&sample.receipt()).unwrap();
        assert!(file.starts_with(b"%PDF-"), "{}", sample.name);
        let Some(text) = text_of(&file) else { return };
        let total =
            format::money(sample.document.total, sample.document.head.currency, Locale::parse(sample.tag));
        let flat = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert!(flat(&text).contains(&flat(&total)), "{}:\n{text}", sample.name);
        assert!(flat(&text).contains("R1-000042"), "{}", sample.name);
    }
}

#[test]
fn accents_and_narrow_spaces_are_text_and_not_boxes() {
    let basket = cart(vec![line(1, "Bœuf haché, maître d’hôtel Ɓaldé", "1", "kg", 1_234_500, "0")]);
    let document = build(head("GNF"), &basket, vec![tender(TenderKind::Cash, 1_234_500, None)]);
    let file = pdf::render(&receipt(&document, "fr-GN", Copy::Duplicate)).unwrap();
    let Some(text) = text_of(&file) else { return };
    for expected in ["Épicerie Diallo", "Bœuf haché, maître d’hôtel Ɓaldé", "1 234 500", "DUPLICATA"]
    {
        assert!(text.contains(expected), "{expected}:\n{text}");
    }
}

#[test]
fn the_same_receipt_gives_the_same_file() {
    let receipt = samples()[0].receipt();
    assert_eq!(pdf::render(&receipt).unwrap(), pdf::render(&receipt).unwrap());
}

#[test]
fn the_page_is_as_long_as_the_receipt_and_no_longer_than_viewers_read() {
    let short = pdf::render(&samples()[0].receipt()).unwrap();
    let [height] = page_heights(&short)[..] else { panic!("one page") };
    assert!((250.0..450.0).contains(&height), "{height} points for two lines");

    let lines = (0..3_000).map(|i| line(i, &format!("Article {i}"), "2", "pce", 100, "0")).collect();
    let total = Money::from_minor(600_000).unwrap();
    let document = build(head("GNF"), &cart(lines), vec![tender(TenderKind::Cash, total.minor(), None)]);
    let long = pdf::render(&receipt(&document, "fr-GN", Copy::Original)).unwrap();
    let heights = page_heights(&long);
    assert!(heights.len() > 1 && heights.iter().all(|h| *h <= 14_400.0), "{heights:?}");
    let Some(text) = text_of(&long) else { return };
    for i in [0, 1_499, 2_999] {
        assert!(text.contains(&format!("Article {i}\n")), "article {i} is on one of the pages");
    }
}

#[test]
fn the_licence_lies_beside_the_fonts() {
    let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fonts");
    let licence = std::fs::read_to_string(fonts.join("LICENSE")).unwrap();
    assert!(licence.contains("Bitstream") && licence.contains("DejaVu"));
    let licence = std::fs::read_to_string(fonts.join("LICENSE-Noto")).unwrap();
    assert!(licence.contains("Noto") && licence.contains("SIL OPEN FONT LICENSE"));
}
