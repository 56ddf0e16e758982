//! The past of a demo shop: three months of a few debts, yesterday with its Z, and today's open drawer.
//!
//! It is told as a list of command lines with their times, and each is parsed and run as if it had been typed then: the
//! documents are sold, signed and numbered like all others, and a shop that lived them could show the same file. Only a
//! folder that is empty can get a past, because only there can the clock begin before now.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::NaiveTime;
use clap::Parser;
use pos_app::{AppError, Clock};

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::session::Session;

/// Lines of `days hh:mm who command...`; words that hold a space stand between quotes.
const STORY: &str = include_str!("past.txt");
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Days between the shop's first morning and today; the story begins after it.
const AGE_DAYS: i64 = 101;

/// The clock of a shop whose past is being told.
#[derive(Debug, Clone)]
pub(crate) struct PastClock {
    now_ms: i64,
    told_ms: Arc<AtomicI64>,
}

/// One line of the story.
#[derive(Debug)]
struct Event {
    at_ms: i64,
    person: String,
    words: Vec<String>,
}

impl PastClock {
    /// Stands on the shop's first morning.
    pub(crate) fn begin() -> Self {
        let now_ms = Clock::system().now_ms();
        Self { now_ms, told_ms: Arc::new(AtomicI64::new(now_ms - AGE_DAYS * DAY_MS)) }
    }

    /// What a register is opened with.
    pub(crate) fn clock(&self) -> Clock {
        let told_ms = Arc::clone(&self.told_ms);
        Clock::from_fn(move || told_ms.load(Ordering::SeqCst))
    }

    /// Time goes on; never back, and never beyond now.
    fn move_on(&self, to_ms: i64) {
        self.told_ms.fetch_max(to_ms.min(self.now_ms), Ordering::SeqCst);
    }

    fn events(&self) -> Result<Vec<Event>, Failure> {
        let midnight_ms = self.now_ms - self.now_ms.rem_euclid(DAY_MS);
        let lines = STORY.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| event(line, midnight_ms).ok_or_else(|| unreadable(line))).collect()
    }
}

/// Lets a demo shop that was just made live through its past, up to now.
pub(crate) async fn live(session: &Session, clock: &PastClock) -> Result<(), Failure> {
    for event in clock.events()? {
        clock.move_on(event.at_ms);
        super::people::step_in(session, Some(event.person), None).await?;
        let words = std::iter::once("comptoir".to_owned()).chain(event.words);
        let command = Cli::try_parse_from(words).map_err(AppError::internal)?.command;
        run(session, command).await?;
    }
    clock.move_on(clock.now_ms);
    Ok(())
}

/// What happens in the past of a shop.
async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    Box::pin(super::with_register(session, command)).await.map(drop)
}

fn event(line: &str, midnight_ms: i64) -> Option<Event> {
    let mut words = words(line).into_iter();
    let days: i64 = words.next()?.parse().ok()?;
    let time = NaiveTime::parse_from_str(&words.next()?, "%H:%M").ok()?;
    let into_day = time.signed_duration_since(NaiveTime::MIN).num_milliseconds();
    let person = words.next()?;
    Some(Event { at_ms: midnight_ms - days * DAY_MS + into_day, person, words: words.collect() })
}

/// The words of a line; every second part between quotes is one word.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

fn unreadable(line: &str) -> Failure {
    AppError::internal(std::io::Error::other(line.to_owned())).into()
}

#[cfg(test)]
mod tests {
    use super::{PastClock, words};

    #[test]
    fn the_story_is_read_whole_and_in_the_order_in_which_it_happened() {
        let events = PastClock::begin().events().unwrap();
        assert!(events.len() > 20, "a shop with a past");
        assert!(events.is_sorted_by_key(|event| event.at_ms), "time never goes back");
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words(r#"1 --note "Taxi du marché" x"#), ["1", "--note", "Taxi du marché", "x"]);
    }
}
