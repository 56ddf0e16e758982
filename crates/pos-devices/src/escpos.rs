//! Receipts as the bytes of the ESC/POS language (Epson's command reference; most receipt printers speak it).
//!
//! Owns: which bytes. Must not know: how they reach a printer. Text is sent in the code page that has its characters;
//! a printer that lacks one gets its stand-in, folded before the layout so that columns stay aligned. A row with a
//! letter that has neither is drawn.

use pos_domain::Gtin;

use crate::barcode;
use crate::code_page::CodePage;
use crate::format::NO_BREAK_SPACE;
use crate::layout::{PaperWidth, Row, lay_out};
use crate::raster::{self, Look};
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
/// Most bytes of a QR code on a till roll.
const MAX_QR_BYTES: usize = 512;

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

    /// `text` in characters that this printer prints or that can be drawn for it, no-break spaces kept.
    fn fold(self, text: &str) -> String {
        repertoire::fold(text, |c| self.prints(c) || !repertoire::has_stand_in(c) && raster::can_draw(c))
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

/// A code for scanners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol<'a> {
    /// Code 128 of short printable ASCII.
    Code128(&'a str),
    /// EAN-13 or UPC-A of a trade item.
    Ean13(&'a Gtin),
    /// QR code, model 2, error correction M.
    Qr(&'a str),
}

/// A receipt with the paper cut after it.
pub fn encode(receipt: &Receipt, width: PaperWidth, model: PrinterModel) -> Vec<u8> {
    encode_rows(width, model, &|fold| lay_out(receipt, width.columns(), fold))
}

/// Rows with the paper cut after them; they are laid out in what the printer can show.
pub(crate) fn encode_rows(
    width: PaperWidth,
    model: PrinterModel,
    rows: &dyn Fn(&dyn Fn(&str) -> String) -> Vec<Row>,
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

/// Opens the cash drawer: a pulse of 100 ms, then 400 ms of rest.
pub const fn drawer_pulse(pin: DrawerPin) -> [u8; 5] {
    let pin = match pin {
        DrawerPin::Two => 0,
        DrawerPin::Five => 1,
    };
    // On and off times count in units of 2 ms.
    [ESC, b'p', pin, 50, 200]
}

/// A code for scanners, in the middle of the paper. `None` when it cannot be a code of that kind, or has no room.
pub fn symbol(symbol: Symbol<'_>, width: PaperWidth) -> Option<Vec<u8>> {
    let mut bytes = vec![ESC, b'a', 1];
    match symbol {
        Symbol::Code128(text) if barcode::is_printable(text) => {
            bytes.extend(bar_settings(barcode::modules(text.len()), width)?);
            // Code set B is chosen by `{B`; a brace in the text itself is doubled.
            let data = format!("{{B{}", text.replace('{', "{{"));
            bytes.extend([GS, b'k', 73, u8::try_from(data.len()).ok()?]);
            bytes.extend(data.bytes());
        }
        Symbol::Code128(_) => return None,
        Symbol::Ean13(gtin) => {
            let digits = gtin.canonical();
            if digits.len() != 13 {
                return None;
            }
            bytes.extend(bar_settings(95, width)?);
            bytes.extend([GS, b'k', 67, 13]);
            bytes.extend(digits.bytes());
        }
        Symbol::Qr(text) => bytes.extend(qr(text)?),
    }
    bytes.extend([ESC, b'a', 0]);
    Some(bytes)
}

/// Height, module width and "digits below" for a barcode of so many modules.
fn bar_settings(modules: usize, width: PaperWidth) -> Option<[u8; 9]> {
    let fits = |dots: &u8| (modules + QUIET_MODULES) * usize::from(*dots) <= width.dots();
    let module = MODULE_DOTS.into_iter().find(fits)?;
    Some([GS, b'h', BARCODE_DOTS, GS, b'w', module, GS, b'H', 2])
}

/// Model, module size, error correction, data, print: five functions of `GS ( k`.
fn qr(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > MAX_QR_BYTES {
        return None;
    }
    let stored = u16::try_from(text.len() + 3).ok()?.to_le_bytes();
    let mut bytes = vec![GS, b'(', b'k', 4, 0, 49, 65, 50, 0];
    bytes.extend([GS, b'(', b'k', 3, 0, 49, 67, 5]);
    bytes.extend([GS, b'(', b'k', 3, 0, 49, 69, 49]);
    bytes.extend([GS, b'(', b'k']);
    bytes.extend(stored);
    bytes.extend([49, 80, 48]);
    bytes.extend(text.bytes());
    bytes.extend([GS, b'(', b'k', 3, 0, 49, 81, 48]);
    Some(bytes)
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
                if let Some(bytes) = symbol(Symbol::Code128(code), width) {
                    self.push(&bytes);
                    return;
                }
                Weight::Normal
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
            if let Some(picture) = raster::draw(&text, width, look) {
                self.push(&[GS, b'v', b'0', 0]);
                self.push(&picture.bytes_per_row.to_le_bytes());
                self.push(&picture.rows.to_le_bytes());
                self.push(&picture.bits);
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
