//! The real clock and the one place that reads it on a register. Everything else takes a [`Clock`].

use std::sync::Arc;

/// Milliseconds since 1970 UTC.
pub type ClockFn = dyn Fn() -> i64 + Send + Sync;

/// Tells the time. Cheap to clone; tests pass their own.
#[derive(Clone)]
pub struct Clock(Arc<ClockFn>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the owner of the real clock")]
        Self(Arc::new(|| chrono::Utc::now().timestamp_millis()))
    }

    /// A clock that tests move.
    pub fn from_fn(f: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(f))
    }

    /// Now, in milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }

    /// The underlying function, for crates that take a plain one.
    pub fn as_fn(&self) -> Arc<ClockFn> {
        Arc::clone(&self.0)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// A time as people of the shop read it, `YYYY-MM-DDTHH:MM:SS` in this machine's time zone.
pub fn local_text(at_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at_ms)
        .map(|utc| utc.with_timezone(&chrono::Local).format("%Y-%m-%dT%H:%M:%S").to_string())
        .unwrap_or_default()
}
