//! Two processes that drain one queue: the lease of the drainer and the generations of its claims.
//!
//! The file is shared and its transactions are whole; everything else may stop for any time, crash, and go on. What is
//! modelled is `pos_store::lease` and the way of one operation through `pos_store::queue`: a claim is taken in the
//! transaction that takes or renews the lease, an answer names the claim that it belongs to.
//!
//! Time is a step: "the lease runs out", "the claim runs out" may happen whenever they stand. A process that slept
//! does not notice.

use stateright::{Model, Property};

use crate::peace::Calms;

/// Processes.
const PROCESSES: usize = 2;
/// Most claims of the operation. Generations only rise, and a late answer matters alike however late it is: with
/// three, an answer can be one and two claims late.
const MAX_CLAIMS: u8 = 3;

/// The rule that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    Sound,
    /// The lease is taken although another one's stands.
    IgnoresTheOther,
    /// A process claims without looking at the lease again: it slept since it took it.
    ClaimsByMemory,
    /// An answer is written down whatever claim it belongs to.
    Unfenced,
    /// Giving the lease back does not look at who holds it.
    GivesBackAnothers,
    /// A claim never runs out.
    ClaimsForEver,
    /// A lease never runs out, because the clock was ahead when it was taken.
    LeasesForEver,
}

/// Two processes, one operation.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The broken rule.
    pub flaw: Flaw,
}

/// The operation in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Waits.
    Pending,
    /// Claimed.
    InFlight,
    /// The server has it.
    Acknowledged,
}

/// A process, as far as it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Process {
    /// It believes that it holds the lease.
    pub holds: bool,
    /// The claim that it waits for an answer to.
    pub claim: Option<u8>,
    /// It will never be started again.
    pub gone: bool,
}

/// The file and both processes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// Who holds the lease, and whether its time has not passed.
    pub lease: Option<(usize, bool)>,
    /// Where the operation is.
    pub op: Op,
    /// Names its last claim.
    pub generation: u8,
    /// The processes.
    pub processes: [Process; PROCESSES],
    /// Monitors: what happened and must not.
    pub two_drainers: bool,
    /// An answer to an older claim changed the operation.
    pub late_answer_counted: bool,
    /// An acknowledged operation was taken up again.
    pub undone: bool,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A process takes or renews the lease and claims, in one transaction.
    Claim(usize),
    /// The server acknowledged the claim of a process.
    Answered(usize),
    /// The claim of a process failed: the operation is to wait again.
    Failed(usize),
    /// A process gives the lease back.
    GiveBack(usize),
    /// A process ends without a word, and is started again.
    Crash(usize),
    /// A process ends for ever. One of them stays.
    Dies(usize),
    /// The lease's time passes.
    LeaseEnds,
    /// The claim's time passes, and whoever looks puts the operation back.
    ClaimEnds,
}

impl Lease {
    fn claim(&self, state: &State, process: usize) -> Option<State> {
        let mine = state.processes.get(process).filter(|p| !p.gone)?;
        let free = match state.lease {
            None => true,
            Some((holder, running)) => holder == process || !running,
        };
        let by_memory = self.flaw == Flaw::ClaimsByMemory && mine.holds;
        let may = free || by_memory || self.flaw == Flaw::IgnoresTheOther;
        if !may || state.op != Op::Pending || state.generation >= MAX_CLAIMS {
            return None;
        }
        let mut next = state.clone();
        next.two_drainers |= !free;
        if free || self.flaw == Flaw::IgnoresTheOther {
            next.lease = Some((process, true));
        }
        next.op = Op::InFlight;
        next.generation += 1;
        *next.processes.get_mut(process)? =
            Process { holds: true, claim: Some(next.generation), gone: false };
        Some(next)
    }

    fn answered(&self, state: &State, process: usize, becomes: Op) -> Option<State> {
        let claim = state.processes.get(process)?.claim?;
        let mut next = state.clone();
        next.processes.get_mut(process)?.claim = None;
        let current = state.op == Op::InFlight && claim == state.generation;
        if current || self.flaw == Flaw::Unfenced {
            next.late_answer_counted |= !current;
            next.undone |= state.op == Op::Acknowledged && becomes == Op::Pending;
            next.op = becomes;
        }
        Some(next)
    }
}

impl Model for Lease {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            lease: None,
            op: Op::Pending,
            generation: 0,
            processes: [Process::default(); PROCESSES],
            two_drainers: false,
            late_answer_counted: false,
            undone: false,
        }]
    }

    fn actions(&self, _: &State, actions: &mut Vec<Step>) {
        for process in 0..PROCESSES {
            actions.extend([
                Step::Claim(process),
                Step::Answered(process),
                Step::Failed(process),
                Step::GiveBack(process),
                Step::Crash(process),
                Step::Dies(process),
            ]);
        }
        actions.extend([Step::LeaseEnds, Step::ClaimEnds]);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        match step {
            Step::Claim(process) => self.claim(state, process),
            Step::Answered(process) => self.answered(state, process, Op::Acknowledged),
            Step::Failed(process) => self.answered(state, process, Op::Pending),
            Step::GiveBack(process) => {
                let mine = state.processes.get(process)?;
                let holder = state.lease.map(|(holder, _)| holder);
                if !mine.holds || mine.claim.is_some() {
                    return None;
                }
                let mut next = state.clone();
                next.processes.get_mut(process)?.holds = false;
                if holder == Some(process) || self.flaw == Flaw::GivesBackAnothers {
                    // Freed under another's claim: the next one drains beside it.
                    next.two_drainers |= holder != Some(process) && state.lease.is_some_and(|(_, on)| on);
                    next.lease = None;
                }
                Some(next)
            }
            Step::Crash(process) => {
                let gone = state.processes.get(process)?.gone;
                let mut next = state.clone();
                *next.processes.get_mut(process)? = Process { gone, ..Process::default() };
                (next != *state).then_some(next)
            }
            Step::Dies(process) => {
                if state.processes.iter().any(|p| p.gone) {
                    return None;
                }
                let mut next = state.clone();
                *next.processes.get_mut(process)? = Process { gone: true, ..Process::default() };
                Some(next)
            }
            Step::LeaseEnds => {
                let (holder, _) = state.lease.filter(|(_, running)| *running)?;
                let mut next = state.clone();
                next.lease = Some((holder, false));
                (self.flaw != Flaw::LeasesForEver).then_some(next)
            }
            Step::ClaimEnds => {
                let ends = state.op == Op::InFlight && self.flaw != Flaw::ClaimsForEver;
                ends.then(|| State { op: Op::Pending, ..state.clone() })
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one drainer at a time", |_, s: &State| !s.two_drainers),
            Property::always("a late answer changes nothing", |_, s: &State| !s.late_answer_counted),
            Property::always("what is acknowledged stays so", |_, s: &State| !s.undone),
            Property::sometimes("an operation is acknowledged", |_, s: &State| s.op == Op::Acknowledged),
            Property::sometimes("an answer comes late", |_, s: &State| {
                s.processes.iter().any(|p| p.claim.is_some_and(|claim| claim < s.generation))
            }),
        ]
    }
}

impl Calms for Lease {
    fn is_calm(&self, step: &Step) -> bool {
        match step {
            Step::Claim(_) | Step::Answered(_) | Step::GiveBack(_) | Step::LeaseEnds | Step::ClaimEnds => {
                true
            }
            Step::Failed(_) | Step::Crash(_) | Step::Dies(_) => false,
        }
    }

    /// Acknowledged; or out of claims, which only the bound of the model brings about.
    fn is_at_rest(&self, state: &State) -> bool {
        state.op == Op::Acknowledged || (state.generation >= MAX_CLAIMS && state.op == Op::Pending)
    }
}
