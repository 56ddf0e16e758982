//! Every state of both protocols, and every broken rule found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a file of tests: what is not as expected fails")]
#![allow(clippy::print_stdout, reason = "the counts of states are what it shows")]

use std::fmt::Debug;
use std::hash::Hash;

use comptoir_model::latch::{Flaw, Latch, Op, Policy, Sale};
use comptoir_model::lease::{self, Lease};
use comptoir_model::peace::{Calms, seek};
use pos_protocol::latch::Held;
use stateright::{Checker, HasDiscoveries, Model};

/// Visits every state, demands every property in each of them, and a calm way to rest from each. How many there are.
fn holds<M>(name: &str, model: M) -> usize
where
    M: Calms + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Eq + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync + 'static,
{
    let checker = model.clone().checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    let peace = seek(&model);
    assert_eq!(peace.states, states, "both walks saw the same world");
    assert!(peace.lost.is_none(), "{name}: no way to rest from {:#?}", peace.lost);
    println!("{name}: {states} states, {} steps, {} at rest", peace.steps, peace.at_rest);
    states
}

/// How a broken rule shows: a property that fails, or a state from which nothing comes to rest any more.
fn caught<M>(model: M) -> Option<String>
where
    M: Calms + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Eq + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync + 'static,
{
    let checker = model.clone().checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let failed = checker
        .discoveries()
        .into_iter()
        .find(|(name, _)| model.property(name).expectation == stateright::Expectation::Always);
    if let Some((name, path)) = failed {
        return Some(format!("\"{name}\" fails after {} steps", path.into_actions().len()));
    }
    seek(&model).lost.map(|_| "no way to rest".to_owned())
}

const ALONE: Policy = Policy::SellsAlone;
const NEEDS: Policy = Policy::NeedsServer;

/// Every world of the latch: what registers do without an answer, and whether the second sale is sound.
fn worlds(flaw: Flaw) -> Vec<Latch> {
    let policies = [[ALONE, ALONE], [ALONE, NEEDS], [NEEDS, NEEDS]];
    let of = |policy| [[true, true], [true, false]].map(|sound| Latch { flaw, policy, sound, stock: 1 });
    policies.into_iter().flat_map(of).collect()
}

#[test]
fn the_latch_of_the_checkout_holds_in_every_state() {
    let mut states = 0;
    for world in worlds(Flaw::Sound) {
        let name = format!("latch {:?}, sound {:?}", world.policy, world.sound);
        states += holds(&name, world);
    }
    println!("latch: {states} states in all worlds");
}

/// Without this, a model in which nothing happens would pass.
#[test]
fn what_the_latch_is_for_does_happen() {
    let happens = |what: &str, policy, wanted: fn(&comptoir_model::latch::State) -> bool| {
        let found = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = std::sync::Arc::clone(&found);
        let look = move |path: stateright::Path<comptoir_model::latch::State, _>| {
            if wanted(path.last_state()) {
                seen.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        };
        Latch::sound(policy).checker().visitor(look).spawn_bfs().join();
        assert!(found.load(std::sync::atomic::Ordering::Relaxed), "{what}");
    };
    happens("the last unit is sold twice while apart, and the shortage is known", [ALONE, ALONE], |s| {
        s.server.iter().all(|o| o.applied == 1) && s.server.iter().any(|o| o.owed == 1)
    });
    happens("online, one sells it and the other is refused", [ALONE, ALONE], |s| {
        let [one, other] = &s.registers;
        one.op == Op::Acknowledged && other.op == Op::Rejected && other.sale == Sale::RolledBack
    });
    happens("a sale that the server had is taken back", [NEEDS, NEEDS], |s| {
        s.server.iter().any(|o| o.held == Held::Withdrawn) && s.on_hand == 1
    });
}

#[test]
fn the_lease_of_the_queue_holds_in_every_state() {
    holds("lease", Lease { flaw: lease::Flaw::Sound });
}

#[test]
fn every_broken_rule_of_the_latch_is_found() {
    let flaws = [
        Flaw::ForgetsRefusals,
        Flaw::AppliesAgain,
        Flaw::RefusesFacts,
        Flaw::VerdictApart,
        Flaw::ForgetsWithdrawals,
        Flaw::SellsBelowZero,
        Flaw::SilenceIsRefusal,
        Flaw::LateRefusalCounts,
        Flaw::LatchInTwoSteps,
        Flaw::TellsBeforeCommit,
        Flaw::NumberAtBegin,
        Flaw::NewIdAfterCrash,
        Flaw::Unfenced,
        Flaw::LeavesTheOperation,
        Flaw::RefusedWithdrawalIsDead,
    ];
    for flaw in flaws {
        let how = worlds(flaw).into_iter().find_map(caught);
        println!("{flaw:?}: {}", how.as_deref().unwrap_or("NOT FOUND"));
        assert!(how.is_some(), "{flaw:?} was not found: the model proves nothing about it");
    }
}

#[test]
fn every_broken_rule_of_the_lease_is_found() {
    let flaws = [
        lease::Flaw::IgnoresTheOther,
        lease::Flaw::ClaimsByMemory,
        lease::Flaw::Unfenced,
        lease::Flaw::GivesBackAnothers,
        lease::Flaw::ClaimsForEver,
        lease::Flaw::LeasesForEver,
    ];
    for flaw in flaws {
        let how = caught(Lease { flaw });
        println!("{flaw:?}: {}", how.as_deref().unwrap_or("NOT FOUND"));
        assert!(how.is_some(), "{flaw:?} was not found: the model proves nothing about it");
    }
}
