//! A printer of our own: reads ESC/POS bytes the way Epson's reference tells, by tables that are not the encoder's.
//!
//! It refuses every command it does not know, so a byte too many or too few anywhere is an error and not a blot.

use oem_cp::code_table::{DECODING_TABLE_CP437, DECODING_TABLE_CP850};
use oem_cp::decode_char_complete_table;

/// What came out of the printer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) rows: Vec<PaperRow>,
    pub(crate) barcodes: Vec<(u8, Vec<u8>)>,
    pub(crate) cuts: usize,
    pub(crate) drawer_pulses: Vec<u8>,
    /// Pictures by the row of text that they stand before.
    pub(crate) pictures: Vec<(usize, Picture)>,
}

/// Dots, `true` where the paper is burnt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture(pub(crate) Vec<Vec<bool>>);

impl Picture {
    /// The dots of one cell of the printer's font, which is 12 dots wide.
    pub(crate) fn cell(&self, column: usize) -> Vec<&[bool]> {
        self.0.iter().map(|row| &row[column * 12..(column + 1) * 12]).collect()
    }

    pub(crate) fn is_blank(&self, column: usize) -> bool {
        self.cell(column).concat().iter().all(|dot| !dot)
    }
}

/// One row of text and how it looks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PaperRow {
    pub(crate) text: String,
    pub(crate) bold: bool,
    pub(crate) tall: bool,
}

impl Paper {
    pub(crate) fn text(&self) -> String {
        self.rows.iter().map(|r| format!("{}\n", r.text)).collect()
    }
}

struct Printer<'a> {
    bytes: &'a [u8],
    page: u8,
    bold: bool,
    tall: bool,
    row: String,
    paper: Paper,
}

/// Prints the bytes on paper.
pub(crate) fn print(bytes: &[u8]) -> Paper {
    let mut printer =
        Printer { bytes, page: 0, bold: false, tall: false, row: String::new(), paper: Paper::default() };
    while let Some(byte) = printer.next() {
        match byte {
            0x1B => printer.escape(),
            0x1D => printer.group(),
            0x1C => assert_eq!(printer.take(1), [b'.'], "FS: only 'cancel Kanji' is expected"),
            0x0A => {
                let text = std::mem::take(&mut printer.row);
                let (bold, tall) = (printer.bold, printer.tall);
                printer.paper.rows.push(PaperRow { text, bold, tall });
            }
            0x00..=0x1F | 0x7F => panic!("control byte {byte:#x} in text"),
            0x20..=0x7E => printer.row.push(char::from(byte)),
            0x80..=0xFF => {
                let c = upper(printer.page, byte);
                printer.row.push(c);
            }
        }
    }
    assert_eq!(printer.row, "", "every row is ended");
    printer.paper
}

/// What a byte above 7F means in the page of a number.
fn upper(page: u8, byte: u8) -> char {
    match (page, byte) {
        (0, _) => decode_char_complete_table(byte, &DECODING_TABLE_CP437),
        (19, 0xD5) => '€',
        (2 | 19, _) => decode_char_complete_table(byte, &DECODING_TABLE_CP850),
        (16, _) => {
            let (text, _, bad) = encoding_rs::WINDOWS_1252.decode(std::slice::from_ref(&byte));
            assert!(!bad, "byte {byte:#x} means nothing in Windows 1252");
            text.chars().next().unwrap()
        }
        (other, _) => panic!("no code page has the number {other}"),
    }
}

impl Printer<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        taken.to_vec()
    }

    fn escape(&mut self) {
        match self.take(1)[0] {
            b'@' => {
                assert_eq!(self.row, "", "initialising throws a begun row away");
                (self.page, self.bold, self.tall) = (0, false, false);
            }
            b't' => self.page = self.take(1)[0],
            b'E' => self.bold = self.take(1)[0] & 1 == 1,
            b'a' => assert!(self.take(1)[0] <= 2, "left, centre or right"),
            b'd' => {
                self.take(1);
            }
            b'p' => {
                let pulse = self.take(3);
                assert!(pulse[1] > 0 && pulse[1] < pulse[2], "the coil rests longer than it pulls");
                self.paper.drawer_pulses.push(pulse[0]);
            }
            other => panic!("ESC {other:#x} is not known"),
        }
    }

    fn group(&mut self) {
        match self.take(1)[0] {
            b'!' => self.tall = self.take(1)[0] & 0x0F == 1,
            b'V' => {
                assert_eq!(self.take(2)[0], 66, "feed and cut");
                self.paper.cuts += 1;
            }
            b'h' | b'H' => {
                self.take(1);
            }
            b'w' => assert!((2..=6).contains(&self.take(1)[0]), "module width in dots"),
            b'k' => {
                let kind = self.take(2);
                let data = self.take(usize::from(kind[1]));
                self.paper.barcodes.push((kind[0], data));
            }
            b'v' => self.picture(),
            other => panic!("GS {other:#x} is not known"),
        }
    }

    fn picture(&mut self) {
        assert_eq!(self.row, "", "a picture begins a row");
        let head = self.take(6);
        assert_eq!(head[..2], [b'0', 0], "raster of normal size");
        let size = |at: usize| usize::from(head[at]) + 256 * usize::from(head[at + 1]);
        let (bytes_per_row, rows) = (size(2), size(4));
        let dots = |byte: u8| (0..8).map(move |i| byte & (0x80 >> i) != 0);
        let read = |_| self.take(bytes_per_row).into_iter().flat_map(dots).collect();
        let picture = Picture((0..rows).map(read).collect());
        self.paper.pictures.push((self.paper.rows.len(), picture));
    }
}
