//! Receipts as the bytes of the ESC/POS language (Epson's command reference; most receipt printers speak it).
//!
//! Owns: which bytes. Must not know: how they reach a printer. Text is sent in the code page that has its characters. A
//! sign that no page has, such as a curly quote, is spelled plainly, before the layout so that columns stay aligned; a row
//! with a letter that no page has is drawn, so that every name is printed as it is written. Printers with few pages or
//! none get base letters for those with marks, which they print faster than pictures.

use crate::barcode;
use crate::code_page::CodePage;
use crate::format::NO_BREAK_SPACE;
use crate::layout::{Fold, PaperWidth, Row, lay_out};
use crate::raster::{self, Bitmap, Look};
use crate::receipt::{Receipt, Weight};
use crate::repertoire;

const ESC: u8 = 0x1B;
const FS: u8 = 0x1C;
const GS: u8 = 0x1D;
const LF: u8 = 0x0A;
/// Rows between the last text and the cutter.
const FEED_BEFORE_CUT: u8 = 4;
/// Height of a barcode in dots: 8 mm.
const BARCODE_DOTS: u8 = 64;
/// Widest module of a barcode in dots; 2 is the narrowest that all printers print and cheap scanners read.
const MODULE_DOTS: [u8; 2] = [3, 2];
/// Blank modules that a scanner needs on both sides together.
const QUIET_MODULES: usize = 20;
/// Blank modules on each side of a QR code.
const QR_QUIET_MODULES: usize = 4;
/// Side of a QR code in dots, 33 mm, as far as its modules come out even.
const QR_DOTS: usize = 264;
/// Smallest module of a QR code in dots, 0.4 mm: telephones read it from a hand's breadth.
const MIN_QR_MODULE_DOTS: usize = 3;
/// Largest module of a QR code in dots.
const MAX_QR_MODULE_DOTS: usize = 6;

/// What a printer can do. Most are compatible with Epson; the others are for cheap printers with one fixed page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrinterModel {
    /// Code pages 437, 850, 858 and Windows 1252 under Epson's numbers.
    #[default]
    Epson,
    /// Only code page 437.
    Only437,
    /// Only ASCII, for printers whose pages are unknown.
    OnlyAscii,
}

impl PrinterModel {
    /// The pages and the numbers by which the printer knows them; the first is tried first.
    const fn code_pages(self) -> &'static [(CodePage, u8)] {
        match self {
            Self::Epson => {
                &[(CodePage::Cp858, 19), (CodePage::Cp850, 2), (CodePage::Cp437, 0), (CodePage::Cp1252, 16)]
            }
            Self::Only437 => &[(CodePage::Cp437, 0)],
            Self::OnlyAscii => &[],
        }
    }

    /// Whether a byte of some page prints the character.
    fn prints(self, c: char) -> bool {
        c == NO_BREAK_SPACE
            || c.is_ascii()
            || self.code_pages().iter().any(|(page, _)| page.byte(c).is_some())
    }

    /// `text` in characters that this printer prints or that are drawn for it, no-break spaces kept.
    fn fold(self, text: &str) -> String {
        repertoire::fold(text, |c| {
            let drawn = match self {
                Self::Epson => !repertoire::is_sign_with_spelling(c),
                Self::Only437 | Self::OnlyAscii => false,
            };
            drawn || self.prints(c)
        })
    }
}

/// The connector pin of the cash drawer's coil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DrawerPin {
    /// Pin 2, the first drawer.
    #[default]
    Two,
    /// Pin 5, a second drawer.
    Five,
}

/// A receipt with the paper cut after it.
pub fn encode(receipt: &Receipt, width: PaperWidth, model: PrinterModel) -> Vec<u8> {
    encode_rows(width, model, &|fold| lay_out(receipt, width.columns(), fold))
}

/// Rows with the paper cut after them; they are laid out in what the printer can show.
pub(crate) fn encode_rows(
    width: PaperWidth,
    model: PrinterModel,
    rows: &dyn Fn(&Fold<'_>) -> Vec<Row>,
) -> Vec<u8> {
    let mut job = Job { model, page: None, bytes: Vec::new() };
    job.push(&[ESC, b'@']);
    // Printers made for Chinese read bytes above 7F in pairs until they are told not to.
    job.push(&[FS, b'.']);
    for row in rows(&|text| model.fold(text)) {
        job.push_row(&row, width);
    }
    job.push(&[ESC, b'd', FEED_BEFORE_CUT]);
    job.push(&[GS, b'V', 66, 0]);
    job.bytes
}

/// Pictures, each cut off below.
pub(crate) fn encode_pictures(pictures: impl Iterator<Item = Bitmap>) -> Vec<u8> {
    let mut job = Job { model: PrinterModel::default(), page: None, bytes: Vec::new() };
    job.push(&[ESC, b'@']);
    for picture in pictures {
        job.push_bitmap(&picture);
        job.push(&[GS, b'V', 66, 0]);
    }
    job.bytes
}

/// Opens the cash drawer: a pulse of 100 ms, then 400 ms of rest.
pub const fn drawer_pulse(pin: DrawerPin) -> [u8; 5] {
    let pin = match pin {
        DrawerPin::Two => 0,
        DrawerPin::Five => 1,
    };
    // On and off times count in units of 2 ms.
    [ESC, b'p', pin, 50, 200]
}

/// A barcode by the printer's own command, in the middle of the paper. `None` when it has no room.
fn code_128(text: &str, width: PaperWidth) -> Option<Vec<u8>> {
    if !barcode::is_printable(text) {
        return None;
    }
    let modules = barcode::modules(text.len());
    let fits = |dots: &u8| (modules + QUIET_MODULES) * usize::from(*dots) <= width.dots();
    let module = MODULE_DOTS.into_iter().find(fits)?;
    let mut bytes = vec![ESC, b'a', 1, GS, b'h', BARCODE_DOTS, GS, b'w', module, GS, b'H', 2];
    // Code set B is chosen by `{B`; a brace in the text itself is doubled.
    let data = format!("{{B{}", text.replace('{', "{{"));
    bytes.extend([GS, b'k', 73, u8::try_from(data.len()).ok()?]);
    bytes.extend(data.bytes());
    bytes.extend([ESC, b'a', 0]);
    Some(bytes)
}

/// A QR code as dots in the middle of the paper: half of all receipt printers have no command for it.
fn draw_qr(text: &str, width: PaperWidth) -> Option<Bitmap> {
    let modules = barcode::qr(text)?;
    let (count, dots) = (modules.len() + 2 * QR_QUIET_MODULES, width.dots());
    let module = (QR_DOTS / count).clamp(MIN_QR_MODULE_DOTS, MAX_QR_MODULE_DOTS);
    let left = dots.checked_sub(count * module)? / 2 + QR_QUIET_MODULES * module;
    let blank = vec![0; dots * QR_QUIET_MODULES * module];
    let mut burnt = blank.clone();
    for row in &modules {
        let mut line = vec![0; left];
        line.extend(row.iter().flat_map(|black| std::iter::repeat_n(if *black { 255 } else { 0 }, module)));
        line.resize(dots, 0);
        burnt.extend(std::iter::repeat_n(line, module).flatten());
    }
    burnt.extend(blank);
    Bitmap::pack(&burnt, dots)
}

/// Bytes under construction, and the code page that the printer is in.
struct Job {
    model: PrinterModel,
    page: Option<CodePage>,
    bytes: Vec<u8>,
}

impl Job {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn push_row(&mut self, row: &Row, width: PaperWidth) {
        let text = row.to_text(width.columns());
        let weight = match row {
            Row::Barcode { text: code } => {
                if let Some(bytes) = code_128(code, width) {
                    self.push(&bytes);
                    return;
                }
                Weight::Normal
            }
            // A code without room for it is left out: what it says stands in words above it.
            Row::Qr { text } => return draw_qr(text, width).iter().for_each(|code| self.push_bitmap(code)),
            Row::Logo { logo } => {
                return logo.to_bitmap(width).iter().for_each(|sign| self.push_bitmap(sign));
            }
            Row::Centred { weight, .. } | Row::Edges { weight, .. } | Row::Cells { weight, .. } => *weight,
            Row::Rule => Weight::Normal,
        };
        let (bold, height) = match weight {
            Weight::Normal => (0, 0),
            Weight::Strong => (1, 0),
            Weight::Total => (1, 1),
        };
        if !text.chars().all(|c| self.model.prints(c)) {
            let look = Look { bold: bold == 1, tall: height == 1 };
            if let Some(picture) = raster::draw(&row.cells(width.columns()), width, look) {
                self.push_bitmap(&picture);
                return;
            }
        }
        let plain = weight == Weight::Normal;
        if !plain {
            self.push(&[ESC, b'E', bold, GS, b'!', height]);
        }
        self.push_text(&text);
        self.push(&[LF]);
        if !plain {
            self.push(&[ESC, b'E', 0, GS, b'!', 0]);
        }
    }

    fn push_bitmap(&mut self, bitmap: &Bitmap) {
        self.push(&[GS, b'v', b'0', 0]);
        self.push(&bitmap.bytes_per_row.to_le_bytes());
        self.push(&bitmap.rows.to_le_bytes());
        self.push(&bitmap.bits);
    }

    /// Text whose characters were folded to what the printer has. The page is changed only where it must be.
    fn push_text(&mut self, text: &str) {
        for c in text.chars() {
            let byte = if c == NO_BREAK_SPACE { Some(b' ') } else { self.byte(c) };
            self.bytes.push(byte.unwrap_or(b'?'));
        }
    }

    fn byte(&mut self, c: char) -> Option<u8> {
        if c.is_ascii() {
            return u8::try_from(c).ok();
        }
        if let Some(byte) = self.page.and_then(|page| page.byte(c)) {
            return Some(byte);
        }
        let found = self.model.code_pages().iter().find_map(|(p, n)| p.byte(c).map(|byte| (*p, *n, byte)));
        let (page, number, byte) = found?;
        self.push(&[ESC, b't', number]);
        self.page = Some(page);
        Some(byte)
    }
}
