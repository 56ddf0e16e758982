//! Nobody guesses a PIN: tries are counted before they are checked, and neither a killed program, nor an older file, nor
//! a clock gives new ones.

use std::future::Future;
use std::path::Path;
use std::task::{Context, Waker};
use std::time::Duration;

use pos_app::{App, AppOptions, Clock, ErrorCode, OpenAccess};
use pos_domain::{CashierId, Role};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::counter::{Counter, MANAGER_PIN, OWNER_PIN, pin};

/// What may be done to a till by somebody who wants more tries.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Wrong,
    Right,
    Wait(u64),
    SetClock(i64),
    Restart,
    PutOldFileBack,
}

/// The law, without the program: failures in a row, and what is still to be waited by a stopwatch that a restart resets.
#[derive(Default)]
struct Law {
    failures: u32,
    waited_s: u64,
}

impl Law {
    fn wait_s(&self) -> u64 {
        match self.failures {
            0..5 => 0,
            failures => 30_u64.checked_shl(failures - 5).unwrap_or(u64::MAX).min(900),
        }
    }

    fn left_s(&self) -> u64 {
        self.wait_s().saturating_sub(self.waited_s)
    }
}

fn deed(rng: &mut StdRng) -> Deed {
    match rng.random_range(0..12) {
        0..6 => Deed::Wrong,
        6 => Deed::Right,
        7 | 8 => Deed::Wait(rng.random_range(1..120)),
        9 => Deed::SetClock(rng.random_range(-86_400_000..86_400_000)),
        10 => Deed::Restart,
        _ => Deed::PutOldFileBack,
    }
}

#[tokio::test]
async fn whatever_clocks_restarts_and_old_files_do_the_tries_stay_counted_and_the_wait_stays_as_long() {
    for seed in 0..6 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut counter = Counter::with_pins().await;
        let manager = counter.of(Role::Manager).await.cashier_id;
        let old = tempfile::tempdir().unwrap();
        // The file as it was before anybody tried anything.
        counter = counter.restart(|folder| copy_files(folder, old.path())).await;
        let mut law = Law::default();
        let mut story = Vec::new();
        for _ in 0..24 {
            let deed = deed(&mut rng);
            story.push(deed);
            match deed {
                Deed::Wrong | Deed::Right => {
                    let right = matches!(deed, Deed::Right);
                    let digits = if right { MANAGER_PIN } else { "2580" };
                    let answer = counter.log_in(manager, digits).await;
                    let code = answer.err().map(|e| (e.code, e.params["seconds"].as_u64()));
                    if law.left_s() > 0 {
                        assert_eq!(
                            code,
                            Some((ErrorCode::PinWait, Some(law.left_s()))),
                            "seed {seed}: {story:?}"
                        );
                    } else if right {
                        assert_eq!(code, None, "seed {seed}: {story:?}");
                        law = Law::default();
                    } else {
                        law = Law { failures: law.failures + 1, waited_s: 0 };
                        assert_eq!(
                            code,
                            Some((ErrorCode::PinWrong, Some(law.wait_s()))),
                            "seed {seed}: {story:?}"
                        );
                    }
                }
                Deed::Wait(seconds) => {
                    counter.pass(Duration::from_secs(seconds));
                    law.waited_s += seconds;
                }
                Deed::SetClock(ms) => counter.set_clock(ms),
                Deed::Restart | Deed::PutOldFileBack => {
                    let put_back = matches!(deed, Deed::PutOldFileBack);
                    counter = counter
                        .restart(|folder| {
                            if put_back {
                                copy_files(old.path(), folder);
                            }
                        })
                        .await;
                    law.waited_s = 0;
                }
            }
        }
    }
}

/// The register's database, and nothing beside it.
fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(to).unwrap().map(|e| e.unwrap().path()) {
        if entry.file_name().unwrap().to_string_lossy().starts_with(pos_store::FILE_NAME) {
            std::fs::remove_file(entry).unwrap();
        }
    }
    for entry in std::fs::read_dir(from).unwrap().map(|e| e.unwrap().path()) {
        let name = entry.file_name().unwrap().to_owned();
        if name.to_string_lossy().starts_with(pos_store::FILE_NAME) {
            std::fs::copy(&entry, to.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_program_that_is_ended_between_counting_and_checking_has_used_up_the_try() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(options(folder.path())).await.unwrap();
    app.create_demo(pos_app::view::Language::En).await.unwrap();
    let owner = app.state().await.unwrap().value.cashier.unwrap().cashier_id;
    app.set_pin(owner, pin(OWNER_PIN)).await.unwrap();
    for ended in 1..=3 {
        let mut trying = Box::pin(app.log_in(owner, Some(pin(OWNER_PIN))));
        // Also the right PIN: until it is checked nobody knows that it is.
        let mut polled = trying.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        while failures(folder.path(), owner) < ended {
            assert!(polled.is_pending(), "it is counted before it is checked");
            tokio::task::yield_now().await;
            polled = trying.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        assert!(polled.is_pending(), "and only then checked");
        drop(trying);
    }
    assert_eq!(failures(folder.path(), owner), 3);
    app.log_in(owner, Some(pin(OWNER_PIN))).await.unwrap();
    assert_eq!(failures(folder.path(), owner), 0, "a right PIN begins a new count");
    app.close().await.unwrap();
}

fn options(folder: &Path) -> AppOptions {
    AppOptions {
        dir: folder.to_owned(),
        access: OpenAccess::Write,
        background_sync: false,
        clock: Clock::system(),
    }
}

/// What is on the disk, as another program reads it.
fn failures(folder: &Path, who: CashierId) -> u32 {
    let file = rusqlite::Connection::open(folder.join(pos_store::FILE_NAME)).unwrap();
    file.query_row("SELECT failures FROM pin WHERE cashier_id = ?1", [who.as_bytes()], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn many_tries_at_once_are_not_more_tries() {
    let counter = Counter::with_pins().await;
    let manager = counter.of(Role::Manager).await.cashier_id;
    let tries = (0..12).map(|_| {
        let app = counter.app.clone();
        tokio::spawn(async move { app.log_in(manager, Some(pin("2580"))).await.unwrap_err().code })
    });
    let mut checked = 0;
    for tried in tries.collect::<Vec<_>>() {
        checked += i32::from(tried.await.unwrap() == ErrorCode::PinWrong);
    }
    assert_eq!(checked, 5, "the rest has to wait, however many came at once");
}

#[tokio::test]
async fn obvious_short_and_other_digits_are_no_pin() {
    let counter = Counter::demo().await;
    let owner = counter.of(Role::Owner).await.cashier_id;
    for (digits, problem) in [
        ("0000", "obvious"),
        ("1234", "obvious"),
        ("98765", "obvious"),
        ("907", "pin_length"),
        ("90a1", "not_digits"),
    ] {
        let refused = counter.app.set_pin(owner, pin(digits)).await.unwrap_err();
        assert_eq!(refused.params["problem"], problem, "{digits}");
    }
}
