//! Stopping what is under way at its last checkpoint.
//!
//! Reading may break off anywhere: a page that was fetched and not written is fetched again, and what was written
//! carries its checkpoint. A push that has left is waited for, since its verdicts are worth having; no other follows.

use std::future::Future;

use pos_protocol::SyncApi;
use tokio::sync::watch;

use super::{Exchange, SyncError};

/// Counts the times that people stopped what was under way.
#[derive(Debug, Default)]
pub(crate) struct Stops(watch::Sender<u32>);

/// A moment to which later stops are compared.
#[derive(Debug)]
pub(crate) struct SinceThen(watch::Receiver<u32>);

impl SinceThen {
    /// Fails once somebody stopped what was under way at that moment.
    pub(crate) fn check(&self) -> Result<(), SyncError> {
        // The sender lives as long as the exchange.
        if self.0.has_changed().unwrap_or(false) { Err(SyncError::Cancelled) } else { Ok(()) }
    }
}

impl<A: SyncApi> Exchange<A> {
    /// Stops what is under way.
    pub(crate) fn stop(&self) {
        self.stops.0.send_modify(|stops| *stops = stops.wrapping_add(1));
    }

    /// From now on.
    pub(crate) fn stops_from_now(&self) -> SinceThen {
        SinceThen(self.stops.0.subscribe())
    }

    /// Does the work until somebody stops it.
    pub(super) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, SyncError>>,
    ) -> Result<T, SyncError> {
        let SinceThen(mut stops) = self.stops_from_now();
        tokio::select! {
            biased;
            Ok(()) = stops.changed() => Err(SyncError::Cancelled),
            done = work => done,
        }
    }
}
