//! What a verdict says of an operation: whether it is kept, whether it changed something, and where.

use pos_protocol::Verdict;

/// Where the effects of an operation begin in the feed.
pub(super) fn feed_seq(verdict: &Verdict) -> Option<u64> {
    match verdict {
        Verdict::Applied { feed_seq, .. } | Verdict::Conflict { feed_seq, .. } => Some(*feed_seq),
        Verdict::InsufficientStock { .. }
        | Verdict::Rejected { .. }
        | Verdict::BlockedBy { .. }
        | Verdict::Gap { .. }
        | Verdict::BodyMismatch
        | Verdict::StaleEpoch { .. }
        | Verdict::UnknownKind
        | Verdict::Retry { .. } => None,
    }
}

/// Whether an operation with this verdict changed something that others may depend on.
pub(super) fn stands(verdict: &Verdict) -> bool {
    feed_seq(verdict).is_some()
}

pub(super) fn is_stored(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Applied { .. }
        | Verdict::Conflict { .. }
        | Verdict::InsufficientStock { .. }
        | Verdict::Rejected { .. } => true,
        Verdict::BlockedBy { .. }
        | Verdict::Gap { .. }
        | Verdict::BodyMismatch
        | Verdict::StaleEpoch { .. }
        | Verdict::UnknownKind
        | Verdict::Retry { .. } => false,
    }
}
