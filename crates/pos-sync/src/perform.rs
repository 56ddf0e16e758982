//! What an effect of the engine does, and what the engine hears of it: the same for the task that drives a register
//! and for a simulation that drives many.

use pos_protocol::SyncApi;

use crate::engine::{Effect, Engine, Event, Trouble};
use crate::exchange::{Comparing, Exchange, Pushed};

/// Tells the engine, and lets the exchange know what it thinks now.
pub(crate) fn tell<A: SyncApi>(
    engine: &mut Engine,
    exchange: &Exchange<A>,
    event: Event,
    now_ms: i64,
) -> Vec<Effect> {
    tracing::trace!(?event, "engine");
    let effects = engine.handle(event, now_ms);
    for effect in &effects {
        if let Effect::ArmTimer { at_ms } = effect {
            let gate = engine.lets_checkout_through();
            exchange.follow_engine(gate, engine.breaker(), at_ms.saturating_sub(now_ms));
        }
    }
    if matches!(event, Event::Greeted { .. } | Event::GreetingFailed(_)) {
        // After the gate was set: whoever waits for the first probe looks at the gate next.
        exchange.first_probe_is_done();
    }
    effects
}

/// What to tell the engine should the task of an effect die instead of answering; `None` for an effect that takes
/// no time.
pub(crate) fn if_it_dies(effect: Effect) -> Option<Event> {
    match effect {
        Effect::Greet => Some(Event::GreetingFailed(Trouble::Disk)),
        Effect::LookAtQueue => Some(Event::QueueSeen(Default::default())),
        Effect::ClaimAndPush { .. } => Some(Event::NothingClaimed { ready: true }),
        Effect::Pull => Some(Event::PullFailed(Trouble::Disk)),
        Effect::FirstSync => Some(Event::FirstSyncFailed(Trouble::Disk)),
        Effect::Carry => Some(Event::Carried { again_in: None }),
        Effect::ArmTimer { .. } | Effect::PublishStatus | Effect::Finish => None,
    }
}

/// Performs an effect. Answers what the engine hears of it, when it hears anything.
pub(crate) async fn perform<A: SyncApi>(exchange: &Exchange<A>, effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Greet => match exchange.greet().await {
            Ok(greeting) => Event::Greeted { limits: greeting.limits, course: greeting.course },
            Err(error) => Event::GreetingFailed(exchange.note(&error)),
        },
        Effect::LookAtQueue => Event::QueueSeen(exchange.look().await),
        Effect::ClaimAndPush { max_ops, max_bytes } => match exchange.push(max_ops, max_bytes).await {
            Pushed::Nothing { ready, kept_back: _ } => Event::NothingClaimed { ready },
            Pushed::Answered { sent, took, queue, tally: _ } => Event::Pushed { sent, took, queue },
            Pushed::Failed { sent, error, queue } => {
                Event::PushFailed { sent, trouble: exchange.note(&error), queue }
            }
        },
        Effect::Pull => match exchange.pull_to_end(Comparing::IfDue).await {
            Ok(_) => Event::Pulled,
            Err(error) => Event::PullFailed(exchange.note(&error)),
        },
        Effect::FirstSync => match exchange.first_sync().await {
            Ok(_) => Event::FirstSyncDone,
            Err(error) => Event::FirstSyncFailed(exchange.note(&error)),
        },
        Effect::Carry => Event::Carried { again_in: exchange.carry().await },
        Effect::PublishStatus => {
            exchange.publish().await;
            return None;
        }
        Effect::ArmTimer { .. } | Effect::Finish => return None,
    })
}
