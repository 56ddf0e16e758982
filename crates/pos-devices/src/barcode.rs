//! Codes for scanners, for papers that are drawn rather than printed by a printer's own command: Code 128, code set B
//! (ISO/IEC 15417), EAN-13 and EAN-8 (GS1 General Specifications, ISO/IEC 15420), and QR (ISO/IEC 18004, correction M).

use pos_domain::Gtin;
use qrcode::{Color, EcLevel, QrCode};

/// Most characters that are printed as a barcode; a longer text has no room on a till roll.
const MAX_CHARS: usize = 24;
/// Value of "start with code set B".
const START_B: usize = 104;
/// Value of the stop pattern.
const STOP: usize = 106;
/// The check value is taken modulo this.
const CHECK_MODULUS: usize = 103;
/// Modules of every symbol but the stop.
const SYMBOL_MODULES: usize = 11;
/// Modules of the start, the check symbol and the stop together.
const FRAME_MODULES: usize = 35;

/// Widths of bars and spaces in modules, bar first, by value.
const PATTERNS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];

/// Whether a text can be printed as a barcode here: short printable ASCII.
pub(crate) fn is_printable(text: &str) -> bool {
    (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// Modules that a text of so many characters takes, without quiet zones.
pub(crate) const fn modules(chars: usize) -> usize {
    chars * SYMBOL_MODULES + FRAME_MODULES
}

/// Widths in modules of an EAN digit on the left with odd parity; on the right the same with bar and space exchanged,
/// with even parity the same from behind.
const DIGITS: [[u8; 4]; 10] = [
    [3, 2, 1, 1],
    [2, 2, 2, 1],
    [2, 1, 2, 2],
    [1, 4, 1, 1],
    [1, 1, 3, 2],
    [1, 2, 3, 1],
    [1, 1, 1, 4],
    [1, 3, 1, 2],
    [1, 2, 1, 3],
    [3, 1, 1, 2],
];
/// Which of the six digits on the left have even parity (1, the first in the highest of six bits), by the digit in front.
const PARITIES: [u8; 10] = [
    0b00_0000, 0b00_1011, 0b00_1101, 0b00_1110, 0b01_0011, 0b01_1001, 0b01_1100, 0b01_0101, 0b01_0110,
    0b01_1010,
];
const GUARD: [u8; 3] = [1; 3];
const CENTRE: [u8; 5] = [1; 5];
/// Most bytes of a QR code on a till roll.
const MAX_QR_BYTES: usize = 512;

/// Widths in modules of bars and spaces in turn, bar first, of a trade item's number: EAN-13, or EAN-8 for a short one.
/// `None` for a number of 14 digits, which stands on cartons in another code.
pub(crate) fn ean_widths(gtin: &Gtin) -> Option<Vec<u8>> {
    let digits: Vec<u8> = gtin.canonical().bytes().map(|b| b.wrapping_sub(b'0')).collect();
    let (parities, left, right) = match digits.as_slice() {
        [first, rest @ ..] if rest.len() == 12 => {
            let (left, right) = rest.split_at(6);
            (*PARITIES.get(usize::from(*first))?, left, right)
        }
        all if all.len() == 8 => {
            let (left, right) = all.split_at(4);
            (0, left, right)
        }
        _ => return None,
    };
    let mut widths = GUARD.to_vec();
    for (at, digit) in left.iter().enumerate() {
        let odd = *DIGITS.get(usize::from(*digit))?;
        let is_even = parities >> (left.len() - 1 - at) & 1 == 1;
        widths.extend(
            odd.iter().enumerate().filter_map(|(i, w)| if is_even { odd.get(3 - i) } else { Some(w) }),
        );
    }
    widths.extend(CENTRE);
    for digit in right {
        widths.extend(DIGITS.get(usize::from(*digit))?);
    }
    widths.extend(GUARD);
    Some(widths)
}

/// The modules of a QR code, row by row, `true` for black, without the quiet zone of four. `None` when it is empty or
/// too long for a till roll.
pub(crate) fn qr(text: &str) -> Option<Vec<Vec<bool>>> {
    if text.is_empty() || text.len() > MAX_QR_BYTES {
        return None;
    }
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    Some(code.to_colors().chunks(width).map(|row| row.iter().map(|m| *m == Color::Dark).collect()).collect())
}

/// Widths in modules of bars and spaces in turn, bar first. `None` for a text that is not printable ASCII.
pub(crate) fn widths(text: &str) -> Option<Vec<u8>> {
    if !is_printable(text) {
        return None;
    }
    let values: Vec<usize> = text.bytes().map(|b| usize::from(b.saturating_sub(b' '))).collect();
    let check = START_B + values.iter().enumerate().map(|(i, value)| (i + 1) * value).sum::<usize>();
    let symbols = std::iter::once(START_B).chain(values).chain([check % CHECK_MODULUS, STOP]);
    Some(symbols.filter_map(|value| PATTERNS.get(value)).flat_map(|p| p.bytes().map(|b| b - b'0')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_the_shape_the_standard_demands() {
        for (value, pattern) in PATTERNS.iter().enumerate().take(STOP) {
            let widths: Vec<u32> = pattern.chars().map(|c| c.to_digit(10).unwrap()).collect();
            assert_eq!((widths.len(), widths.iter().sum::<u32>()), (6, 11), "value {value}");
            assert_eq!(
                widths.iter().step_by(2).sum::<u32>() % 2,
                0,
                "bars of value {value} sum to an even number"
            );
            assert_eq!(
                PATTERNS.iter().filter(|p| *p == pattern).count(),
                1,
                "value {value} is unlike any other"
            );
        }
    }

    #[test]
    fn the_check_symbol_is_the_weighted_sum() {
        // "PJJ123C" is the worked example of the standard; in set B its check value is 54.
        let widths = widths("PJJ123C").unwrap();
        let check: String = widths[8 * 6..9 * 6].iter().map(u8::to_string).collect();
        let expected = (104 + 48 + 2 * 42 + 3 * 42 + 4 * 17 + 5 * 18 + 6 * 19 + 7 * 35) % 103;
        assert_eq!(check, PATTERNS[expected]);
        assert_eq!(widths.iter().map(|w| usize::from(*w)).sum::<usize>(), modules(7));
    }

    #[test]
    fn what_no_till_roll_can_hold_is_no_barcode() {
        assert!(widths("").is_none());
        assert!(widths("Caf\u{e9}").is_none());
        assert!(widths(&"1".repeat(MAX_CHARS + 1)).is_none());
    }
}
