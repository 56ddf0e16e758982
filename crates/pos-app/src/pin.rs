//! PINs: how one is kept, and how long a person waits who tried too often.
//!
//! A PIN has so few digits that whoever holds the register's file could try them all, however slow each try is. So what
//! is kept depends on a pepper as well, which lies with the device's keys and never in the file, and at the counter it is
//! the waits that stop a guesser. Knows neither people nor files.

use std::collections::HashMap;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use pos_domain::CashierId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::AppError;

/// Memory of one check, in KiB: what OWASP's password storage sheet asks of argon2id with two passes. A till has it.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory, by the same sheet.
const PASSES: u32 = 2;
/// A till's slowest machine has one core to spare.
const LANES: u32 = 1;
/// Bytes of a salt: what RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// Tries before the first wait: enough for wet fingers, too few for a guess among ten thousand.
pub(crate) const FREE_TRIES: u32 = 5;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait: a person who remembered the PIN after all is back within a quarter of an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// The digits of a PIN, as somebody typed them. They do not print.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct PinDigits(String);

impl PinDigits {
    /// Wraps typed digits.
    pub fn new(digits: String) -> Self {
        Self(digits)
    }

    /// The digits, for the one place that checks them.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PinDigits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinDigits(hidden)")
    }
}

/// What is kept of a PIN: a PHC string. Takes tens of milliseconds.
pub(crate) fn hash(pin: &PinDigits, pepper: &[u8], salt: [u8; 32]) -> Result<String, AppError> {
    let salt = salt.get(..SALT_BYTES).unwrap_or_default();
    let kept: PasswordHash = peppered(pepper)?
        .hash_password_with_salt(pin.reveal().as_bytes(), salt)
        .map_err(AppError::internal)?;
    Ok(kept.to_string())
}

/// Whether these are the digits that a PHC string was made of. Takes tens of milliseconds.
pub(crate) fn is_right(pin: &PinDigits, pepper: &[u8], phc: &str) -> Result<bool, AppError> {
    match peppered(pepper)?.verify_password(pin.reveal().as_bytes(), phc) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(AppError::internal(error)),
    }
}

fn peppered(pepper: &[u8]) -> Result<Argon2<'_>, AppError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(AppError::internal)?;
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).map_err(AppError::internal)
}

/// How long a person waits after so many failures in a row.
pub(crate) fn wait_after(failures: u32) -> Duration {
    let Some(beyond) = failures.checked_sub(FREE_TRIES) else { return Duration::ZERO };
    let doubled = 1_u32.checked_shl(beyond).and_then(|times| FIRST_WAIT.checked_mul(times));
    doubled.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

/// When each person failed last, by the stopwatch of this run.
///
/// The machine's clock is not asked: whoever can set it could set it past a wait. What a failure of an earlier run leaves
/// to wait begins again with this one, so ending the program shortens nothing.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    began: Duration,
    failed_at: HashMap<CashierId, Duration>,
}

impl Waits {
    /// Of a run that begins at `now`.
    pub(crate) fn begin(now: Duration) -> Self {
        Self { began: now, failed_at: HashMap::new() }
    }

    /// What is left to wait at `now` for somebody who failed so often in a row; nothing when they may try.
    pub(crate) fn left(&self, who: CashierId, failures: u32, now: Duration) -> Option<Duration> {
        let since = self.failed_at.get(&who).copied().unwrap_or(self.began);
        let left = wait_after(failures).saturating_sub(now.saturating_sub(since));
        (!left.is_zero()).then_some(left)
    }

    /// Somebody tries now: until the PIN proves right this counts as a failure.
    pub(crate) fn count(&mut self, who: CashierId, now: Duration) {
        self.failed_at.insert(who, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_are_free_and_the_waits_double_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = (0..12).map(|failures| wait_after(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT, "no number of failures overflows");
    }

    #[test]
    fn digits_are_right_only_with_their_own_pepper_and_are_never_printed() {
        let pin = PinDigits::new("4071".into());
        let kept = hash(&pin, b"pepper of this till", [7; 32]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right(&pin, b"pepper of this till", &kept).unwrap());
        assert!(!is_right(&pin, b"another pepper", &kept).unwrap(), "a copied file checks no PIN");
        assert!(!is_right(&PinDigits::new("4072".into()), b"pepper of this till", &kept).unwrap());
        assert_eq!(format!("{pin:?}"), "PinDigits(hidden)");
    }
}
