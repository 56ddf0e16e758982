//! Questions and answers on their way: what becomes of each is drawn when it is asked.

use std::collections::BTreeMap;

use pos_domain::OpId;
use pos_sync::transport::{Question, Reply};

use super::{Event, Play};
use crate::disk::Blow;
use crate::invariants::{self, Faults};
use crate::road::{self, Asked, Fate, Weather};
use crate::steps;
use crate::till::Standing;
use crate::town::ServerDoom;
use crate::versions::Age;

/// Pushes between two looks at all balances; those that a push touched are looked at after each.
const PUSHES_PER_LOOK: u64 = 64;

impl Play {
    /// Takes up a question: what becomes of it is drawn now.
    pub(super) fn send(&mut self, asked: Asked) {
        let Asked { till, token, question, reply } = asked;
        let limit_ms = road::limit_ms(&question);
        let weather = if self.peace { Weather::Clear } else { self.tills[till].weather };
        let fate = match (self.town.is_up(), self.tills[till].standing) {
            // A register joins while somebody stands beside it.
            (true, Standing::Apart) => Fate::Passes { there_ms: 20, back_ms: 20 },
            (true, Standing::Joined | Standing::Revoked | Standing::Copy | Standing::Gone) => {
                Fate::draw(weather, limit_ms, &mut self.chance)
            }
            (false, _) => Fate::Unreachable,
        };
        self.order += 1;
        let slot = self.order;
        self.slots.insert(slot, reply);
        if let Some(fault) = fate.fault() {
            self.count(&format!("fault: {fault}"));
        }
        let age = weather.age();
        if age != Age::Same {
            self.count(&format!("fault: asked of a server that is {age:?}"));
        }
        self.note(&format!("till {till} asks {} {fate:?}", road::name(&question)));
        let mut answer_ms = limit_ms;
        let mut answer = Err(road::no_answer("timed out"));
        let arrival = |question, slot| Event::Arrival { token: token.clone(), question, age, slot };
        match fate {
            Fate::Passes { there_ms, back_ms } => {
                self.soon(there_ms, arrival(question, Some((slot, back_ms))));
            }
            Fate::ReplyLost { there_ms } | Fate::Late { there_ms } => {
                self.soon(there_ms, arrival(question, None))
            }
            Fate::RequestLost => {}
            Fate::Doubled { there_ms, again_ms, back_ms } => {
                self.soon(there_ms, arrival(question.clone(), Some((slot, back_ms))));
                self.soon(again_ms, arrival(question, None));
            }
            Fate::Unreachable => (answer_ms, answer) = (5, Err(road::unreachable())),
            Fate::Portal => (answer_ms, answer) = (40, Err(road::portal())),
            Fate::Busy { retry_after_ms } => (answer_ms, answer) = (40, Err(road::busy(retry_after_ms))),
        }
        self.soon(answer_ms, Event::Reply { slot, answer });
    }

    pub(super) fn arrive(
        &mut self,
        token: Option<&str>,
        question: Question,
        age: Age,
        slot: Option<(u64, i64)>,
    ) {
        let what = road::name(&question);
        let blow = self.next_blow();
        let since = blow.and_then(|_| self.town.disk.now());
        let (asked, answer) = self.town.answer(token, question, age);
        self.trace.mark(format!("server: {}", self.town.disk.reached()));
        if let Some(blow) = blow {
            let words = format!("the server is struck down ({blow:?}) over a {what}");
            self.strike_note(&format!("server struck at work ({blow:?})"), &words);
            let after = self.chance.between(500, 180_000);
            self.soon(after, Event::StartServer);
            self.town.strike(blow, since, &mut self.chance);
            if let Some((slot, _)) = slot {
                self.soon(5, Event::Reply { slot, answer: Err(road::no_answer("the wire was cut")) });
            }
            return;
        }
        let mut faults = Faults::new();
        self.town.hear(&asked, &answer, &mut faults);
        let words = match &answer {
            Ok(Reply::Push(push)) => verdicts(push),
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        self.note(&format!("server answers {what} {words}"));
        if !asked.is_empty() && self.town.is_up() {
            self.count("pushes");
            let server = self.town.look();
            let pushed: Vec<OpId> = asked.iter().map(|(op_id, _)| *op_id).collect();
            steps::of_push(&server, &pushed, &mut faults);
            if self.report.counts["pushes"].is_multiple_of(PUSHES_PER_LOOK) {
                invariants::of_balances(&server, &mut faults);
                self.count("checks of all balances");
            }
        }
        self.report.faults.extend(faults);
        if let Some((slot, back_ms)) = slot {
            self.soon(back_ms, Event::Reply { slot, answer });
        }
    }

    /// The blow that falls while the server works on this question.
    fn next_blow(&mut self) -> Option<Blow> {
        if !self.town.is_up() {
            return None;
        }
        match &mut self.town.doom {
            Some(ServerDoom { questions: 0, blow }) => Some(*blow),
            Some(doom) => {
                doom.questions -= 1;
                None
            }
            None => None,
        }
    }
}

/// The verdicts of a push in a few words.
fn verdicts(push: &pos_protocol::PushResponse) -> String {
    let mut words = BTreeMap::<String, u32>::new();
    for verdict in &push.verdicts {
        let value = serde_json::to_value(&verdict.verdict).unwrap();
        let word = match &value {
            serde_json::Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
            other => other.to_string(),
        };
        let word = if verdict.duplicate { format!("{word} again") } else { word };
        *words.entry(word).or_default() += 1;
    }
    words.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
