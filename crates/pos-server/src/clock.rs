//! The server's clock: the one place where time enters, so that tests and simulations pass their own.

use std::fmt;
use std::sync::Arc;

/// Tells the time in milliseconds since 1970 UTC. Clones share one source.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(system_now_ms))
    }

    /// Any other source.
    pub fn from_fn(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// Now, in milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[expect(clippy::disallowed_methods, reason = "this module is the owner of the clock")]
fn system_now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
