//! Codes on receipts of every kind, read back from the paper and from the PDF by a reader that knows nothing of how they
//! were made.

use pos_devices::escpos::{PrinterModel, encode};
use pos_devices::format::Locale;
use pos_devices::receipt::{Codes, Copy};
use pos_devices::{Issue, PaperWidth, Receipt, Style, pdf};
use pos_domain::Hash32;

use crate::decoder::print;
use crate::documents::{Sample, samples};
use crate::pdf::picture_of;

fn with_codes(sample: &Sample) -> Receipt {
    let codes = Codes { barcode: true, qr: true };
    let style = Style { locale: Locale::parse(sample.tag), header: "", footer: "", logo: None, codes };
    let issue = Issue {
        number: "R1-000042",
        issued_at: "2026-03-14T17:05:09",
        chain_hash: Hash32::of(b"link"),
        copy: Copy::Original,
    };
    Receipt::of(&sample.document, issue, style)
}

/// What the code must say: the document's number, moment, total and place in the chain.
fn told(sample: &Sample) -> String {
    let head = &sample.document.head;
    let total = sample.document.total.to_decimal(head.currency);
    let (code, hash) = (head.currency.code(), Hash32::of(b"link"));
    format!("COMPTOIR1;R1-000042;2026-03-14T17:05:09;{code};{total};{hash}")
}

/// The one QR code of a picture.
fn read_qr(width: usize, height: usize, grey: impl FnMut(usize, usize) -> u8) -> String {
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = prepared.detect_grids();
    let [grid] = &grids[..] else { panic!("{} codes are found where one is", grids.len()) };
    grid.decode().unwrap().1
}

#[test]
fn the_qr_code_of_every_kind_of_receipt_is_read_back_from_the_roll() {
    for sample in samples() {
        for width in [PaperWidth::Mm58, PaperWidth::Mm80] {
            let paper = print(&encode(&with_codes(&sample), width, PrinterModel::Epson));
            let (_, picture) = paper.pictures.last().unwrap();
            let dots = &picture.0;
            let read = read_qr(dots[0].len(), dots.len(), |x, y| if dots[y][x] { 0 } else { 255 });
            assert_eq!(read, told(&sample), "{} on {width:?}", sample.name);
        }
    }
}

#[test]
fn the_qr_code_of_every_kind_of_receipt_is_read_back_from_its_pdf() {
    for sample in samples() {
        let file = pdf::render(&with_codes(&sample)).unwrap();
        let Some((width, height, greys)) = picture_of(&file, 300) else { return };
        assert_eq!(read_qr(width, height, |x, y| greys[y * width + x]), told(&sample), "{}", sample.name);
    }
}
