//! How amounts, quantities, rates and dates are written for people of a place.
//!
//! The conventions are those of Unicode CLDR 46 for French and English. Shared by receipts and the shell; the
//! window has its own in TypeScript. Must not know: devices, and how wide a paper is.

use pos_domain::{Currency, Money, Quantity, Rate};

/// Narrow no-break space: groups digits and stands before `%` in French.
pub const NARROW_NO_BREAK_SPACE: char = '\u{202F}';
/// No-break space: stands between an amount and the currency.
pub const NO_BREAK_SPACE: char = '\u{A0}';

/// The languages that receipts speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// French.
    French,
    /// English, also for every language that is not listed.
    English,
}

/// A language and, when given, the two letters of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    language: Language,
    region: Option<[u8; 2]>,
}

impl Locale {
    /// Reads a BCP 47 tag such as `fr-GN`. Case does not matter; parts other than language and country are passed
    /// over.
    pub fn parse(tag: &str) -> Self {
        let mut parts = tag.split(['-', '_']);
        let language = match parts.next() {
            Some(code) if code.eq_ignore_ascii_case("fr") => Language::French,
            Some(_) | None => Language::English,
        };
        let region = parts.find_map(|part| {
            <[u8; 2]>::try_from(part.to_ascii_uppercase().as_bytes())
                .ok()
                .filter(|letters| letters.iter().all(u8::is_ascii_uppercase))
        });
        Self { language, region }
    }

    /// The language.
    pub const fn language(self) -> Language {
        self.language
    }

    /// The language's two-letter code.
    pub const fn language_code(self) -> &'static str {
        match self.language {
            Language::French => "fr",
            Language::English => "en",
        }
    }

    fn is_in(self, region: &[u8; 2]) -> bool {
        self.region.as_ref() == Some(region)
    }
}

/// An amount without its currency, in all the currency's decimals: `12 500`, `-1 234,50`, `1,234.50`.
pub fn amount(value: Money, currency: Currency, locale: Locale) -> String {
    number(&value.to_decimal(currency), locale)
}

/// An amount with its currency: `12 500 FG`, `12,50 €`, `£12.50`, `-TND 1.250`.
pub fn money(value: Money, currency: Currency, locale: Locale) -> String {
    let symbol = symbol(currency, locale);
    match locale.language {
        Language::French => format!("{}{NO_BREAK_SPACE}{symbol}", amount(value, currency, locale)),
        Language::English => {
            let digits = amount(value.abs(), currency, locale);
            let sign = if value.is_negative() { "-" } else { "" };
            let ends_in_letter = symbol.ends_with(|c: char| c.is_alphabetic());
            let gap = if ends_in_letter { String::from(NO_BREAK_SPACE) } else { String::new() };
            format!("{sign}{symbol}{gap}{digits}")
        }
    }
}

/// A quantity in as many decimals as it needs: `2`, `0,25`.
pub fn quantity(value: Quantity, locale: Locale) -> String {
    number(&value.to_decimal(), locale)
}

/// A rate: `18 %` with a narrow space in French, `18%` in English.
pub fn percent(rate: Rate, locale: Locale) -> String {
    let digits = number(&rate.to_percent(), locale);
    match locale.language {
        Language::French => format!("{digits}{NARROW_NO_BREAK_SPACE}%"),
        Language::English => format!("{digits}%"),
    }
}

/// A local date and time given as `YYYY-MM-DDTHH:MM[:SS]`: `31/12/2010 08:26`, in the United States
/// `12/31/2010 8:26 AM`. A text of another shape is given back as it is: a receipt shows the date it was given.
pub fn date_time(local: &str, locale: Locale) -> String {
    date_time_parts(local).map_or_else(
        || local.to_owned(),
        |[year, month, day, hour, minute]| {
            if locale.language == Language::English && locale.is_in(b"US") {
                let (hour_12, half) = twelve_hours(hour);
                format!("{month}/{day}/{year} {hour_12}:{minute} {half}")
            } else {
                format!("{day}/{month}/{year} {hour}:{minute}")
            }
        },
    )
}

fn date_time_parts(local: &str) -> Option<[&str; 5]> {
    let (date, time) = local.split_once(['T', ' '])?;
    let mut date = date.split('-');
    let mut time = time.split(':');
    let digits = |part: Option<&'_ str>, count: usize| matches!(part, Some(p) if p.len() == count && p.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (date.next(), date.next(), date.next());
    let (hour, minute) = (time.next(), time.next());
    let readable = digits(year, 4)
        && [month, day, hour, minute].into_iter().all(|part| digits(part, 2))
        && date.next().is_none();
    readable.then_some([year?, month?, day?, hour?, minute?])
}

fn twelve_hours(hour: &str) -> (u32, &'static str) {
    let hour: u32 = hour.parse().unwrap_or(0);
    let half = if hour < 12 { "AM" } else { "PM" };
    (if hour.is_multiple_of(12) { 12 } else { hour % 12 }, half)
}

/// Writes a decimal string (`-1234.50`) with the separators of the locale.
fn number(decimal: &str, locale: Locale) -> String {
    let (group, point) = match locale.language {
        Language::French => (NARROW_NO_BREAK_SPACE, ','),
        Language::English => (',', '.'),
    };
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut text = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

/// What people of the locale write for the currency; the code where they write no sign.
fn symbol(currency: Currency, locale: Locale) -> String {
    let at_home = |region: &[u8; 2], local: &'static str| locale.is_in(region).then_some(local);
    let known = match (currency.code(), locale.language) {
        ("EUR", _) => Some("€"),
        ("GBP", Language::English) => Some("£"),
        ("GBP", Language::French) => Some("£GB"),
        ("USD", Language::English) => Some("$"),
        ("USD", Language::French) => Some("$US"),
        ("GNF", Language::French) => at_home(b"GN", "FG"),
        ("TND", Language::French) => at_home(b"TN", "DT"),
        ("XOF", Language::French) => Some("F\u{202F}CFA"),
        ("XAF", Language::French) => Some("FCFA"),
        _ => None,
    };
    known.map_or_else(|| currency.code().to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(minor: i64, code: &str, tag: &str) -> String {
        money(Money::from_minor(minor).unwrap(), Currency::from_iso(code).unwrap(), Locale::parse(tag))
    }

    #[test]
    fn each_place_writes_its_own_money() {
        assert_eq!(of(12_500, "GNF", "fr-GN"), "12\u{202F}500\u{A0}FG");
        assert_eq!(
            of(1_234_567, "GNF", "fr-FR"),
            "1\u{202F}234\u{202F}567\u{A0}GNF",
            "abroad the code is clear"
        );
        assert_eq!(of(123_450, "EUR", "fr-FR"), "1\u{202F}234,50\u{A0}€");
        assert_eq!(of(123_450, "GBP", "en-GB"), "£1,234.50");
        assert_eq!(of(5, "USD", "en-US"), "$0.05");
        assert_eq!(of(1_250, "TND", "fr-TN"), "1,250\u{A0}DT");
        assert_eq!(of(1_250, "TND", "en-GB"), "TND\u{A0}1.250");
        assert_eq!(of(0, "GNF", "fr-GN"), "0\u{A0}FG");
    }

    #[test]
    fn a_negative_amount_has_one_sign_in_front() {
        assert_eq!(of(-123_450, "EUR", "fr-FR"), "-1\u{202F}234,50\u{A0}€");
        assert_eq!(of(-123_450, "GBP", "en-GB"), "-£1,234.50");
        assert_eq!(of(-1_250, "TND", "en-GB"), "-TND\u{A0}1.250");
        assert_eq!(of(-100_000, "GNF", "fr-GN"), "-100\u{202F}000\u{A0}FG", "no separator after the sign");
    }

    #[test]
    fn quantities_and_rates_use_the_decimal_sign_of_the_language() {
        let (fr, en) = (Locale::parse("fr-GN"), Locale::parse("en-GB"));
        let quarter = Quantity::parse("0.25").unwrap();
        assert_eq!((quantity(quarter, fr), quantity(quarter, en)), ("0,25".into(), "0.25".into()));
        let rate = Rate::parse_percent("5.5").unwrap();
        assert_eq!((percent(rate, fr), percent(rate, en)), ("5,5\u{202F}%".into(), "5.5%".into()));
    }

    #[test]
    fn tags_are_read_whatever_their_case_and_extra_parts() {
        assert_eq!(Locale::parse("fr-GN"), Locale::parse("FR_gn"));
        assert_eq!(Locale::parse("fr-Latn-GN"), Locale::parse("fr-GN"));
        assert_eq!(Locale::parse("").language(), Language::English);
        assert_eq!(Locale::parse("de-DE").language(), Language::English);
    }

    #[test]
    fn dates_follow_the_place_and_strange_ones_stay_as_given() {
        let (fr, us) = (Locale::parse("fr-GN"), Locale::parse("en-US"));
        assert_eq!(date_time("2010-12-31T08:26:00", fr), "31/12/2010 08:26");
        assert_eq!(date_time("2010-12-31T08:26:00", us), "12/31/2010 8:26 AM");
        assert_eq!(date_time("2010-12-31 00:05", us), "12/31/2010 12:05 AM");
        assert_eq!(date_time("2010-12-31T12:05:59", us), "12/31/2010 12:05 PM");
        for strange in
            ["", "31.12.2010", "2010-12-31", "2010-12-31Tab:cd", "2010-12-31-01T10:00", "x\u{e9}-1T2:3"]
        {
            assert_eq!(date_time(strange, fr), strange);
        }
    }
}
