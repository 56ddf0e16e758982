//! Whether the register is locked, and since when nobody touched it. Lives as long as the program; who sits at the
//! register stands in its file.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Who may give a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Anybody, while the register is locked as well: what tells who sits there, locks and unlocks.
    Open,
    /// The person at the register, whose role must have the permission.
    Role,
    /// The person at the register: the command looks for itself whether the role has the permission, or takes another
    /// person's yes to what it does.
    RoleOrApproval,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Session {
    locked: bool,
    touched_at: Duration,
}

impl Session {
    /// Of a register that has PINs and was just opened.
    pub(crate) fn locked(now: Duration) -> Self {
        Self { locked: true, touched_at: now }
    }

    /// Whether nobody is let in without saying who they are.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }

    /// Somebody said who they are.
    pub(crate) fn unlock(&mut self, now: Duration) {
        *self = Self { locked: false, touched_at: now };
    }

    /// Locks; `false` when it was locked already.
    pub(crate) fn lock(&mut self) -> bool {
        !std::mem::replace(&mut self.locked, true)
    }

    /// A person did something.
    pub(crate) fn touch(&mut self, now: Duration) {
        self.touched_at = now;
    }

    /// Locks a register that nobody touched for so long; `true` when it does so now. Zero is never.
    pub(crate) fn lock_when_left(&mut self, now: Duration, limit: Duration) -> bool {
        let left_alone = !limit.is_zero() && now.saturating_sub(self.touched_at) >= limit;
        left_alone && self.lock()
    }
}
