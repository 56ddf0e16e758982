//! How a register talks to its server.
//!
//! Owns: when to talk (the [`engine`], a state machine without I/O), what is said (the steps of a push, a pull, a
//! first sync), how it travels (the HTTP transport) and what becomes of the answers. Tables belong to `pos_store`,
//! wire types to `pos_protocol`, the use cases of the till to `pos_app`.
//!
//! Must not know: the window, the shell, the meaning of a sale beyond what the queue needs. Clock, ids and randomness
//! are passed in.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for tests: no release build has them");

pub mod backoff;
pub mod batch;
pub mod breaker;
pub mod bucket;
pub mod check;
pub mod engine;
pub mod schedule;
pub mod status;
pub mod transport;
pub mod trouble;

mod chunk;
mod driver;
mod exchange;
mod handle;
mod perform;
mod stepper;
mod wall;

pub use exchange::{
    Answered, Background, CheckoutAnswer, ClockFn, Comparison, ComparisonOutcome, Difference, DifferenceKind,
    DryRun, End, InvalidOperation, Outcome, Parts, RoundReport, SaleVerdict, Silence, Stopwatch, SyncError,
    apply_verdict,
};
pub use handle::SyncHandle;
pub use pos_protocol::{
    ApiError, Business, PairRequest, PairResponse, ProblemCode, SaleAnswer, SaleFound, ShortLine, SyncApi,
};
pub use stepper::{Step, Stepper};
