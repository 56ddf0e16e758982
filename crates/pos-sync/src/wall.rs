//! Notices when the wall clock was set, or the machine slept.

use std::time::Duration;

/// A wall clock that drifts this far from monotonic time was set, or the machine slept, 5 s.
const CLOCK_JUMP: Duration = Duration::from_secs(5);

/// The two clocks, as they last stood to each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WallWatch {
    /// Wall-clock time when monotonic time was nothing, in milliseconds.
    began_wall_ms: i64,
}

impl WallWatch {
    pub(crate) fn new(wall_ms: i64, now_ms: i64) -> Self {
        Self { began_wall_ms: wall_ms.saturating_sub(now_ms) }
    }

    /// Whether the wall clock went another way than time did; if so, it is believed from now on.
    pub(crate) fn jumped(&mut self, wall_ms: i64, now_ms: i64) -> bool {
        let off = wall_ms.abs_diff(self.began_wall_ms.saturating_add(now_ms));
        let jumped = Duration::from_millis(off) > CLOCK_JUMP;
        if jumped {
            *self = Self::new(wall_ms, now_ms);
        }
        jumped
    }
}
