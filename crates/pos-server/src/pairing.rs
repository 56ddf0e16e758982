//! Joining: invitations by code, and the exchange of a code for a device token.

use pos_domain::{DeviceId, Hash32};
use pos_protocol::{ApiError, Business, PairRequest, PairResponse, ProblemCode};

use crate::batch::{Batch, Failing, load_settings};
use crate::business::take_over;
use crate::clock::Clock;
use crate::error::{ServerError, refused, unavailable};
use crate::location::Location;
use crate::remembered::Remembered;
use crate::secret::{code_hash, new_code, new_token};
use crate::storage::device::{self, Device};
use crate::storage::{Sql, StorageError, Tx, WriteFault, audit, beside, business, pairing};

/// How long a code lives: time to walk from the server to the register. 10 minutes in milliseconds.
pub const CODE_LIFETIME_MS: i64 = 10 * 60 * 1_000;
/// Longest name of a register.
const MAX_NAME_CHARS: usize = 100;
/// Longest series of documents, such as `R1`.
const MAX_SERIES_CHARS: usize = 16;

/// A code that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// As shown: `XXXX-XXXX`.
    pub code: String,
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_at_ms: i64,
}

/// Makes a pairing code for a business, whether or not its server runs.
///
/// # Errors
/// [`ServerError::NoBusiness`] for an empty folder.
pub fn invite(location: impl Into<Location>, clock: &Clock) -> Result<Code, ServerError> {
    let code = new_code()?;
    let now_ms = clock.now_ms();
    let expires_at_ms = now_ms + CODE_LIFETIME_MS;
    let Some(hash) = code_hash(&code) else { return Err(ServerError::NoBusiness) };
    beside::write(&location.into(), move |tx| pairing::insert(tx, hash, now_ms, expires_at_ms))?;
    Ok(Code { code, expires_at_ms })
}

/// Why a register was not joined. Everything but a wrong code leaves the code as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairFault {
    #[error("the pairing was refused")]
    Refused(ApiError),
    #[error(transparent)]
    Sql(#[from] StorageError),
}

/// What a pairing writes.
pub(crate) struct Joining {
    pub(crate) request: PairRequest,
    pub(crate) token: String,
    pub(crate) token_hash: Hash32,
    pub(crate) now_ms: i64,
}

impl Joining {
    /// Checks what can be checked without the database, and makes the token.
    pub(crate) fn new(mut request: PairRequest, now_ms: i64) -> Result<Self, ApiError> {
        request.register = request.register.trim().to_owned();
        let name = &request.register;
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(refused(ProblemCode::BadRequest, "a register needs a printable name"));
        }
        let (token, token_hash) = new_token().map_err(|fault| unavailable(&fault))?;
        Ok(Self { request, token, token_hash, now_ms })
    }

    /// Joins the register. The outer `Ok` is committed: a wrong code counts against the open ones.
    pub(crate) fn run(&self, tx: Tx<'_>) -> Result<Result<PairResponse, ApiError>, PairFault> {
        let request = &self.request;
        let taken = match code_hash(&request.code) {
            Some(hash) => pairing::take(tx, hash, self.now_ms)?,
            None => false,
        };
        if !taken {
            pairing::count_failure(tx)?;
            let detail = serde_json::json!({ "register": request.register });
            audit::record(tx, self.now_ms, "pairing_refused", Some(request.device_id), None, &detail)?;
            return Ok(Err(refused(ProblemCode::PairingRefused, "the code is wrong, used or expired")));
        }
        let known = device::find(tx, request.device_id)?;
        let series = match known {
            Some(known) if known.public_key != request.public_key || known.revoked_at_ms.is_some() => {
                let detail = "a register with this id joined with another key or was revoked";
                return Err(PairFault::Refused(refused(ProblemCode::PairingRefused, detail)));
            }
            Some(known) => known.series,
            None => choose_series(tx, request)?,
        };
        bring(tx, self)?;
        let device = Device {
            device_id: request.device_id,
            name: request.register.clone(),
            public_key: request.public_key,
            series: series.clone(),
            joined_at_ms: self.now_ms,
            revoked_at_ms: None,
        };
        device::save(tx, &device, self.token_hash)?;
        let detail = serde_json::json!({ "register": device.name, "series": series });
        audit::record(tx, self.now_ms, "register_joined", Some(device.device_id), None, &detail)?;
        let row = business::get(tx)?;
        let business =
            Business { tenant_id: row.tenant_id, outlet_id: row.outlet_id, settings: load_settings(tx)? };
        Ok(Ok(PairResponse { token: self.token.clone(), business, series }))
    }
}

/// Revokes a register of a business, whether or not its server runs; `false` when there is none of this id.
///
/// # Errors
/// See [`ServerError`].
pub fn revoke(
    location: impl Into<Location>,
    device_id: DeviceId,
    clock: &Clock,
) -> Result<bool, ServerError> {
    let now_ms = clock.now_ms();
    beside::write(&location.into(), move |tx| {
        let revoked = device::revoke(tx, device_id, now_ms)?;
        if revoked {
            audit::record(tx, now_ms, "register_revoked", Some(device_id), None, &serde_json::json!({}))?;
        }
        Ok(revoked)
    })
}

/// The answer to a failed write of a pairing.
pub(crate) fn answer(error: WriteFault<PairFault>) -> ApiError {
    if let WriteFault::Job(PairFault::Refused(refusal)) = error {
        return refusal;
    }
    unavailable(&error.into())
}

/// Only an empty business takes another's place; the same business joins as it is.
fn bring(tx: Tx<'_>, joining: &Joining) -> Result<(), PairFault> {
    let Some(brought) = &joining.request.bring else { return Ok(()) };
    if business::get(tx)?.tenant_id == brought.tenant_id {
        return Ok(());
    }
    if !business::is_empty(tx)? {
        let detail = "the business on this server is not empty";
        return Err(PairFault::Refused(refused(ProblemCode::BusinessNotEmpty, detail)));
    }
    let mut batch = Batch::begin(tx, Failing::Alone, joining.now_ms, Remembered::default())?;
    take_over(&mut batch, brought)?;
    batch.finish()?;
    Ok(())
}

/// The register's own series if it is free and printable, else the next `R<n>` that is.
fn choose_series(tx: Tx<'_>, request: &PairRequest) -> Sql<String> {
    if let Some(wanted) = &request.series {
        let printable = !wanted.is_empty()
            && wanted.len() <= MAX_SERIES_CHARS
            && wanted.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if printable && !device::series_is_taken(tx, wanted, request.device_id)? {
            return Ok(wanted.clone());
        }
    }
    #[cfg(feature = "planted")] // Incident 19.
    if pos_planted::is(pos_planted::Bug::OneSeriesForAll) {
        return Ok("R1".to_owned());
    }
    loop {
        let series = format!("R{}", business::next_series(tx)?);
        if !device::series_is_taken(tx, &series, request.device_id)? {
            return Ok(series);
        }
    }
}
