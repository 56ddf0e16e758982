//! Random ids, device tokens and pairing codes. The only owner of randomness on the server.

use pos_domain::Hash32;
use uuid::{Builder, Uuid};

use crate::error::ServerError;

/// Letters of Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 8 x 5 = 40 bits.
const CODE_CHARS: usize = 8;
/// Separates the hashes of codes from any other use of BLAKE3.
const CODE_DOMAIN: &str = "comptoir.pairing.v1";

/// A new UUIDv7.
pub(crate) fn new_id(now_ms: i64) -> Result<Uuid, ServerError> {
    let millis = u64::try_from(now_ms).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random::<10>()?).into_uuid())
}

/// A device token: 256 random bits as hex, and the hash that the server keeps. A fast hash suffices, for nobody
/// guesses 256 bits.
pub(crate) fn new_token() -> Result<(String, Hash32), ServerError> {
    let token = hex::encode(random::<32>()?);
    let hash = token_hash(&token);
    Ok((token, hash))
}

/// The hash by which a device token is known.
pub(crate) fn token_hash(token: &str) -> Hash32 {
    Hash32::of(token.as_bytes())
}

/// A new pairing code as shown: `XXXX-XXXX`.
pub(crate) fn new_code() -> Result<String, ServerError> {
    let mut bits = random::<5>()?.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut code = String::with_capacity(CODE_CHARS + 1);
    for place in 0..CODE_CHARS {
        if place == CODE_CHARS / 2 {
            code.push('-');
        }
        let letter = usize::try_from(bits & 31).ok().and_then(|index| ALPHABET.get(index));
        code.push(char::from(*letter.unwrap_or(&b'0')));
        bits >>= 5;
    }
    Ok(code)
}

/// The hash by which a typed code is known, whatever its case, spaces and dashes; `None` for what cannot be a code.
/// Crockford's rules read O as 0 and I and L as 1.
pub(crate) fn code_hash(typed: &str) -> Option<Hash32> {
    let mut code = String::with_capacity(CODE_CHARS);
    for letter in typed.chars().filter(|letter| !matches!(letter, ' ' | '-')) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let known = u8::try_from(letter).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !known || code.len() == CODE_CHARS {
            return None;
        }
        code.push(letter);
    }
    (code.len() == CODE_CHARS).then(|| Hash32::of(format!("{CODE_DOMAIN}:{code}").as_bytes()))
}

fn random<const N: usize>() -> Result<[u8; N], ServerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(ServerError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_people_type_it() {
        let hash = code_hash("0A1B-CDEF");
        assert!(hash.is_some());
        for typed in ["0a1b cdef", "OAIBCDEF", " oalb-cd-ef "] {
            assert_eq!(code_hash(typed), hash, "{typed:?} is the same code to a person");
        }
        for wrong in ["", "0A1B-CDE", "0A1B-CDEFG", "0A1B-CDEU", "0A1B-CDE\u{e9}"] {
            assert_eq!(code_hash(wrong), None, "{wrong:?} cannot be a code");
        }
    }

    #[test]
    fn each_new_code_is_readable_and_of_its_own() {
        let codes: std::collections::HashSet<String> = (0..100).map(|_| new_code().unwrap()).collect();
        assert_eq!(codes.len(), 100, "40 random bits do not repeat within a hundred");
        assert!(codes.iter().all(|code| code_hash(code).is_some()));
    }

    #[test]
    fn an_id_carries_its_time() {
        let id = new_id(1_700_000_000_000).unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().map(|t| t.to_unix()), Some((1_700_000_000, 0)));
    }
}
