//! Remembers that the server is out of reach, so that nobody at the counter waits to find it out again.
//!
//! Closed: requests go out. Open: none does, a checkout is answered "offline" at once. Half-open: one probe is
//! under way. What the probe is (a greeting) and when it is sent is the engine's business.

use crate::backoff::{Jitter, clock_millis, millis};
use std::time::Duration;

/// Longest pause between two probes, 2 s: together with the time of one greeting a queue starts to drain within 5 s
/// of the server's return.
pub const PROBE_EVERY: Duration = Duration::from_secs(2);
/// Shortest pause between two probes: half of [`PROBE_EVERY`], so that registers do not probe in step.
const PROBE_SOONEST: Duration = Duration::from_secs(1);
/// Requests in a row that may go unanswered before the breaker opens: one lost packet is no outage.
pub const SILENCES_TO_OPEN: u32 = 3;

/// What a failed request says about the way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// There is no way: refused, no name, a portal, a foreign certificate; or a customer has waited in vain.
    Certain,
    /// No answer came; a single one may be bad luck.
    Suspected,
}

/// Where the breaker stands. Times are on the engine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests go out.
    Closed,
    /// None does until the probe.
    Open {
        /// When to probe.
        probe_at_ms: i64,
    },
    /// The one probe is under way.
    HalfOpen,
}

/// The breaker of one server.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: BreakerState,
    silences: u32,
}

impl Breaker {
    /// A breaker for a server that was in reach when last seen.
    pub fn closed() -> Self {
        Self { state: BreakerState::Closed, silences: 0 }
    }

    /// A breaker for a server that was out of reach when last seen: probes at once.
    pub fn open(now_ms: i64) -> Self {
        Self { state: BreakerState::Open { probe_at_ms: now_ms }, silences: SILENCES_TO_OPEN }
    }

    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether ordinary requests go out.
    pub fn is_closed(&self) -> bool {
        self.state == BreakerState::Closed
    }

    /// Takes the one permit to probe, when it is due.
    pub fn take_probe(&mut self, now_ms: i64) -> bool {
        let due = matches!(self.state, BreakerState::Open { probe_at_ms } if probe_at_ms <= now_ms);
        #[cfg(feature = "planted")]
        let due = due && !pos_planted::is(pos_planted::Bug::BreakerNeverProbes);
        if due {
            self.state = BreakerState::HalfOpen;
        }
        due
    }

    /// Brings the next probe forward, as when the link has come back.
    pub fn hasten(&mut self, now_ms: i64) {
        if let BreakerState::Open { probe_at_ms } = self.state {
            self.state = BreakerState::Open { probe_at_ms: probe_at_ms.min(now_ms) };
        }
    }

    /// The server has answered something, whatever it was. True when it had been out of reach.
    pub fn answered(&mut self) -> bool {
        let was_out_of_reach = !self.is_closed();
        *self = Self::closed();
        was_out_of_reach
    }

    /// The probe found nobody.
    pub fn probe_failed(&mut self, now_ms: i64, jitter: &mut Jitter) {
        self.open_until_next_probe(now_ms, jitter);
    }

    /// An ordinary request failed. True when this opened the breaker. While it is not closed nothing changes: a
    /// late failure must neither postpone the probe nor let a second one go.
    pub fn request_failed(&mut self, outage: Outage, now_ms: i64, jitter: &mut Jitter) -> bool {
        if !self.is_closed() {
            return false;
        }
        self.silences = match outage {
            Outage::Certain => SILENCES_TO_OPEN,
            Outage::Suspected => self.silences.saturating_add(1),
        };
        if self.silences < SILENCES_TO_OPEN {
            return false;
        }
        self.open_until_next_probe(now_ms, jitter);
        true
    }

    fn open_until_next_probe(&mut self, now_ms: i64, jitter: &mut Jitter) {
        let pause = Duration::from_millis(jitter.between(millis(PROBE_SOONEST), millis(PROBE_EVERY)));
        self.state = BreakerState::Open { probe_at_ms: now_ms.saturating_add(clock_millis(pause)) };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jitter() -> Jitter {
        Jitter::from_seed(7)
    }

    #[test]
    fn one_unanswered_request_is_no_outage_and_the_third_in_a_row_is() {
        let mut breaker = Breaker::closed();
        assert!(!breaker.request_failed(Outage::Suspected, 0, &mut jitter()));
        assert!(!breaker.request_failed(Outage::Suspected, 0, &mut jitter()));
        breaker.answered();
        assert!(
            !breaker.request_failed(Outage::Suspected, 0, &mut jitter()),
            "an answer starts the count again"
        );
        assert!(!breaker.request_failed(Outage::Suspected, 0, &mut jitter()));
        assert!(breaker.request_failed(Outage::Suspected, 0, &mut jitter()), "three in a row are an outage");
        assert!(!breaker.is_closed());
    }

    #[test]
    fn a_refused_connection_opens_at_once() {
        let mut breaker = Breaker::closed();
        assert!(
            breaker.request_failed(Outage::Certain, 0, &mut jitter()),
            "the next customer must not wait for it"
        );
    }

    #[test]
    fn a_register_that_was_offline_starts_open_and_probes_at_once() {
        let mut breaker = Breaker::open(5);
        assert!(!breaker.is_closed(), "the first checkout after a start must not wait");
        assert!(breaker.take_probe(5));
    }

    #[test]
    fn a_late_failure_neither_postpones_the_probe_nor_frees_a_second_one() {
        let mut breaker = Breaker::open(0);
        assert!(breaker.take_probe(0));
        assert!(!breaker.request_failed(Outage::Certain, 10, &mut jitter()));
        assert!(!breaker.take_probe(60_000), "one probe is under way already");
    }

    proptest! {
        #[test]
        fn at_most_one_probe_is_ever_under_way(steps in prop::collection::vec((0_u8..5, 0_i64..3_000), 1..200)) {
            let mut breaker = Breaker::open(0);
            let (mut now, mut under_way) = (0, 0_u32);
            let mut jitter = jitter();
            for (step, pause) in steps {
                now += pause;
                match step {
                    0 => if breaker.take_probe(now) { under_way += 1; },
                    1 if under_way > 0 => { breaker.probe_failed(now, &mut jitter); under_way -= 1; }
                    2 if under_way > 0 => { breaker.answered(); under_way -= 1; }
                    3 => { breaker.request_failed(Outage::Certain, now, &mut jitter); }
                    _ => breaker.hasten(now),
                }
                prop_assert!(under_way <= 1);
                if let BreakerState::Open { probe_at_ms } = breaker.state() {
                    prop_assert!(probe_at_ms <= now + clock_millis(PROBE_EVERY), "never later than 2 s");
                }
            }
        }
    }
}
