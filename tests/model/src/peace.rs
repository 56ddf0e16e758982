//! Liveness: from every reachable state, when faults stop, everything can still come to rest.
//!
//! Stateright's own `eventually` may miss a counterexample once paths join (its documentation says so), so this builds
//! the whole graph, walks back from the states at rest along calm steps, and names a state from which there is no
//! way. A state at rest that a late message can still disturb is no rest: disturbed states are visited like others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use stateright::Model;

/// A model that can calm down.
pub trait Calms: Model {
    /// Whether the step needs no fault: a message arrives, a person or a timer acts.
    fn is_calm(&self, action: &Self::Action) -> bool;
    /// Whether nothing is left to do and all sides agree.
    fn is_at_rest(&self, state: &Self::State) -> bool;
}

/// What a walk over all states found.
#[derive(Debug)]
pub struct Peace<S> {
    /// States that can be reached.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// States at rest among them.
    pub at_rest: usize,
    /// A state from which no calm way leads to rest.
    pub lost: Option<S>,
}

/// Visits every state that the model can reach.
pub fn seek<M>(model: &M) -> Peace<M::State>
where
    M: Calms,
    M::State: Clone + Eq + Hash,
{
    let mut number: HashMap<M::State, usize> = HashMap::new();
    let mut states: Vec<M::State> = Vec::new();
    for state in model.init_states() {
        if let Entry::Vacant(vacant) = number.entry(state.clone()) {
            vacant.insert(states.len());
            states.push(state);
        }
    }
    // For each state, those that a calm step leads from.
    let mut calmly_from: Vec<Vec<usize>> = vec![Vec::new(); states.len()];
    let (mut at, mut steps) = (0, 0);
    let mut actions = Vec::new();
    while let Some(state) = states.get(at).cloned() {
        model.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let calm = model.is_calm(&action);
            let Some(next) = model.next_state(&state, action) else { continue };
            steps += 1;
            let to = match number.entry(next) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(vacant) => {
                    let to = states.len();
                    states.push(vacant.key().clone());
                    calmly_from.push(Vec::new());
                    *vacant.insert(to)
                }
            };
            if calm && let Some(sources) = calmly_from.get_mut(to) {
                sources.push(at);
            }
        }
        at += 1;
    }
    let resting: Vec<usize> =
        states.iter().enumerate().filter(|(_, s)| model.is_at_rest(s)).map(|(i, _)| i).collect();
    let at_rest = resting.len();
    let mut finds_rest = vec![false; states.len()];
    let mut rest = resting;
    while let Some(i) = rest.pop() {
        if finds_rest.get(i) == Some(&false) {
            if let Some(found) = finds_rest.get_mut(i) {
                *found = true;
            }
            rest.extend(calmly_from.get(i).into_iter().flatten());
        }
    }
    let lost = finds_rest.iter().position(|found| !found).and_then(|i| states.get(i).cloned());
    Peace { states: states.len(), steps, at_rest, lost }
}
