//! The laws of the queue, one test each.

mod lives;

use pos_protocol::Limits;

use super::*;
use crate::backoff;
use crate::breaker::PROBE_EVERY;
use crate::schedule::{DEBOUNCE, DEBOUNCE_AT_MOST};

const LIMITS: Limits = Limits {
    batch_ops: 2_000,
    batch_bytes: 1 << 20,
    page_rows: 5_000,
    requests_per_second: 1_000,
    attachments: None,
};
const EMPTY: QueueView = QueueView { ready: 0, next_due_in: None, links: 0 };
const GONE: Trouble = Trouble::Outage(Outage::Certain);
const FAST: Duration = Duration::from_millis(20);

fn ready(ready: u32) -> QueueView {
    QueueView { ready, ..EMPTY }
}

fn engine(last_seen: LastSeen) -> Engine {
    Engine::new(last_seen, Jitter::from_seed(1), 0)
}

/// An engine that has greeted, read the feed and seen an empty queue at time 0.
fn at_rest() -> Engine {
    let mut engine = engine(LastSeen::InReach);
    let first = engine.handle(Event::TimerFired, 0);
    assert!(
        first.contains(&Effect::Greet) && first.contains(&Effect::LookAtQueue),
        "a start greets and looks: {first:?}"
    );
    let greeted = engine.handle(Event::Greeted { limits: LIMITS, course: Course::Follow }, 0);
    assert!(greeted.contains(&Effect::Pull), "the feed is read at the start");
    engine.handle(Event::QueueSeen(EMPTY), 0);
    engine.handle(Event::Pulled, 0);
    // The look that the greeting asked for.
    let last = engine.handle(Event::QueueSeen(EMPTY), 0);
    assert!(last.contains(&Effect::Carry), "pictures are looked for when nothing else is left: {last:?}");
    engine.handle(Event::Carried { again_in: None }, 0);
    engine
}

fn pushes(effects: &[Effect]) -> usize {
    effects.iter().filter(|e| matches!(e, Effect::ClaimAndPush { .. })).count()
}

fn timer(effects: &[Effect]) -> i64 {
    match effects.last() {
        Some(Effect::ArmTimer { at_ms }) => *at_ms,
        other => panic!("the last effect arms the timer, not {other:?}"),
    }
}

#[test]
fn a_sale_is_looked_for_at_once_and_pushed() {
    let mut engine = at_rest();
    assert!(engine.handle(Event::SaleFinalised, 5_000).contains(&Effect::LookAtQueue));
    let effects = engine.handle(Event::QueueSeen(ready(1)), 5_000);
    assert_eq!(pushes(&effects), 1);
}

#[test]
fn a_write_is_looked_for_after_the_debounce_and_at_most_ten_seconds_after_the_first() {
    let mut engine = at_rest();
    let effects = engine.handle(Event::Wrote, 1_000);
    assert!(!effects.contains(&Effect::LookAtQueue), "more of the same may follow");
    assert_eq!(timer(&effects), 1_000 + clock_millis(DEBOUNCE));
    let mut looked_at = None;
    for now in (1_000..20_000).step_by(100) {
        if looked_at.is_none() && engine.handle(Event::Wrote, now).contains(&Effect::LookAtQueue) {
            looked_at = Some(now);
        }
    }
    assert_eq!(
        looked_at,
        Some(1_000 + clock_millis(DEBOUNCE_AT_MOST)),
        "an endless burst does not hold the queue"
    );
}

#[test]
fn at_most_two_pushes_are_under_way_and_the_rest_follows_their_answers() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    let effects = engine.handle(Event::QueueSeen(ready(10_000)), 1);
    assert_eq!(pushes(&effects), 2);
    let effects = engine.handle(Event::Pushed { sent: 200, took: FAST, queue: ready(9_600) }, 50);
    assert_eq!(pushes(&effects), 1, "the place of the answered push is taken at once");
}

#[test]
fn a_retry_is_driven_by_the_due_time_in_the_queue_and_not_by_the_next_write() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    let due_later = QueueView { next_due_in: Some(Duration::from_secs(7)), ..EMPTY };
    let effects = engine.handle(Event::QueueSeen(due_later), 1);
    assert_eq!(timer(&effects), 7_001, "incident 7: a failed upload waited for the next local write");
    assert!(engine.handle(Event::TimerFired, 7_001).contains(&Effect::LookAtQueue));
}

#[test]
fn without_any_event_queue_feed_and_greeting_come_round_every_minute() {
    let mut engine = at_rest();
    let effects = engine.handle(Event::TimerFired, 59_999);
    assert_eq!(timer(&effects), 60_000);
    let effects = engine.handle(Event::TimerFired, 60_000);
    for expected in [Effect::Greet, Effect::Pull, Effect::LookAtQueue] {
        assert!(effects.contains(&expected), "{expected:?} is missing from {effects:?}");
    }
}

#[test]
fn a_picture_waits_for_every_record_and_no_record_for_a_picture() {
    let mut engine = at_rest();
    let carried = engine.handle(Event::CarryNow, 1_000);
    assert!(carried.contains(&Effect::Carry), "nothing else is to be done");
    engine.handle(Event::SaleFinalised, 1_001);
    let pushed = engine.handle(Event::QueueSeen(ready(1)), 1_001);
    assert_eq!(pushes(&pushed), 1, "a sale leaves while a picture is still under way");
    let after = engine.handle(Event::Carried { again_in: Some(Duration::ZERO) }, 1_002);
    assert!(!after.contains(&Effect::Carry), "the next piece waits until the sale is answered for");
    let after = engine.handle(Event::Pushed { sent: 1, took: FAST, queue: EMPTY }, 1_050);
    assert!(after.contains(&Effect::Carry), "then it goes on at once");
}

#[test]
fn a_picture_that_fails_for_ever_neither_closes_the_door_nor_holds_a_sale() {
    let mut engine = at_rest();
    engine.handle(Event::CarryNow, 0);
    for now in 1..2_000 {
        // What failed is not told: whoever carries comes back later, and that is all.
        engine.handle(Event::Carried { again_in: Some(Duration::ZERO) }, now);
        assert!(engine.lets_checkout_through(), "a customer must not hear of a picture");
    }
    let looked = engine.handle(Event::SaleFinalised, 2_000);
    assert!(looked.contains(&Effect::LookAtQueue));
    assert_eq!(pushes(&engine.handle(Event::QueueSeen(ready(3)), 2_000)), 1);
}

#[test]
fn pictures_rest_while_the_exchange_is_paused_and_during_a_first_sync() {
    let mut engine = at_rest();
    engine.handle(Event::Paused, 10);
    assert!(!engine.handle(Event::CarryNow, 20).contains(&Effect::Carry));
    assert!(engine.handle(Event::Resumed, 30).contains(&Effect::Greet));
    engine.handle(Event::Greeted { limits: LIMITS, course: Course::FirstSync }, 31);
    engine.handle(Event::Pulled, 32);
    assert!(!engine.handle(Event::QueueSeen(EMPTY), 33).contains(&Effect::Carry), "selling comes first");
}

#[test]
fn a_pull_goes_on_while_the_queue_is_full_and_failing() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    engine.handle(Event::QueueSeen(ready(500)), 1);
    let busy = Trouble::Outage(Outage::Suspected);
    engine.handle(Event::PushFailed { sent: 200, trouble: busy, queue: ready(500) }, 10);
    let effects = engine.handle(Event::StreamHint, 20);
    assert!(timer(&effects) <= 20 + clock_millis(HINT_PAUSE));
    assert!(
        engine.handle(Event::TimerFired, 20 + clock_millis(HINT_PAUSE)).contains(&Effect::Pull),
        "the feed does not wait for the queue"
    );
}

#[test]
fn a_hint_that_comes_while_the_feed_is_read_is_followed_by_another_reading() {
    let mut engine = at_rest();
    engine.handle(Event::StreamHint, 1_000);
    let begun = 1_000 + clock_millis(HINT_PAUSE);
    assert!(engine.handle(Event::TimerFired, begun).contains(&Effect::Pull));
    let effects = engine.handle(Event::StreamHint, begun + 50);
    assert!(!effects.contains(&Effect::Pull), "one reading at a time");
    engine.handle(Event::Pulled, begun + 100);
    let effects = engine.handle(Event::TimerFired, begun + 50 + clock_millis(HINT_PAUSE));
    assert!(
        effects.contains(&Effect::Pull),
        "what was written behind the reader's back is not a minute away"
    );
}

#[test]
fn a_refused_connection_closes_the_door_for_checkouts_at_once_and_probes_every_two_seconds() {
    let mut engine = at_rest();
    assert!(engine.lets_checkout_through());
    let mut now = 1_000;
    let mut effects = engine.handle(Event::CheckoutFailed(GONE), now);
    assert!(!engine.lets_checkout_through(), "the next cashier waits for nothing");
    for _ in 0..50 {
        let next = timer(&effects);
        assert!(next - now <= clock_millis(PROBE_EVERY), "a probe at least every 2 s");
        now = next;
        effects = engine.handle(Event::TimerFired, now);
        assert!(effects.contains(&Effect::Greet), "the probe is a greeting");
        assert_eq!(pushes(&effects), 0, "nothing but the probe goes out");
        assert!(
            !engine.handle(Event::TimerFired, now + 1).contains(&Effect::Greet),
            "a single probe at a time"
        );
        effects = engine.handle(Event::GreetingFailed(GONE), now + 1);
        now += 1;
    }
}

#[test]
fn a_person_who_asks_or_a_link_that_returns_does_not_wait_for_the_next_probe() {
    for event in [Event::SyncNow, Event::LinkRegained] {
        let mut engine = at_rest();
        engine.handle(Event::CheckoutFailed(GONE), 1_000);
        assert!(engine.handle(event, 1_001).contains(&Effect::Greet), "{event:?}");
    }
}

#[test]
fn a_checkout_that_waited_in_vain_spares_the_next_customer_the_wait() {
    let mut engine = at_rest();
    engine.handle(Event::CheckoutFailed(Trouble::Outage(Outage::Suspected)), 10);
    assert!(!engine.lets_checkout_through());
}

#[test]
fn the_return_of_the_server_makes_everything_due_at_once_whatever_the_backoff_was() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    engine.handle(Event::QueueSeen(ready(3)), 1);
    let later = QueueView { next_due_in: Some(Duration::from_secs(55)), ..EMPTY };
    engine.handle(Event::PushFailed { sent: 3, trouble: GONE, queue: later }, 2);
    let probe_at = timer(&engine.handle(Event::TimerFired, 3));
    assert!(engine.handle(Event::TimerFired, probe_at).contains(&Effect::Greet));
    let effects = engine.handle(Event::Greeted { limits: LIMITS, course: Course::Follow }, probe_at + 5);
    assert!(effects.contains(&Effect::LookAtQueue), "{effects:?}");
    assert!(engine.lets_checkout_through());
    assert_eq!(pushes(&engine.handle(Event::QueueSeen(ready(3)), probe_at + 6)), 1);
}

#[test]
fn a_register_that_was_offline_when_it_ended_lets_no_checkout_wait_and_probes_at_once() {
    let mut engine = engine(LastSeen::OutOfReach);
    assert!(!engine.lets_checkout_through());
    assert!(engine.handle(Event::TimerFired, 0).contains(&Effect::Greet));
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_asks_and_the_breaker_stays_closed() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    engine.handle(Event::QueueSeen(ready(3)), 1);
    let busy = Trouble::Busy { retry_after: Some(Duration::from_secs(20)) };
    engine.handle(Event::PushFailed { sent: 3, trouble: busy, queue: ready(3) }, 2);
    assert!(engine.lets_checkout_through(), "a busy server is a server");
    for now in (100..20_000).step_by(500) {
        let effects = engine.handle(Event::SaleFinalised, now);
        let seen = engine.handle(Event::QueueSeen(ready(3)), now);
        assert_eq!(pushes(&effects) + pushes(&seen), 0, "Retry-After is obeyed at {now}");
    }
    engine.handle(Event::TimerFired, 21_000);
    assert_eq!(pushes(&engine.handle(Event::QueueSeen(ready(3)), 21_000)), 1);
}

#[test]
fn a_server_that_answers_the_probe_with_busy_is_in_reach() {
    let mut engine = engine(LastSeen::OutOfReach);
    engine.handle(Event::TimerFired, 0);
    let effects = engine.handle(Event::GreetingFailed(Trouble::Busy { retry_after: None }), 5);
    assert!(engine.lets_checkout_through());
    let again = timer(&effects);
    assert!(again <= 5 + clock_millis(backoff::MAX_WAIT), "the greeting is tried again");
}

#[test]
fn a_refused_push_is_halved_until_the_poison_stands_alone_without_waiting() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    let mut effects = engine.handle(Event::QueueSeen(ready(100)), 1);
    let mut sizes = Vec::new();
    let mut sent = 100;
    while sent > 1 {
        let size = effects
            .iter()
            .find_map(|e| if let Effect::ClaimAndPush { max_ops, .. } = e { Some(*max_ops) } else { None });
        sizes.push(size.expect("a smaller push follows at once"));
        effects =
            engine.handle(Event::PushFailed { sent, trouble: Trouble::Indigestible, queue: ready(100) }, 2);
        sent /= 2;
    }
    assert_eq!(sizes, [200, 50, 25, 12, 6, 3]);
}

#[test]
fn nothing_claimed_does_not_spin() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    engine.handle(Event::QueueSeen(ready(3)), 1);
    let effects = engine.handle(Event::NothingClaimed { ready: true }, 2);
    assert_eq!(pushes(&effects), 0);
    assert_eq!(
        timer(&effects),
        2 + clock_millis(NOTHING_CLAIMED_PAUSE),
        "it is looked at again a second later"
    );
}

#[test]
fn while_customers_come_a_backlog_leaves_half_of_the_machine_to_them() {
    let mut engine = at_rest();
    engine.handle(Event::CheckoutAnswered, 100);
    let effects = engine.handle(Event::QueueSeen(ready(100_000)), 101);
    assert_eq!(pushes(&effects), 1, "one push is claimed or answered, not one beside the other");
    let pushed = |now_ms, engine: &mut Engine| {
        engine.handle(Event::Pushed { sent: 200, took: FAST, queue: ready(90_000) }, now_ms)
    };
    assert_eq!(pushes(&pushed(1_900, &mut engine)), 1, "the next customer may come any moment");
    assert_eq!(
        pushes(&pushed(2_101, &mut engine)),
        2,
        "nobody came: the backlog has the machine for itself again"
    );
}

#[test]
fn links_alone_are_pushed_soon_after_a_checkout() {
    let mut engine = at_rest();
    let effects = engine.handle(Event::CheckoutAnswered, 100);
    let at = timer(&effects);
    assert_eq!(at, 100 + clock_millis(DEBOUNCE));
    assert!(engine.handle(Event::TimerFired, at).contains(&Effect::LookAtQueue));
    assert_eq!(pushes(&engine.handle(Event::QueueSeen(QueueView { links: 1, ..EMPTY }), at)), 1);
}

#[test]
fn a_restored_server_gets_its_operations_again_before_everything_is_read_anew() {
    let mut engine = at_rest();
    let effects = engine.handle(Event::Greeted { limits: LIMITS, course: Course::Republish }, 60_000);
    assert!(effects.contains(&Effect::LookAtQueue));
    let effects = engine.handle(Event::QueueSeen(ready(150)), 60_001);
    assert_eq!(pushes(&effects), 1);
    assert!(!effects.contains(&Effect::FirstSync));
    let effects = engine.handle(Event::Pushed { sent: 150, took: FAST, queue: EMPTY }, 60_100);
    assert!(effects.contains(&Effect::FirstSync));
    let effects = engine.handle(Event::FirstSyncDone, 61_000);
    assert!(effects.contains(&Effect::Pull), "the feed is followed from the mark");
}

#[test]
fn a_cursor_that_is_too_old_leads_by_way_of_a_greeting_to_a_new_first_sync_while_pushes_go_on() {
    let mut engine = at_rest();
    assert!(engine.handle(Event::SyncNow, 100).contains(&Effect::Pull));
    engine.handle(Event::Greeted { limits: LIMITS, course: Course::Follow }, 105);
    let effects = engine.handle(Event::PullFailed(Trouble::ResnapshotRequired), 110);
    let effects = engine.handle(Event::TimerFired, timer(&effects).max(2_000));
    assert!(effects.contains(&Effect::Greet), "only the greeting tells whether operations must go first");
    assert!(!effects.contains(&Effect::FirstSync));
    let effects = engine.handle(Event::Greeted { limits: LIMITS, course: Course::FirstSync }, 2_001);
    assert!(effects.contains(&Effect::FirstSync));
    engine.handle(Event::SaleFinalised, 2_010);
    assert_eq!(pushes(&engine.handle(Event::QueueSeen(ready(1)), 2_011)), 1);
}

#[test]
fn a_register_that_is_turned_away_stops_and_asks_again_once_a_minute() {
    let mut engine = at_rest();
    engine.handle(Event::SaleFinalised, 1);
    engine.handle(Event::QueueSeen(ready(1)), 1);
    engine.handle(Event::PushFailed { sent: 1, trouble: Trouble::Denied, queue: ready(1) }, 2);
    assert!(engine.is_denied());
    assert!(!engine.lets_checkout_through());
    let effects = engine.handle(Event::SaleFinalised, 3);
    assert_eq!(pushes(&effects), 0);
    assert!(engine.handle(Event::TimerFired, 60_002).contains(&Effect::Greet));
    engine.handle(Event::Greeted { limits: LIMITS, course: Course::Follow }, 60_010);
    assert!(!engine.is_denied(), "the owner let it in again");
}

#[test]
fn paused_means_silent_and_resumed_catches_up_at_once() {
    let mut engine = at_rest();
    engine.handle(Event::Paused, 1);
    assert!(!engine.lets_checkout_through());
    for now in (1_000..200_000).step_by(10_000) {
        let effects = engine.handle(Event::SaleFinalised, now);
        assert!(!effects.contains(&Effect::Greet) && pushes(&effects) == 0, "silent at {now}");
    }
    let effects = engine.handle(Event::Resumed, 300_000);
    for expected in [Effect::Greet, Effect::Pull, Effect::LookAtQueue] {
        assert!(effects.contains(&expected), "{expected:?} is missing from {effects:?}");
    }
}

#[test]
fn what_a_person_stopped_rests_for_a_minute_or_until_she_asks() {
    let stopped = || {
        let mut engine = at_rest();
        engine.handle(Event::Cancelled, 1_000);
        assert!(engine.lets_checkout_through(), "a customer is served all the same");
        engine.handle(Event::SaleFinalised, 2_000);
        let effects = engine.handle(Event::QueueSeen(ready(5)), 2_000);
        assert_eq!(pushes(&effects), 0, "nothing new is begun");
        assert!(timer(&effects) <= 61_000, "but it goes on by itself: {effects:?}");
        engine
    };
    let mut engine = stopped();
    engine.handle(Event::TimerFired, 61_000);
    assert!(pushes(&engine.handle(Event::QueueSeen(ready(5)), 61_000)) > 0, "after a minute");
    let mut engine = stopped();
    engine.handle(Event::SyncNow, 5_000);
    assert!(pushes(&engine.handle(Event::QueueSeen(ready(5)), 5_000)) > 0, "or when asked to");
}

#[test]
fn the_end_of_the_program_sends_what_waits_and_then_finishes() {
    let mut engine = at_rest();
    assert!(engine.handle(Event::Shutdown, 10).contains(&Effect::LookAtQueue));
    let effects = engine.handle(Event::QueueSeen(ready(2)), 11);
    assert_eq!(pushes(&effects), 1);
    assert!(!effects.contains(&Effect::Finish));
    let effects = engine.handle(Event::Pushed { sent: 2, took: FAST, queue: EMPTY }, 30);
    assert!(effects.contains(&Effect::Finish));
}

#[test]
fn a_program_that_ends_as_soon_as_it_has_begun_still_sends_what_waits() {
    let mut engine = engine(LastSeen::InReach);
    assert!(engine.handle(Event::TimerFired, 0).contains(&Effect::Greet));
    engine.handle(Event::QueueSeen(ready(1)), 1);
    let effects = engine.handle(Event::Shutdown, 2);
    assert!(!effects.contains(&Effect::Finish), "the greeting is on its way");
    engine.handle(Event::QueueSeen(ready(1)), 3);
    let effects = engine.handle(Event::Greeted { limits: LIMITS, course: Course::Follow }, 4);
    assert_eq!(pushes(&effects), 1);
    assert!(!effects.contains(&Effect::Pull), "nothing is read any more");
    engine.handle(Event::QueueSeen(EMPTY), 5);
    let effects = engine.handle(Event::Pushed { sent: 1, took: FAST, queue: EMPTY }, 6);
    assert!(effects.contains(&Effect::Finish));
}

#[test]
fn an_end_without_a_server_does_not_wait_for_one() {
    let mut engine = engine(LastSeen::OutOfReach);
    assert!(engine.handle(Event::Shutdown, 0).contains(&Effect::Finish));
}

#[test]
fn a_clock_that_was_set_makes_the_queue_be_looked_at() {
    let mut engine = at_rest();
    assert!(engine.handle(Event::ClockJumped, 5).contains(&Effect::LookAtQueue));
}
