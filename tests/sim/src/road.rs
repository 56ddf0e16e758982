//! The network between registers and server: every question and every answer lies in the simulator's hands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pos_protocol::{ApiError, Problem, ProblemCode};
use pos_sync::transport::{Question, Reply, ServerFn};
use tokio::sync::oneshot;

use crate::chance::Chance;
use crate::versions::Age;

/// What an answer is.
pub(crate) type Answer = Result<Reply, ApiError>;

/// A question that a register has asked and that nobody has taken up yet.
pub(crate) struct Asked {
    pub(crate) till: usize,
    pub(crate) token: Option<String>,
    pub(crate) question: Question,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// The side of it that registers see.
#[derive(Clone, Default)]
pub(crate) struct Road(Arc<Mutex<Traffic>>);

#[derive(Default)]
struct Traffic {
    asked: Vec<Asked>,
    /// Questions of each register without an answer.
    open: BTreeMap<usize, usize>,
}

/// A question without an answer, until it is dropped.
struct Open {
    road: Road,
    till: usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(open) = self.road.0.lock().unwrap().open.get_mut(&self.till) {
            *open -= 1;
        }
    }
}

impl Road {
    /// The way of one register.
    pub(crate) fn of(&self, till: usize) -> ServerFn {
        let road = self.clone();
        Arc::new(move |token, question| {
            let (reply, answer) = oneshot::channel();
            let token = token.map(str::to_owned);
            let mut traffic = road.0.lock().unwrap();
            traffic.asked.push(Asked { till, token, question, reply });
            *traffic.open.entry(till).or_default() += 1;
            drop(traffic);
            let open = Open { road: road.clone(), till };
            Box::pin(async move {
                let answer = answer.await.unwrap_or_else(|_| Err(no_answer("the wire was cut")));
                drop(open);
                answer
            })
        })
    }

    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    /// Whether a register has asked and has no answer yet.
    pub(crate) fn has_asked(&self, till: usize) -> bool {
        self.0.lock().unwrap().open.get(&till).is_some_and(|open| *open > 0)
    }
}

/// How the way of a register stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Weather {
    #[default]
    Clear,
    /// No link: certain at once.
    Cut,
    /// Requests are lost.
    DeafOut,
    /// Replies are lost.
    DeafIn,
    /// A portal answers everything.
    Portal,
    /// The server answers that it cannot answer.
    Busy,
    /// Each message may meet anything.
    Storm,
    /// The server is of another version.
    Version(Age),
}

/// What becomes of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Arrives after so long, its answer after so long again.
    Passes {
        /// Until it arrives, in milliseconds.
        there_ms: i64,
        /// Until its answer is back.
        back_ms: i64,
    },
    /// Arrives, its answer does not.
    ReplyLost { there_ms: i64 },
    /// Does not arrive.
    RequestLost,
    /// Arrives twice; the later answer is lost.
    Doubled { there_ms: i64, again_ms: i64, back_ms: i64 },
    /// Arrives when nobody waits for it any more.
    Late { there_ms: i64 },
    /// Nothing was sent.
    Unreachable,
    /// A portal's page.
    Portal,
    /// 503 or 429.
    Busy { retry_after_ms: u64 },
}

impl Weather {
    /// How old the server is to those who ask in this weather.
    pub(crate) fn age(self) -> Age {
        match self {
            Self::Version(age) => age,
            Self::Clear
            | Self::Cut
            | Self::DeafOut
            | Self::DeafIn
            | Self::Portal
            | Self::Busy
            | Self::Storm => Age::Same,
        }
    }
}

impl Fate {
    /// Draws the fate of a question in some weather. `limit_ms` is how long the asker waits.
    pub(crate) fn draw(weather: Weather, limit_ms: i64, chance: &mut Chance) -> Self {
        let there_ms = latency(chance);
        let back_ms = latency(chance);
        match weather {
            Weather::Clear | Weather::Version(_) => Self::Passes { there_ms, back_ms },
            Weather::Cut => Self::Unreachable,
            Weather::DeafOut => Self::RequestLost,
            Weather::DeafIn => Self::ReplyLost { there_ms },
            Weather::Portal => Self::Portal,
            Weather::Busy => {
                Self::Busy { retry_after_ms: u64::try_from(chance.between(100, 8_000)).unwrap() }
            }
            Weather::Storm => match chance.below(100) {
                0..=54 => Self::Passes { there_ms, back_ms },
                55..=69 => Self::ReplyLost { there_ms },
                70..=76 => Self::RequestLost,
                77..=84 => Self::Doubled { there_ms, again_ms: there_ms + chance.between(1, 9_000), back_ms },
                85..=90 => Self::Late { there_ms: limit_ms + chance.between(1, 90_000) },
                91..=93 => Self::Unreachable,
                94..=96 => Self::Portal,
                _ => Self::Busy { retry_after_ms: u64::try_from(chance.between(100, 8_000)).unwrap() },
            },
        }
    }

    /// The name under which it is counted; none for what is no fault.
    pub(crate) fn fault(self) -> Option<&'static str> {
        match self {
            Self::Passes { there_ms, back_ms } => (there_ms + back_ms > 2_000).then_some("slow answer"),
            Self::ReplyLost { .. } => Some("lost reply"),
            Self::RequestLost => Some("lost request"),
            Self::Doubled { .. } => Some("doubled request"),
            Self::Late { .. } => Some("late request"),
            Self::Unreachable => Some("unreachable"),
            Self::Portal => Some("portal"),
            Self::Busy { .. } => Some("busy"),
        }
    }
}

/// One way: mostly quick, now and then as long as a customer's patience, seldom longer.
fn latency(chance: &mut Chance) -> i64 {
    match chance.below(100) {
        0..=93 => chance.between(1, 60),
        94..=98 => chance.between(300, 4_000),
        _ => chance.between(5_000, 40_000),
    }
}

/// How long a register waits for an answer, as the HTTP transport does.
pub(crate) fn limit_ms(question: &Question) -> i64 {
    match question {
        Question::Hello | Question::FindSale(_) => 5_000,
        Question::Pair(_)
        | Question::Push(_)
        | Question::Pull(_)
        | Question::Snapshot(_)
        | Question::Digest(_)
        | Question::SendPiece(..)
        | Question::FetchPiece(..) => 30_000,
    }
}

pub(crate) fn no_answer(detail: &str) -> ApiError {
    ApiError::NoAnswer { detail: detail.to_owned() }
}

pub(crate) fn unreachable() -> ApiError {
    ApiError::Unreachable { detail: "no link".to_owned() }
}

pub(crate) fn portal() -> ApiError {
    ApiError::NotTheServer { detail: "200 OK, text/html".to_owned() }
}

pub(crate) fn busy(retry_after_ms: u64) -> ApiError {
    let code = if retry_after_ms.is_multiple_of(2) {
        ProblemCode::Unavailable
    } else {
        ProblemCode::TooManyRequests
    };
    let detail = "not now".to_owned();
    ApiError::Refused { problem: Problem { code, detail, retry_after_ms: Some(retry_after_ms) } }
}

/// A question in one word.
pub(crate) fn name(question: &Question) -> &'static str {
    match question {
        Question::Pair(_) => "pair",
        Question::Hello => "hello",
        Question::Push(_) => "push",
        Question::Pull(_) => "pull",
        Question::Snapshot(_) => "snapshot",
        Question::Digest(_) => "digest",
        Question::FindSale(_) => "find_sale",
        Question::SendPiece(..) => "send_piece",
        Question::FetchPiece(..) => "fetch_piece",
    }
}
