//! Power cuts and kills at any moment of a register's life.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use pos_testkit::chance::seeded;
use pos_testkit::crash::Syncs;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::runtime::{Builder, Runtime};

use crate::life::{Life, Loss};

/// Power cuts in half a minute of a CI machine, unless `COMPTOIR_POWER_CUTS` says another number.
const CUTS: usize = 400;
/// Variable with another number of cuts.
const CUTS_VARIABLE: &str = "COMPTOIR_POWER_CUTS";
/// Cuts of one record.
const CUTS_OF_A_LIFE: usize = 50;
/// Lives of one register, each going on from what a power cut of the one before left.
const LIVES: usize = 4;
/// Steps of one life.
const STEPS: usize = 10;
/// Steps of the life that is killed at every write: each is some forty kills.
const STEPS_KILLED: usize = 6;
/// Cuts on a disk that ignores synchronisation.
const LYING_CUTS: usize = 100;
/// Where all of it comes from.
const SEED: u64 = 0xACED;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn whatever_moment_the_power_goes_every_acknowledged_sale_is_there_and_nothing_is_half_done() {
    let told = std::env::var(CUTS_VARIABLE).ok().map(|text| text.parse().unwrap());
    let cuts: usize = told.unwrap_or(CUTS);
    let begun = Instant::now();
    let mut chance = seeded(SEED);
    let seeds: Vec<u64> = (0..cuts.div_ceil(CUTS_OF_A_LIFE * LIVES)).map(|_| chance.random()).collect();
    let (next, sales) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    sales.fetch_add(runtime().block_on(register(*seed)), Ordering::Relaxed);
                }
            });
        }
    });
    println!(
        "{} power cuts of {} registers, {} acknowledged sales, {:.1?}",
        seeds.len() * CUTS_OF_A_LIFE * LIVES,
        seeds.len(),
        sales.into_inner(),
        begun.elapsed()
    );
}

/// The lives of one register, one power cut after another. The sales that it made.
async fn register(seed: u64) -> usize {
    let chance = &mut StdRng::seed_from_u64(seed);
    let (mut sales, mut life) = (0, Life::begin().await);
    for number in 1..=LIVES {
        let record = life.work(STEPS, chance).await;
        sales += record.sales;
        let mut left = None;
        for cut in 0..CUTS_OF_A_LIFE {
            match record.cut(Syncs::Kept, chance).await {
                Ok(image) => left = Some(image),
                Err(loss) => panic!("register {seed}, life {number}, cut {cut}: {loss:?}"),
            }
        }
        life = record.go_on(&left.unwrap()).await;
    }
    sales
}

/// The suite proves itself: the same cuts must be noticed where the disk does not do what it says.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_ignores_synchronisation_is_caught_losing_acknowledged_sales() {
    let mut chance = seeded(SEED);
    let record = Life::begin().await.work(STEPS, &mut chance).await;
    let (mut lost, mut unusable) = (0, 0);
    for _ in 0..LYING_CUTS {
        match record.cut(Syncs::Ignored, &mut chance).await {
            Ok(_) => {}
            Err(Loss::Books(_)) => lost += 1,
            Err(Loss::Closed(_) | Loss::Unsound(_) | Loss::Life(_)) => unusable += 1,
        }
    }
    println!(
        "{LYING_CUTS} power cuts of a lying disk: {lost} lost what was acknowledged, {unusable} the register"
    );
    assert!(
        lost + unusable > LYING_CUTS / 2,
        "a suite that notices nothing proves nothing: {lost}, {unusable}"
    );
    assert!(lost > 0, "acknowledged sales are missed");
}

/// kill -9 between any two calls that change the disk: the system keeps what it was given.
#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_is_killed_at_every_write_loses_and_halves_nothing() {
    let record = Life::begin().await.work(STEPS_KILLED, &mut seeded(SEED)).await;
    match record.kill_everywhere().await {
        Ok(kills) => println!("{kills} kills, {} acknowledged sales", record.sales),
        Err((moment, loss)) => panic!("killed at {moment:?}: {loss:?}"),
    }
}
