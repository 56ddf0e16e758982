//! Currencies and their number of decimals (ISO 4217, list one).

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// Largest exponent this system works with. The two ISO codes with 4 decimals are units of account, not cash.
pub const MAX_EXPONENT: u32 = 3;

/// ISO 4217 codes without decimals.
const EXPONENT_0: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// ISO 4217 codes with three decimals.
const EXPONENT_3: &str = "BHD IQD JOD KWD LYD OMR TND";
/// ISO 4217 codes with two decimals.
const EXPONENT_2: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD \
    CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL \
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR \
    MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD \
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR \
    ZMW ZWG";

/// A currency: its three-letter code and how many decimals its amounts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "CurrencyText", into = "CurrencyText")]
#[ts(as = "CurrencyText")]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// How a currency is written in JSON.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(rename = "Currency")]
struct CurrencyText {
    code: String,
    exponent: u8,
}

/// Why a currency cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CurrencyFault {
    /// Not three capital letters.
    #[error("a currency code is three capital letters, not {code:?}")]
    BadCode {
        /// As given.
        code: String,
    },
    /// Not a code of ISO 4217.
    #[error("{code} is no currency of ISO 4217; give its exponent")]
    Unknown {
        /// As given.
        code: String,
    },
    /// More decimals than this system works with.
    #[error("a currency has 0 to {MAX_EXPONENT} decimals, not {exponent}")]
    BadExponent {
        /// As given.
        exponent: u32,
    },
}

impl Currency {
    /// A currency with a stated exponent (number of decimals, `0..=3`).
    pub fn new(code: &str, exponent: u32) -> Result<Self, CurrencyFault> {
        let bytes: [u8; 3] = code
            .as_bytes()
            .try_into()
            .ok()
            .filter(|b: &[u8; 3]| b.iter().all(u8::is_ascii_uppercase))
            .ok_or_else(|| CurrencyFault::BadCode { code: code.to_owned() })?;
        let exponent = u8::try_from(exponent)
            .ok()
            .filter(|e| u32::from(*e) <= MAX_EXPONENT)
            .ok_or(CurrencyFault::BadExponent { exponent })?;
        Ok(Self { code: bytes, exponent })
    }

    /// The currency of an ISO 4217 code, with its standard exponent.
    pub fn from_iso(code: &str) -> Result<Self, CurrencyFault> {
        let listed = |list: &str| list.split_whitespace().any(|c| c == code);
        let exponent = if listed(EXPONENT_0) {
            0
        } else if listed(EXPONENT_2) {
            2
        } else if listed(EXPONENT_3) {
            3
        } else {
            Self::new(code, 0)?;
            return Err(CurrencyFault::Unknown { code: code.to_owned() });
        };
        Self::new(code, exponent)
    }

    /// Three capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Number of decimals, `0..=3`.
    pub fn exponent(&self) -> u32 {
        u32::from(self.exponent)
    }
}

impl TryFrom<CurrencyText> for Currency {
    type Error = CurrencyFault;
    fn try_from(text: CurrencyText) -> Result<Self, Self::Error> {
        Self::new(&text.code, u32::from(text.exponent))
    }
}

impl From<Currency> for CurrencyText {
    fn from(currency: Currency) -> Self {
        Self { code: currency.code().to_owned(), exponent: currency.exponent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listed_code_is_three_letters_and_listed_once() {
        let all: Vec<&str> =
            [EXPONENT_0, EXPONENT_2, EXPONENT_3].iter().flat_map(|l| l.split_whitespace()).collect();
        for code in &all {
            assert!(Currency::from_iso(code).is_ok(), "{code}");
            assert_eq!(all.iter().filter(|c| c == &code).count(), 1, "{code} has one exponent");
        }
    }

    #[test]
    fn the_first_shop_has_no_decimals() {
        assert_eq!(Currency::from_iso("GNF").map(|c| c.exponent()), Ok(0));
        assert_eq!(Currency::from_iso("EUR").map(|c| c.exponent()), Ok(2));
        assert_eq!(Currency::from_iso("TND").map(|c| c.exponent()), Ok(3));
        assert!(matches!(Currency::from_iso("QQQ"), Err(CurrencyFault::Unknown { .. })));
        assert!(matches!(Currency::from_iso("eur"), Err(CurrencyFault::BadCode { .. })));
    }
}
