//! Random lives of an engine: whatever an outside world does, and in whatever order.

use proptest::prelude::*;

use super::*;

/// What an outside world may do at a step; impossible answers are skipped.
#[derive(Debug, Clone, Copy)]
enum Step {
    Tell(Event),
    AnswerGreeting(Option<Trouble>, Course),
    AnswerLook(QueueView),
    AnswerPush(Option<Trouble>, QueueView),
    ClaimNothing(bool),
    AnswerRead(Option<Trouble>),
    AnswerCarry(Option<u64>),
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        Just(GONE),
        Just(Trouble::Outage(Outage::Suspected)),
        (0_u64..100_000).prop_map(|ms| Trouble::Busy { retry_after: Some(Duration::from_millis(ms)) }),
        Just(Trouble::Disk),
        Just(Trouble::Indigestible),
        Just(Trouble::ResnapshotRequired),
        Just(Trouble::Denied),
    ]
}

fn view() -> impl Strategy<Value = QueueView> {
    (0_u32..5_000, prop::option::of(0_u64..100_000), 0_u32..10).prop_map(|(ready, due, links)| QueueView {
        ready,
        next_due_in: due.map(Duration::from_millis),
        links,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let told = prop_oneof![
        4 => Just(Event::TimerFired),
        2 => Just(Event::Wrote),
        2 => Just(Event::SaleFinalised),
        1 => Just(Event::SyncNow),
        1 => Just(Event::LinkRegained),
        1 => Just(Event::StreamHint),
        1 => Just(Event::CarryNow),
        1 => Just(Event::Paused),
        2 => Just(Event::Resumed),
        1 => Just(Event::Cancelled),
        1 => Just(Event::ClockJumped),
        1 => Just(Event::CheckoutAnswered),
        1 => trouble().prop_map(Event::CheckoutFailed),
    ];
    let course = prop_oneof![Just(Course::Follow), Just(Course::FirstSync), Just(Course::Republish)];
    prop_oneof![
        3 => told.prop_map(Step::Tell),
        2 => (prop::option::of(trouble()), course).prop_map(|(t, c)| Step::AnswerGreeting(t, c)),
        2 => view().prop_map(Step::AnswerLook),
        3 => (prop::option::of(trouble()), view()).prop_map(|(t, v)| Step::AnswerPush(t, v)),
        1 => any::<bool>().prop_map(Step::ClaimNothing),
        2 => prop::option::of(trouble()).prop_map(Step::AnswerRead),
        2 => prop::option::of(0_u64..5_000_000).prop_map(Step::AnswerCarry),
    ]
}

/// What is under way as the outside world sees it.
#[derive(Debug, Default)]
struct World {
    greetings: u32,
    looks: u32,
    pushes: u32,
    reads: Vec<Effect>,
    carries: u32,
}

impl World {
    fn event(&mut self, step: Step) -> Option<Event> {
        match step {
            Step::Tell(event) => Some(event),
            Step::AnswerGreeting(trouble, course) => {
                self.greetings = self.greetings.checked_sub(1)?;
                Some(trouble.map_or(Event::Greeted { limits: LIMITS, course }, Event::GreetingFailed))
            }
            Step::AnswerLook(queue) => {
                self.looks = self.looks.checked_sub(1)?;
                Some(Event::QueueSeen(queue))
            }
            Step::AnswerPush(trouble, queue) => {
                self.pushes = self.pushes.checked_sub(1)?;
                Some(match trouble {
                    Some(trouble) => Event::PushFailed { sent: 7, trouble, queue },
                    None => Event::Pushed { sent: 7, took: FAST, queue },
                })
            }
            Step::ClaimNothing(ready) => {
                self.pushes = self.pushes.checked_sub(1)?;
                Some(Event::NothingClaimed { ready })
            }
            Step::AnswerCarry(again_in_ms) => {
                self.carries = self.carries.checked_sub(1)?;
                Some(Event::Carried { again_in: again_in_ms.map(Duration::from_millis) })
            }
            Step::AnswerRead(trouble) => Some(match (self.reads.pop()?, trouble) {
                (Effect::Pull, None) => Event::Pulled,
                (Effect::Pull, Some(trouble)) => Event::PullFailed(trouble),
                (_, None) => Event::FirstSyncDone,
                (_, Some(trouble)) => Event::FirstSyncFailed(trouble),
            }),
        }
    }

    fn perform(&mut self, effects: &[Effect], engine_was_closed: bool) -> Result<(), TestCaseError> {
        for effect in effects {
            match effect {
                Effect::Greet => self.greetings += 1,
                Effect::LookAtQueue => self.looks += 1,
                Effect::ClaimAndPush { max_ops, max_bytes } => {
                    self.pushes += 1;
                    prop_assert!((1..=2_000).contains(max_ops) && *max_bytes <= 2 << 20);
                    prop_assert!(engine_was_closed, "nothing but a probe goes out while the breaker is open");
                }
                Effect::Pull | Effect::FirstSync => {
                    self.reads.push(*effect);
                    prop_assert!(engine_was_closed, "nothing but a probe goes out while the breaker is open");
                }
                Effect::Carry => {
                    self.carries += 1;
                    prop_assert!(engine_was_closed, "nothing but a probe goes out while the breaker is open");
                    prop_assert!(
                        self.pushes == 0 && self.looks == 0 && self.reads.is_empty(),
                        "a picture is carried only when no record is under way"
                    );
                }
                Effect::ArmTimer { .. } | Effect::PublishStatus | Effect::Finish => {}
            }
        }
        prop_assert!(self.carries <= 1);
        prop_assert!(self.greetings <= 1 && self.looks <= 1 && self.reads.len() <= 1);
        prop_assert!(self.pushes <= u32::from(MAX_PUSHES));
        Ok(())
    }
}

proptest! {
    #[test]
    fn whatever_happens_a_timer_is_armed_and_no_bound_is_passed(
        steps in prop::collection::vec((step(), 0_i64..5_000), 1..300),
        offline_before: bool,
        seed: u64,
    ) {
        let last_seen = if offline_before { LastSeen::OutOfReach } else { LastSeen::InReach };
        let mut engine = Engine::new(last_seen, Jitter::from_seed(seed), 0);
        let mut world = World::default();
        let mut now = 0;
        for (step, pause) in steps {
            now += pause;
            let Some(event) = world.event(step) else { continue };
            let effects = engine.handle(event, now);
            let armed: Vec<i64> = effects
                .iter()
                .filter_map(|e| if let Effect::ArmTimer { at_ms } = e { Some(*at_ms) } else { None })
                .collect();
            prop_assert_eq!(armed.len(), 1, "exactly one timer");
            prop_assert!(armed[0] > now && armed[0] <= now + clock_millis(ROUND_EVERY));
            world.perform(&effects, engine.breaker() == BreakerState::Closed)?;
        }
    }

    /// Invariant 10: after the faults stop, everything that waits goes out within a bounded number of rounds.
    #[test]
    fn after_the_faults_stop_the_queue_drains_by_timers_alone(
        steps in prop::collection::vec((step(), 0_i64..5_000), 1..150),
        backlog in 1_u32..20_000,
        seed: u64,
    ) {
        let mut engine = Engine::new(LastSeen::InReach, Jitter::from_seed(seed), 0);
        let mut world = World::default();
        let mut now = 0;
        for (step, pause) in steps {
            now += pause;
            if let Some(event) = world.event(step) {
                let closed = engine.breaker() == BreakerState::Closed;
                let effects = engine.handle(event, now);
                world.perform(&effects, closed || engine.breaker() == BreakerState::Closed)?;
            }
        }
        let mut effects = engine.handle(Event::Resumed, now);
        world.perform(&effects, true)?;
        let mut left = backlog;
        for _ in 0..3_000 {
            let event = if world.greetings > 0 {
                world.event(Step::AnswerGreeting(None, Course::Follow))
            } else if world.looks > 0 {
                world.event(Step::AnswerLook(ready(left)))
            } else if world.pushes > 0 {
                left = left.saturating_sub(50);
                world.event(Step::AnswerPush(None, ready(left)))
            } else if world.reads.is_empty() {
                now = timer(&effects);
                Some(Event::TimerFired)
            } else {
                world.event(Step::AnswerRead(None))
            };
            effects = engine.handle(event.expect("something is under way"), now);
            world.perform(&effects, true)?;
            if left == 0 {
                break;
            }
        }
        prop_assert_eq!(left, 0, "the queue is not empty after 3,000 steps of a healthy world");
    }
}

proptest! {
    #[test]
    fn an_engine_that_gets_no_answers_sleeps_between_its_timers(
        steps in prop::collection::vec((step(), 0_i64..5_000), 1..150),
        seed: u64,
    ) {
        let mut engine = Engine::new(LastSeen::InReach, Jitter::from_seed(seed), 0);
        let mut world = World::default();
        let mut now = 0;
        for (step, pause) in steps {
            now += pause;
            if let Some(event) = world.event(step) {
                world.perform(&engine.handle(event, now), true)?;
            }
        }
        let end = now + clock_millis(ROUND_EVERY);
        let mut wakes = 0;
        while now < end {
            now = timer(&engine.handle(Event::TimerFired, now));
            wakes += 1;
        }
        prop_assert!(wakes < 30, "{wakes} wakes in a minute drain the battery of a laptop till");
    }
}
