//! What can happen in a round of chaos.

use std::time::Duration;

use pos_testkit::proxy::Fault;
use rand::RngExt;
use rand::rngs::StdRng;

/// Pause before each byte of a slow server: an answer of 600 bytes takes longer than a checkout waits.
const TRICKLE: Duration = Duration::from_millis(2);
/// A delay that is about what a checkout waits.
const DELAY: Duration = Duration::from_millis(500);
/// How far a clock jumps, in milliseconds: a summer time, a day, and a battery that was empty for three years.
const JUMPS_MS: [i64; 3] = [3_600_000, 86_400_000, 3 * 365 * 86_400_000];

/// What the network does, by name.
pub(crate) const FAULTS: [(&str, Fault); 16] = [
    ("request lost", Fault::LoseRequest),
    ("reply lost", Fault::LoseReply),
    ("request doubled", Fault::Twice),
    ("request doubled at once", Fault::TwiceAtOnce),
    ("request late", Fault::Hold),
    ("delay", Fault::Delay(DELAY)),
    ("request cut", Fault::CutRequest),
    ("reply cut", Fault::CutReply),
    ("reset", Fault::Reset),
    ("reset in the reply", Fault::ResetReply),
    ("half open", Fault::Silence),
    ("half open after the request", Fault::SilenceAfter),
    ("slow server", Fault::Trickle(TRICKLE)),
    ("portal: a page", Fault::Portal),
    ("portal: a redirect", Fault::Redirect),
    ("wrong certificate", Fault::Impostor),
];

/// What happens in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// SIGKILL.
    KillServer,
    /// SIGSTOP.
    FreezeServer,
    /// SIGKILL.
    KillRegister,
    /// SIGSTOP.
    FreezeRegister,
    /// Every connection of a register breaks.
    Cable,
    /// A register's clock is so far ahead from now on, in milliseconds.
    Clock(i64),
    /// One of [`FAULTS`].
    Network(usize),
}

impl Trouble {
    /// What happens next.
    pub(crate) fn draw(chance: &mut StdRng) -> Self {
        match chance.random_range(0..100) {
            0..8 => Self::None,
            8..16 => Self::KillServer,
            16..22 => Self::FreezeServer,
            22..32 => Self::KillRegister,
            32..40 => Self::FreezeRegister,
            40..45 => Self::Cable,
            45..53 => {
                let jump = JUMPS_MS[chance.random_range(0..JUMPS_MS.len())];
                Self::Clock([jump, -jump, 0][chance.random_range(0..3)])
            }
            _ => Self::Network(chance.random_range(0..FAULTS.len())),
        }
    }

    /// As it is counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::KillServer => "server killed",
            Self::FreezeServer => "server frozen",
            Self::KillRegister => "register killed",
            Self::FreezeRegister => "register frozen",
            Self::Cable => "cable pulled",
            Self::Clock(_) => "clock jumped",
            Self::Network(_) => "network",
        }
    }
}
