//! The latch of the checkout: two registers, one server, one last unit.
//!
//! A message, once sent, may arrive at any later time, any number of times and in any order, or never: it simply stays
//! on the wire. What is on the disk survives a crash, what waits for an answer does not. Transactions are whole.
//!
//! A register remembers its claims by generation; here a message is *fresh* when it belongs to the latest claim, and
//! every new claim makes the others stale. So the states are finite although claims are not bounded.

use std::collections::BTreeSet;

use pos_protocol::Mode;
use pos_protocol::latch::{Held, Reaction, react};
use stateright::{Model, Property};

use crate::peace::Calms;

/// Registers; each sells one unit.
pub const REGISTERS: usize = 2;

/// The rule that is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    Sound,
    /// The server does not keep a refusal for lack of stock.
    ForgetsRefusals,
    /// The server applies an operation again that it has.
    AppliesAgain,
    /// The server refuses what has happened for lack of stock.
    RefusesFacts,
    /// The server commits an effect and its verdict apart, and may crash between.
    VerdictApart,
    /// The server does not keep that something was taken back before it came.
    ForgetsWithdrawals,
    /// The server sells what is not there.
    SellsBelowZero,
    /// The register takes silence for a refusal.
    SilenceIsRefusal,
    /// A late refusal takes a final sale back.
    LateRefusalCounts,
    /// The sale becomes final in one transaction and a fact in the next.
    LatchInTwoSteps,
    /// The cashier is told before it is on the disk.
    TellsBeforeCommit,
    /// The number is given when the sale begins.
    NumberAtBegin,
    /// After a crash the sale is asked for under a new id.
    NewIdAfterCrash,
    /// An answer is written down whatever claim it belongs to.
    Unfenced,
    /// An answer whose claim ran out meanwhile makes the sale final and leaves its operation behind.
    LeavesTheOperation,
    /// A refusal that answers a withdrawal is a dead letter.
    RefusedWithdrawalIsDead,
}

/// What a register does without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The sale stands.
    SellsAlone,
    /// Setting "sales need the server": the cart is given back.
    NeedsServer,
}

/// A world to explore.
#[derive(Debug, Clone, Copy)]
pub struct Latch {
    /// The broken rule.
    pub flaw: Flaw,
    /// What each register does without an answer.
    pub policy: [Policy; REGISTERS],
    /// Whether the server finds each sale's document sound.
    pub sound: [bool; REGISTERS],
    /// Units on the shelf.
    pub stock: i8,
}

/// A sale on its register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sale {
    /// A cart.
    Draft,
    /// Confirmed, not ended.
    Pending,
    /// Has a number.
    Final,
    /// Taken back.
    RolledBack,
}

/// Its operation in the register's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Not made yet.
    Absent,
    /// Waits for its turn.
    Pending,
    /// Claimed.
    InFlight,
    /// The server has it.
    Acknowledged,
    /// Over: nothing of it stands anywhere.
    Rejected,
    /// A person must look.
    Dead,
}

/// What the cashier was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// Here is the receipt.
    Sold,
    /// The server says no.
    Refused,
    /// The server does not answer; the cart is back.
    GivenBack,
}

/// A verdict on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    /// It stands.
    Applied,
    /// Not enough there.
    Short,
    /// Refused for good.
    Rejected,
    /// Taken back.
    Withdrawn,
}

/// A message on the wire between a register and the server. [`Mode`] has no order of its own: 0 asks, 1 tells, 2
/// takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// To the server.
    Request {
        /// Belongs to the latest claim.
        fresh: bool,
        /// Index of the mode.
        mode: u8,
    },
    /// From the server.
    Reply {
        /// Belongs to the latest claim.
        fresh: bool,
        /// Index of the mode that it answers.
        mode: u8,
        /// The verdict.
        said: Said,
    },
}

const MODES: [Mode; 3] = [Mode::Admit, Mode::Fact, Mode::Withdraw];

fn index(mode: Mode) -> u8 {
    match mode {
        Mode::Admit => 0,
        Mode::Fact => 1,
        Mode::Withdraw => 2,
    }
}

/// A register.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Register {
    /// On the disk.
    pub sale: Sale,
    /// On the disk.
    pub op: Op,
    /// On the disk.
    pub mode: Mode3,
    /// Numbers that were given, on the disk.
    pub numbers: u8,
    /// In memory: the customer waits.
    pub waiting: bool,
    /// In memory: the second half of a latch that is done in two steps.
    pub half: bool,
    /// What the cashier remembers.
    pub told: Option<Told>,
    /// Between it and the server.
    pub wire: BTreeSet<Message>,
}

/// [`Mode`] with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode3(u8);

/// What the server has of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OnServer {
    /// The stored verdict.
    pub held: Held,
    /// How often its movements stand.
    pub applied: u8,
    /// Units that it took from the shelf.
    pub taken: i8,
    /// Units that were not there.
    pub owed: i8,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The registers.
    pub registers: [Register; REGISTERS],
    /// Their sales on the server.
    pub server: [OnServer; REGISTERS],
    /// Units on the shelf.
    pub on_hand: i8,
    /// Monitor: a verdict changed otherwise than by the mode of a sale.
    pub verdict_changed: bool,
    /// Monitor: a sale that had ended went on.
    pub went_back: bool,
    /// Monitor: one side contradicted itself in the eyes of the other.
    pub alarm: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The cashier confirms; the server is asked.
    Begin(usize),
    /// The cashier confirms while the server is known to be away.
    SellApart(usize),
    /// The deadline passes, or the connection breaks.
    GiveUp(usize),
    /// The second transaction of a latch in two steps.
    Latch(usize),
    /// A message arrives. It stays on the wire: it may arrive again.
    Arrive(usize, Message),
    /// A request arrives at a server that crashes between effect and verdict.
    ArriveHalf(usize, Message),
    /// The register's program is killed and started again.
    Crash(usize),
    /// At the start: a sale that a crash left is asked for again.
    Recover(usize),
    /// The background claims and sends.
    Drain(usize),
    /// The claim's time passes, or the clock jumps.
    ClaimEnds(usize),
}

impl Latch {
    /// A register of the rules, with the last unit on the shelf.
    pub fn sound(policy: [Policy; REGISTERS]) -> Self {
        Self { flaw: Flaw::Sound, policy, sound: [true; REGISTERS], stock: 1 }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// What the server does with a request, in one transaction; the verdict that it says.
    fn serve(&self, state: &mut State, who: usize, mode: Mode) -> Option<Said> {
        let sound = *self.sound.get(who)?;
        let sale = state.server.get_mut(who)?;
        let before = sale.held;
        let take = |sale: &mut OnServer, on_hand: &mut i8, asked: bool| {
            let taken = if asked { 1 } else { (*on_hand).clamp(0, 1) };
            *on_hand -= taken;
            *sale = OnServer {
                held: Held::Applied { asked },
                applied: sale.applied + 1,
                taken: sale.taken + taken,
                owed: sale.owed + 1 - taken,
            };
        };
        let there = state.on_hand >= 1;
        match react(before, mode) {
            Reaction::Ask | Reaction::Record if !sound => sale.held = Held::Rejected,
            Reaction::Ask if there || self.is(Flaw::SellsBelowZero) => take(sale, &mut state.on_hand, true),
            Reaction::Record if there || !self.is(Flaw::RefusesFacts) => {
                take(sale, &mut state.on_hand, false);
            }
            Reaction::Ask | Reaction::Record if self.is(Flaw::ForgetsRefusals) => return Some(Said::Short),
            Reaction::Ask | Reaction::Record => sale.held = Held::Short,
            Reaction::Bar if self.is(Flaw::ForgetsWithdrawals) => return Some(Said::Withdrawn),
            Reaction::Bar => sale.held = Held::Withdrawn,
            Reaction::Undo => {
                state.on_hand += sale.taken;
                *sale = OnServer { held: Held::Withdrawn, applied: sale.applied - 1, taken: 0, owed: 0 };
            }
            Reaction::Repeat if self.is(Flaw::AppliesAgain) && matches!(before, Held::Applied { .. }) => {
                take(sale, &mut state.on_hand, false);
            }
            Reaction::Repeat => {}
            Reaction::Confirm => sale.held = Held::Applied { asked: false },
            Reaction::Contradiction => state.alarm = true,
        }
        let after = sale.held;
        state.verdict_changed |= !may_become(before, after, mode);
        said_of(after)
    }

    /// What a register makes of a reply.
    fn hear(&self, register: &mut Register, alarm: &mut bool, fresh: bool, asked: Mode, said: Said) {
        if self.is(Flaw::LateRefusalCounts) && said == Said::Short && register.sale == Sale::Final {
            register.sale = Sale::RolledBack;
            return;
        }
        if register.waiting && fresh {
            return self.conclude(register, said);
        }
        let current = (fresh || self.is(Flaw::Unfenced)) && register.op == Op::InFlight && !register.waiting;
        if !current {
            return;
        }
        let mode = if self.is(Flaw::Unfenced) { asked } else { mode_of(register) };
        register.op = match (said, mode) {
            (Said::Applied, Mode::Admit | Mode::Fact) => Op::Acknowledged,
            (Said::Withdrawn, Mode::Withdraw) => Op::Rejected,
            (Said::Rejected, Mode::Withdraw) if !self.is(Flaw::RefusedWithdrawalIsDead) => Op::Rejected,
            (Said::Rejected | Said::Withdrawn, Mode::Admit | Mode::Fact | Mode::Withdraw) => Op::Dead,
            (Said::Short, Mode::Admit | Mode::Fact | Mode::Withdraw) | (Said::Applied, Mode::Withdraw) => {
                *alarm = true;
                Op::Dead
            }
        };
    }

    /// The end of a checkout that was answered in time, in one transaction.
    fn conclude(&self, register: &mut Register, said: Said) {
        if self.is(Flaw::TellsBeforeCommit) && said == Said::Applied && register.told.is_none() {
            register.told = Some(Told::Sold);
            return;
        }
        register.waiting = false;
        let claimed = register.op == Op::InFlight;
        match said {
            Said::Applied => {
                register.end(Sale::Final, Told::Sold);
                if claimed {
                    register.op = Op::Acknowledged;
                } else if !self.is(Flaw::LeavesTheOperation) {
                    register.latch(Mode::Fact);
                }
            }
            Said::Short | Said::Rejected | Said::Withdrawn => {
                register.end(Sale::RolledBack, Told::Refused);
                if claimed {
                    register.op = Op::Rejected;
                } else if !self.is(Flaw::LeavesTheOperation) {
                    register.latch(Mode::Withdraw);
                }
            }
        }
        if self.is(Flaw::NumberAtBegin) && said == Said::Applied {
            register.numbers -= 1;
        }
    }

    fn give_up(&self, register: &mut Register, policy: Policy) {
        register.waiting = false;
        if self.is(Flaw::SilenceIsRefusal) {
            register.end(Sale::RolledBack, Told::Refused);
            register.op = Op::Rejected;
            return;
        }
        match policy {
            Policy::SellsAlone => {
                register.end(Sale::Final, Told::Sold);
                if self.is(Flaw::NumberAtBegin) {
                    register.numbers -= 1;
                }
                if self.is(Flaw::LatchInTwoSteps) {
                    register.half = true;
                } else {
                    register.latch(Mode::Fact);
                }
            }
            Policy::NeedsServer => {
                register.end(Sale::RolledBack, Told::GivenBack);
                register.latch(Mode::Withdraw);
            }
        }
    }
}

/// The only ways in which a verdict may change: sync.md's table, written down once more.
fn may_become(before: Held, after: Held, mode: Mode) -> bool {
    match (before, after) {
        (Held::Nothing, _) => true,
        (Held::Short | Held::Applied { asked: true }, Held::Applied { asked: false }) => mode == Mode::Fact,
        (Held::Short | Held::Applied { asked: true }, Held::Withdrawn) => mode == Mode::Withdraw,
        (before, after) => before == after,
    }
}

fn said_of(held: Held) -> Option<Said> {
    match held {
        Held::Nothing => None,
        Held::Applied { .. } => Some(Said::Applied),
        Held::Short => Some(Said::Short),
        Held::Rejected => Some(Said::Rejected),
        Held::Withdrawn => Some(Said::Withdrawn),
    }
}

fn mode_of(register: &Register) -> Mode {
    MODES.get(usize::from(register.mode.0)).copied().unwrap_or(Mode::Admit)
}

impl Register {
    fn new() -> Self {
        Self {
            sale: Sale::Draft,
            op: Op::Absent,
            mode: Mode3(0),
            numbers: 0,
            waiting: false,
            half: false,
            told: None,
            wire: BTreeSet::new(),
        }
    }

    fn end(&mut self, sale: Sale, told: Told) {
        self.sale = sale;
        self.told = Some(told);
        self.numbers += u8::from(sale == Sale::Final);
    }

    /// A new claim: whatever is on the wire belongs to an older one now.
    fn claim(&mut self) {
        self.outdate();
        self.op = Op::InFlight;
        self.wire.insert(Message::Request { fresh: true, mode: self.mode.0 });
    }

    /// The one change of mind that an operation may have; answers to earlier claims are stale.
    fn latch(&mut self, mode: Mode) {
        self.mode = Mode3(index(mode));
        self.op = Op::Pending;
        self.outdate();
    }

    fn outdate(&mut self) {
        self.wire = std::mem::take(&mut self.wire)
            .into_iter()
            .map(|message| match message {
                Message::Request { mode, .. } => Message::Request { fresh: false, mode },
                Message::Reply { mode, said, .. } => Message::Reply { fresh: false, mode, said },
            })
            .collect();
    }
}

impl Model for Latch {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let nothing = OnServer { held: Held::Nothing, applied: 0, taken: 0, owed: 0 };
        vec![State {
            registers: [Register::new(), Register::new()],
            server: [nothing; REGISTERS],
            on_hand: self.stock,
            verdict_changed: false,
            went_back: false,
            alarm: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        for (who, register) in state.registers.iter().enumerate() {
            if register.sale == Sale::Draft {
                actions.push(Step::Begin(who));
                if self.policy.get(who) == Some(&Policy::SellsAlone) {
                    actions.push(Step::SellApart(who));
                }
                continue;
            }
            for message in &register.wire {
                actions.push(Step::Arrive(who, *message));
                if self.is(Flaw::VerdictApart) && matches!(message, Message::Request { .. }) {
                    actions.push(Step::ArriveHalf(who, *message));
                }
            }
            actions.extend([
                Step::GiveUp(who),
                Step::Latch(who),
                Step::Crash(who),
                Step::Recover(who),
                Step::Drain(who),
                Step::ClaimEnds(who),
            ]);
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one arm per step of the protocol")]
    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        match step {
            Step::Begin(who) => {
                let register = next.registers.get_mut(who)?;
                register.sale = Sale::Pending;
                register.waiting = true;
                register.numbers += u8::from(self.is(Flaw::NumberAtBegin));
                register.claim();
            }
            Step::SellApart(who) => {
                let register = next.registers.get_mut(who)?;
                register.end(Sale::Final, Told::Sold);
                register.latch(Mode::Fact);
            }
            Step::GiveUp(who) => {
                let register = next.registers.get_mut(who).filter(|r| r.waiting)?;
                self.give_up(register, *self.policy.get(who)?);
            }
            Step::Latch(who) => {
                let register = next.registers.get_mut(who).filter(|r| r.half)?;
                register.half = false;
                register.latch(Mode::Fact);
            }
            Step::Arrive(who, Message::Request { fresh, mode }) => {
                let said = self.serve(&mut next, who, *MODES.get(usize::from(mode))?);
                let register = next.registers.get_mut(who)?;
                register.wire.extend(said.map(|said| Message::Reply { fresh, mode, said }));
            }
            Step::ArriveHalf(who, Message::Request { mode, .. }) => {
                let held = next.server.get(who)?.held;
                self.serve(&mut next, who, *MODES.get(usize::from(mode))?);
                next.server.get_mut(who)?.held = held;
                next.verdict_changed = state.verdict_changed;
            }
            Step::Arrive(who, Message::Reply { fresh, mode, said }) => {
                let mut alarm = next.alarm;
                let register = next.registers.get_mut(who)?;
                self.hear(register, &mut alarm, fresh, *MODES.get(usize::from(mode))?, said);
                next.alarm = alarm;
            }
            Step::ArriveHalf(_, Message::Reply { .. }) => return None,
            Step::Crash(who) => {
                let register = next.registers.get_mut(who)?;
                register.waiting = false;
                register.half = false;
                if register.op == Op::InFlight {
                    register.op = Op::Pending;
                }
            }
            Step::Recover(who) => {
                let register = next.registers.get_mut(who)?;
                if register.sale != Sale::Pending || register.waiting || register.op != Op::Pending {
                    return None;
                }
                register.waiting = true;
                register.claim();
                if self.is(Flaw::NewIdAfterCrash) {
                    next.server.get_mut(who)?.held = Held::Nothing;
                }
            }
            Step::Drain(who) => {
                let register = next.registers.get_mut(who)?;
                if register.op != Op::Pending || mode_of(register) == Mode::Admit {
                    return None;
                }
                register.claim();
            }
            Step::ClaimEnds(who) => {
                let register = next.registers.get_mut(who).filter(|r| r.op == Op::InFlight)?;
                register.op = Op::Pending;
            }
        }
        for (was, is) in state.registers.iter().zip(&next.registers) {
            let ended = matches!(was.sale, Sale::Final | Sale::RolledBack);
            next.went_back |= ended && was.sale != is.sale;
        }
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a sale shown as sold is on the disk", |_, s: &State| {
                s.registers.iter().all(|r| r.told != Some(Told::Sold) || r.sale == Sale::Final)
            }),
            Property::always("nothing is applied twice", |_, s: &State| {
                s.server.iter().all(|o| o.applied <= 1)
            }),
            Property::always("what was refused to the cashier never stands", |_, s: &State| {
                pairs(s).all(|(r, o)| r.told != Some(Told::Refused) || o.applied == 0)
            }),
            Property::always("nothing stands that no register made", |_, s: &State| {
                pairs(s).all(|(r, o)| r.sale != Sale::Draft || o.held == Held::Nothing && o.applied == 0)
            }),
            Property::always("a verdict changes only by the mode of a sale", |_, s: &State| {
                !s.verdict_changed
            }),
            Property::always(
                "stock is the sum of its movements and never negative",
                |m: &Self, s: &State| {
                    s.on_hand >= 0 && s.on_hand == m.stock - s.server.iter().map(|o| o.taken).sum::<i8>()
                },
            ),
            Property::always("who asks never oversells", |_, s: &State| {
                s.server.iter().all(|o| o.owed == 0 || o.held == Held::Applied { asked: false })
            }),
            Property::always("an ended sale never goes on", |_, s: &State| !s.went_back),
            Property::always("a number for each final sale and for no other", |_, s: &State| {
                s.registers.iter().all(|r| r.numbers == u8::from(r.sale == Sale::Final))
            }),
            Property::always("neither side contradicts itself", |_, s: &State| !s.alarm),
            Property::always("an acknowledged operation stands", |_, s: &State| {
                pairs(s).all(|(r, o)| {
                    let stands = r.sale == Sale::Final && matches!(o.held, Held::Applied { .. });
                    r.op != Op::Acknowledged || stands
                })
            }),
            Property::always("an operation that is over never stands later", |_, s: &State| {
                pairs(s).all(|(r, o)| r.op != Op::Rejected || (r.sale == Sale::RolledBack && o.applied == 0))
            }),
            Property::always("a sound sale is no dead letter", |m: &Self, s: &State| {
                s.registers.iter().zip(m.sound).all(|(r, sound)| r.op != Op::Dead || !sound)
            }),
        ]
    }
}

fn pairs(state: &State) -> impl Iterator<Item = (&Register, &OnServer)> {
    state.registers.iter().zip(&state.server)
}

impl Calms for Latch {
    fn is_calm(&self, step: &Step) -> bool {
        match step {
            Step::Begin(_)
            | Step::SellApart(_)
            | Step::GiveUp(_)
            | Step::Latch(_)
            | Step::Arrive(..)
            | Step::Recover(_)
            | Step::Drain(_)
            | Step::ClaimEnds(_) => true,
            Step::Crash(_) | Step::ArriveHalf(..) => false,
        }
    }

    /// Every sale has ended, every operation has, and both sides say the same. A sale that the server finds unsound is
    /// a dead letter when it stands, and nothing when it was taken back.
    fn is_at_rest(&self, state: &State) -> bool {
        pairs(state).zip(self.sound).all(|((register, on_server), sound)| {
            match (register.sale, register.op) {
                (Sale::Final, Op::Acknowledged) => on_server.applied == 1,
                (Sale::Final, Op::Dead) => !sound && on_server.held == Held::Rejected,
                (Sale::RolledBack, Op::Rejected) => on_server.applied == 0,
                (Sale::Draft | Sale::Pending | Sale::Final | Sale::RolledBack, _) => false,
            }
        })
    }
}
