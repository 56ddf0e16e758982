//! The latch of a sale: what a server does when an operation comes, perhaps again, and perhaps under another mode.
//!
//! A verdict never changes but by the mode of a sale: a refusal for lack of stock becomes an oversold sale when the
//! register says that it happened, and a sale that was only asked for can be taken back. This is the whole of that
//! rule, with nothing around it, so that the server runs it and a model checker explores it: docs/MODEL.md.

use crate::operation::Mode;
use crate::verdict::{RejectReason, Verdict};

/// What a server holds of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// It never came, or its verdict was not one that is stored.
    Nothing,
    /// It stands.
    Applied {
        /// It was only asked for: the register may still take it back.
        asked: bool,
    },
    /// Refused for lack of stock.
    Short,
    /// Refused for good.
    Rejected,
    /// Taken back; it will never be applied.
    Withdrawn,
}

impl Held {
    /// What a stored verdict amounts to, with the mode under which it was last given.
    pub fn of(verdict: &Verdict, mode: Mode) -> Self {
        match verdict {
            Verdict::Applied { .. } | Verdict::Conflict { .. } => {
                Self::Applied { asked: mode == Mode::Admit }
            }
            Verdict::InsufficientStock { .. } => Self::Short,
            Verdict::Rejected { reason: RejectReason::Withdrawn, .. } => Self::Withdrawn,
            Verdict::Rejected { .. } => Self::Rejected,
            Verdict::BlockedBy { .. }
            | Verdict::Gap { .. }
            | Verdict::BodyMismatch
            | Verdict::StaleEpoch { .. }
            | Verdict::UnknownKind
            | Verdict::Retry { .. } => Self::Nothing,
        }
    }
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Applies it if everything is there, refuses it otherwise, and keeps the verdict.
    Ask,
    /// Applies it whatever the stock is, and keeps the verdict; what is missing is oversold.
    Record,
    /// Keeps that it is taken back, so that it is never applied. Nothing was.
    Bar,
    /// Undoes what it did and keeps that it is taken back.
    Undo,
    /// Says the stored verdict again.
    Repeat,
    /// Says the stored verdict again and keeps that it is a fact from now on.
    Confirm,
    /// Says the stored verdict again and keeps the request aside: the register contradicts itself.
    Contradiction,
}

/// What a server does with an operation whose body is sound, of which it holds `held`.
pub const fn react(held: Held, mode: Mode) -> Reaction {
    match (held, mode) {
        (Held::Nothing, Mode::Admit) => Reaction::Ask,
        (Held::Nothing | Held::Short, Mode::Fact) => Reaction::Record,
        (Held::Nothing | Held::Short, Mode::Withdraw) => Reaction::Bar,
        (Held::Applied { asked: true }, Mode::Fact) => Reaction::Confirm,
        (Held::Applied { asked: true }, Mode::Withdraw) => Reaction::Undo,
        // A receipt was printed, or a cart was given back: one register cannot say both.
        (Held::Applied { asked: false }, Mode::Withdraw) | (Held::Withdrawn, Mode::Fact) => {
            Reaction::Contradiction
        }
        (Held::Applied { .. } | Held::Short | Held::Withdrawn, Mode::Admit)
        | (Held::Applied { asked: false }, Mode::Fact)
        | (Held::Withdrawn, Mode::Withdraw)
        | (Held::Rejected, Mode::Admit | Mode::Fact | Mode::Withdraw) => Reaction::Repeat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of docs/PROTOCOL.md, written down once more.
    #[test]
    fn the_rule_is_the_table_of_the_protocol() {
        let modes = [Mode::Admit, Mode::Fact, Mode::Withdraw];
        let row = |held| modes.map(|mode| react(held, mode));
        use Reaction::{Ask, Bar, Confirm, Contradiction, Record, Repeat, Undo};
        assert_eq!(row(Held::Nothing), [Ask, Record, Bar]);
        assert_eq!(row(Held::Applied { asked: true }), [Repeat, Confirm, Undo]);
        assert_eq!(row(Held::Applied { asked: false }), [Repeat, Repeat, Contradiction]);
        assert_eq!(row(Held::Short), [Repeat, Record, Bar]);
        assert_eq!(row(Held::Rejected), [Repeat, Repeat, Repeat]);
        assert_eq!(row(Held::Withdrawn), [Repeat, Contradiction, Repeat]);
    }
}
