//! A server of another version than the register that asks it.
//!
//! Only one version exists, so the difference is made on the way, where it would be seen: what a newer register sends
//! has kinds that the real server has never heard of, and what a newer server sends has rows that the real register has
//! never heard of, or speaks a protocol that it does not.

use pos_protocol::{ApiError, FeedRow, PROTOCOL, ProtocolRange};
use pos_sync::transport::{Question, Reply};
use uuid::Uuid;

use crate::road::Answer;

/// How old the server is, as one register finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Same,
    /// It does not know some kinds of operations; sales it knows.
    Older,
    /// It sends rows of kinds that the register does not know.
    Newer,
    /// It greets in a protocol that the register does not speak, and still takes its pushes.
    MuchNewer,
}

/// Kinds of operations that only newer servers know in a newer shape.
const NEW_KINDS: [&str; 3] = ["entity.update", "entity.delete", "conflict.resolve"];

/// A question as the server hears it.
pub(crate) fn as_heard(mut question: Question, age: Age) -> Question {
    if age == Age::Older
        && let Question::Push(push) = &mut question
    {
        let newer = push.operations.iter_mut().filter(|o| NEW_KINDS.contains(&o.kind.as_str()));
        newer.for_each(|operation| operation.kind.push_str(".next"));
    }
    question
}

/// An answer as the register hears it.
pub(crate) fn as_said(answer: Result<Reply, ApiError>, age: Age) -> Answer {
    let mut answer = answer?;
    match (&mut answer, age) {
        (Reply::Hello(hello), Age::MuchNewer) => {
            hello.protocol = ProtocolRange { min: PROTOCOL + 1, max: PROTOCOL + 2 };
        }
        // Behind the last row, where the feed has a place for it.
        (Reply::Pull(page), Age::Newer) if page.rows.last().is_none_or(|row| row.seq < page.next.seq) => {
            page.rows.push(FeedRow {
                seq: page.next.seq,
                entity: "loyalty_card".to_owned(),
                id: Uuid::from_u128(u128::from(page.next.seq)),
                rev: 1,
                deleted: false,
                origin_device: None,
                origin_op: None,
                data: serde_json::value::to_raw_value(&serde_json::json!({ "points": 3 })).ok(),
            });
        }
        _ => {}
    }
    Ok(answer)
}
