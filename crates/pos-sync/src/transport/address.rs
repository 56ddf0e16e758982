//! Where a server answers, and by which key it is known.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::Url;
use thiserror::Error;

/// Prefix of each pin in the fragment of a server URL; several pins are joined by `&`.
const PIN_PREFIX: &str = "pin-sha256=";

/// SHA-256 of a certificate's public key (SubjectPublicKeyInfo), as in RFC 7469.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin(pub [u8; 32]);

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl std::str::FromStr for Pin {
    type Err = AddressFault;

    /// Reads base64 in either alphabet, with or without padding.
    fn from_str(text: &str) -> Result<Self, AddressFault> {
        let plain = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
        let bytes = STANDARD_NO_PAD.decode(plain).map_err(|_| AddressFault::Pin)?;
        bytes.try_into().map(Self).map_err(|_| AddressFault::Pin)
    }
}

/// A server's base URL and its pins. Plain HTTP only to this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    base: Url,
    pins: Vec<Pin>,
}

/// Why a text is no address that a register may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// Not a URL with a host.
    #[error("this is no address such as https://shop.example:7443")]
    Url,
    /// Neither HTTPS nor plain HTTP.
    #[error("the address must begin with https://")]
    Scheme,
    /// Plain HTTP to another machine: passwords and sales could be read and changed on the way.
    #[error("plain http is allowed to this very machine only; use https")]
    PlainHttp,
    /// A pin that is not the SHA-256 of a key.
    #[error("the server's pin is not readable")]
    Pin,
}

impl ServerAddress {
    /// Reads `https://host:port`, or `https://host:port#pin-sha256=...` as a server prints it.
    ///
    /// # Errors
    /// See [`AddressFault`].
    pub fn parse(text: &str) -> Result<Self, AddressFault> {
        Self::with_pins::<&str>(text, &[])
    }

    /// Reads a URL whose pins are kept beside it; pins in the fragment count too.
    ///
    /// # Errors
    /// See [`AddressFault`].
    pub fn with_pins<S: AsRef<str>>(text: &str, pins: &[S]) -> Result<Self, AddressFault> {
        let mut base = Url::parse(text.trim()).map_err(|_| AddressFault::Url)?;
        let host = base.host_str().ok_or(AddressFault::Url)?;
        match base.scheme() {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err(AddressFault::PlainHttp),
            _ => return Err(AddressFault::Scheme),
        }
        let mut all = Vec::new();
        for part in base.fragment().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            all.push(part.strip_prefix(PIN_PREFIX).ok_or(AddressFault::Pin)?.parse()?);
        }
        for pin in pins {
            let pin = pin.as_ref().parse()?;
            if !all.contains(&pin) {
                all.push(pin);
            }
        }
        base.set_fragment(None);
        base.set_query(None);
        Ok(Self { base, pins: all })
    }

    /// The URL without pins.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The pins; empty when the certificate is checked by the public web's rules.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// The URL of an endpoint, such as `v1/hello`.
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let root = self.base.path().trim_end_matches('/');
        url.set_path(&format!("{root}/{path}"));
        url
    }
}

impl std::fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url())?;
        for (i, pin) in self.pins.iter().enumerate() {
            let mark = if i == 0 { '#' } else { '&' };
            write!(f, "{mark}{PIN_PREFIX}{pin}")?;
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_pins_reads_back_as_it_was_printed() {
        let pin = Pin([0xfb; 32]);
        let text = format!("https://192.168.1.10:7443#pin-sha256={pin}");
        let address = ServerAddress::parse(&text).unwrap();
        assert_eq!(address.url(), "https://192.168.1.10:7443");
        assert_eq!(address.pins(), [pin]);
        assert_eq!(address.to_string(), text);
    }

    #[test]
    fn a_pin_is_read_in_either_base64_alphabet() {
        let standard = base64::engine::general_purpose::STANDARD.encode([0xfb; 32]);
        assert_eq!(standard.parse(), Ok(Pin([0xfb; 32])), "invitations carry RFC 7469 base64");
        assert_eq!("short".parse::<Pin>(), Err(AddressFault::Pin));
    }

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for text in ["http://127.0.0.1:7000", "http://localhost:1", "http://[::1]:9", "http://127.8.8.8"] {
            assert!(ServerAddress::parse(text).is_ok(), "{text}");
        }
        for text in ["http://192.168.1.10:7000", "http://shop.example", "http://localhost.evil.example"] {
            assert_eq!(ServerAddress::parse(text), Err(AddressFault::PlainHttp), "{text}");
        }
        assert_eq!(ServerAddress::parse("ftp://shop.example"), Err(AddressFault::Scheme));
        assert_eq!(ServerAddress::parse("shop.example:7443"), Err(AddressFault::Url));
    }

    #[test]
    fn a_fragment_that_is_no_pin_is_refused_rather_than_ignored() {
        let fault = ServerAddress::parse("https://shop.example#pin=abc");
        assert_eq!(fault, Err(AddressFault::Pin), "a mistyped pin must not become no pin");
    }

    #[test]
    fn endpoints_stand_below_the_base() {
        let address = ServerAddress::parse("https://shop.example/comptoir/").unwrap();
        assert_eq!(address.endpoint("v1/hello").as_str(), "https://shop.example/comptoir/v1/hello");
    }
}
