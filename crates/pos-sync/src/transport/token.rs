//! The secret by which a server knows this register.

use reqwest::header::{HeaderValue, InvalidHeaderValue};

/// A device token. Does not print.
#[derive(Clone)]
pub struct DeviceToken(HeaderValue);

impl DeviceToken {
    /// From the text that the pairing gave.
    ///
    /// # Errors
    /// When the text cannot stand in a header.
    pub fn new(token: &str) -> Result<Self, InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceToken(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_print() {
        let token = DeviceToken::new("00ff00ff").unwrap();
        assert!(!format!("{token:?} {:?}", token.header()).contains("00ff"), "logs must not hold secrets");
    }
}
