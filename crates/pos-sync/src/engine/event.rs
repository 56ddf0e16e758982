//! What the engine is told, and what it asks for.

use std::time::Duration;

use pos_protocol::Limits;

use crate::breaker::Outage;

/// What the queue holds, as read by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueView {
    /// Operations that may be sent now. Need not be exact above [`pos_protocol::MAX_BATCH_OPS`].
    pub ready: u32,
    /// Time until the next operation becomes due.
    pub next_due_in: Option<Duration>,
    /// Links of the receipts chain that may be sent now.
    pub links: u32,
}

/// What a register has to do once it has met its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Read the feed from the cursor on.
    Follow,
    /// Read everything, then follow.
    FirstSync,
    /// The server was restored from a backup: send again what it lost, then read everything, then follow.
    Republish,
}

/// Why a request brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No answer of the server.
    Outage(Outage),
    /// The server cannot process it now.
    Busy {
        /// What it asked for.
        retry_after: Option<Duration>,
    },
    /// The register's own disk.
    Disk,
    /// The push as a whole was too large or not readable; nothing of it was processed.
    Indigestible,
    /// The cursor is of no use any more.
    ResnapshotRequired,
    /// The server does not let this register in. Only a person can change that.
    Denied,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The armed timer has run out.
    TimerFired,
    /// Something that can wait a little was queued.
    Wrote,
    /// A sale stands in the queue, final.
    SaleFinalised,
    /// A person or the shell asks for a round, or the shift closes.
    SyncNow,
    /// The system says that there may be a way to the server again.
    LinkRegained,
    /// A person asks for attachments to be tried at once.
    CarryNow,
    /// The server says that the feed has grown.
    StreamHint,
    /// A person stopped the exchange.
    Paused,
    /// A person let it go on.
    Resumed,
    /// A person stopped what was under way.
    Cancelled,
    /// The program ends: send what can be sent, then finish.
    Shutdown,
    /// The wall clock was set: due times on the disk may mean something else now.
    ClockJumped,
    /// Answer to [`Effect::LookAtQueue`].
    QueueSeen(QueueView),
    /// The server greeted back.
    Greeted {
        /// What it allows.
        limits: Limits,
        /// What is to be done.
        course: Course,
    },
    /// The greeting failed.
    GreetingFailed(Trouble),
    /// A push was answered and its verdicts are on the disk.
    Pushed {
        /// Operations in it.
        sent: u32,
        /// Time until the answer.
        took: Duration,
        /// The queue afterwards.
        queue: QueueView,
    },
    /// Nothing of the queue could be claimed.
    NothingClaimed {
        /// Something is ready all the same: it waits for what is under way, or another process drains.
        ready: bool,
    },
    /// A push was not processed; its operations are back in the queue.
    PushFailed {
        /// Operations in it.
        sent: u32,
        /// Why.
        trouble: Trouble,
        /// The queue afterwards.
        queue: QueueView,
    },
    /// The feed was read to its end.
    Pulled,
    /// Reading the feed failed; what was promoted stays.
    PullFailed(Trouble),
    /// Everything was read once.
    FirstSyncDone,
    /// The first sync broke off; it goes on from its checkpoint.
    FirstSyncFailed(Trouble),
    /// A piece of an attachment was carried, or could not be, or there was none. No failure of it is anybody else's.
    Carried {
        /// When to come back; none when nothing is left to carry.
        again_in: Option<Duration>,
    },
    /// The checkout lane was answered.
    CheckoutAnswered,
    /// The checkout lane was not.
    CheckoutFailed(Trouble),
}

/// What the driver has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send [`Event::TimerFired`] then; replaces the timer armed before.
    ArmTimer {
        /// On the engine's clock.
        at_ms: i64,
    },
    /// Greet the server. Also the probe while it is out of reach.
    Greet,
    /// Read what the queue holds.
    LookAtQueue,
    /// Claim, check and send operations and chain links.
    ClaimAndPush {
        /// Most operations.
        max_ops: u32,
        /// Most bytes of bodies.
        max_bytes: u32,
    },
    /// Read the feed to its end.
    Pull,
    /// Read everything, from the checkpoint on.
    FirstSync,
    /// Carry a piece of an attachment.
    Carry,
    /// Tell those who watch.
    PublishStatus,
    /// Nothing is left to do: end.
    Finish,
}

/// Whether the server was in reach when this register last ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastSeen {
    /// It was.
    InReach,
    /// It was not: a checkout waits for nothing until a probe has found it.
    OutOfReach,
}
