//! Who sits at the register: saying so with a PIN, stepping aside, and the door that every command goes through.
//!
//! Locking takes nothing away: cart, screen and shift stay as they were. A register on which nobody has a PIN is never
//! locked. Where PINs are used, somebody without one may step in only as a cashier, unless nobody with a PIN could give
//! them one: a shop never locks itself out.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use pos_domain::settings::ShopSettings;
use pos_domain::{Cashier, CashierId, Permission, Role};
use pos_store::audit::{self, AuditEntry};
use pos_store::device::{self, Seat};
use pos_store::{Conn, Tx, cashiers, pins, settings};
use serde_json::json;

use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::pin::{self, FREE_TRIES, PinDigits, Waits};
use crate::session::{Door, Session};
use crate::view::{AppState, SessionView};

impl App {
    /// `session.state`
    pub async fn session(&self) -> Result<Outcome<SessionView>, AppError> {
        let locked = self.is_locked();
        Ok(Outcome::read(self.read(move |conn| session_view(conn, locked)).await?))
    }

    /// `session.login`, and `cashier.switch` without a PIN: from now on this person sits at the register.
    pub async fn log_in(
        &self,
        cashier_id: CashierId,
        pin: Option<PinDigits>,
    ) -> Result<Outcome<AppState>, AppError> {
        self.prove(cashier_id, pin).await?;
        let now_ms = self.now_ms();
        self.write_sale(move |tx| {
            let person = person(tx, cashier_id)?;
            let before = device::get(tx)?.cashier_id;
            device::set_cashier(tx, Some(cashier_id))?;
            if before == Some(cashier_id) && pins::list_holders(tx)?.is_empty() {
                return Ok(());
            }
            trace(tx, now_ms, person.name, "session.login", Some(cashier_id), json!({}))
        })
        .await?;
        self.session_now().unlock(self.stopwatch());
        self.announce(&[Topic::Shop, Topic::Cart]);
        Ok(Outcome { changed: vec![Topic::Shop, Topic::Cart], ..self.state().await? })
    }

    /// `session.lock`
    pub async fn lock(&self) -> Result<Outcome<AppState>, AppError> {
        let (nobody_has_a_pin, name) = self
            .read(|conn| {
                let seated = device::get(conn)?.cashier_id.map(|id| cashiers::find(conn, id));
                let name = seated.transpose()?.flatten().map(|c| c.row.name);
                Ok((pins::list_holders(conn)?.is_empty(), name.unwrap_or_default()))
            })
            .await?;
        if nobody_has_a_pin {
            return Err(AppError::new(ErrorCode::SessionNoPins));
        }
        if self.session_now().lock() {
            let now_ms = self.now_ms();
            self.write_sale(move |tx| trace(tx, now_ms, name, "session.locked", None, json!({}))).await?;
        }
        Ok(Outcome { changed: vec![Topic::Shop], ..self.state().await? })
    }

    /// `session.touch`: somebody is here, though they gave no command.
    pub async fn touch(&self) -> Result<Outcome<()>, AppError> {
        // Going through the door was the touch.
        Ok(Outcome::read(()))
    }

    /// The door that every command goes through: refuses while the register is locked, and what the person at it may not
    /// do. `by_hand` is a command that only a person gives, so the register was touched.
    ///
    /// A register that was opened for looking is never locked: it changes nothing, and whoever can open its file can read
    /// it without this program.
    pub async fn admit(&self, door: Door, permission: Permission, by_hand: bool) -> Result<(), AppError> {
        let facts = self.read(move |conn| Facts::of(conn, permission)).await?;
        if self.may_write() && facts.has_pins {
            self.lock_if_left(facts.auto_lock, by_hand && door != Door::Open);
            if door != Door::Open && self.is_locked() {
                return Err(AppError::new(ErrorCode::SessionLocked));
            }
        }
        match door {
            Door::Open | Door::RoleOrApproval => Ok(()),
            Door::Role if facts.may => Ok(()),
            Door::Role => Err(denied(permission)),
        }
    }

    /// Refuses what the person at the register may not do, where only a part of a command needs it.
    pub(crate) async fn check_permission(&self, permission: Permission) -> Result<(), AppError> {
        let may = self.read(move |conn| Ok(Facts::of(conn, permission)?.may)).await?;
        if may { Ok(()) } else { Err(denied(permission)) }
    }

    fn lock_if_left(&self, limit: Duration, touched: bool) {
        let now = self.stopwatch();
        let mut session = self.session_now();
        let locked_now = session.lock_when_left(now, limit);
        if touched && !session.is_locked() {
            session.touch(now);
        }
        drop(session);
        if locked_now {
            self.announce(&[Topic::Shop]);
        }
    }

    /// Locks a register on which people have PINs: it was just opened, or its file put back.
    pub(crate) async fn begin_session(&self) -> Result<(), AppError> {
        if !self.read(|conn| Ok(pins::list_holders(conn)?.is_empty())).await? {
            let now = self.stopwatch();
            *self.session_now() = Session::locked(now);
            *self.inner.waits.lock().await = Waits::begin(now);
        }
        Ok(())
    }

    /// The first PIN was set: the register is in use, and locks only once it is left alone.
    pub(super) fn stay_unlocked(&self) {
        let now = self.stopwatch();
        self.session_now().touch(now);
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.may_write() && self.session_now().is_locked()
    }

    fn session_now(&self) -> MutexGuard<'_, Session> {
        self.inner.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopwatch(&self) -> Duration {
        (self.inner.world.stopwatch)()
    }

    /// Lets a person prove who they are: by their PIN, or by nothing when they may step in without one.
    pub(super) async fn prove(&self, who: CashierId, pin: Option<PinDigits>) -> Result<(), AppError> {
        let (has_pin, free, name) = self
            .read(move |conn| {
                let person = person(conn, who)?;
                let has_pin = pins::find(conn, who)?.is_some();
                Ok((has_pin, is_free(conn, &settings::load(conn)?, &person)?, person.name))
            })
            .await?;
        match (has_pin, pin) {
            (true, Some(pin)) => self.check_pin(who, pin).await,
            (true, None) => Err(AppError::with(ErrorCode::PinNeeded, json!({ "name": name }))),
            (false, _) if free => Ok(()),
            (false, _) => Err(AppError::with(ErrorCode::PinMissing, json!({ "name": name }))),
        }
    }

    /// Checks a PIN. The try is counted, in the file and beside it, before anything is compared: whoever kills the program
    /// in between has used it up. One try at a time, so that many at once are not more.
    async fn check_pin(&self, who: CashierId, pin: PinDigits) -> Result<(), AppError> {
        let mut waits = self.inner.waits.lock().await;
        let phc = self.count_try(&mut waits, who).await?;
        let pepper = self.pin_pepper()?;
        let right = self.inner.store.beside(move |_| pin::is_right(&pin, &pepper, &phc)).await?;
        if right {
            return self.note_failures(who, 0).await;
        }
        let failures = self.failures(who).await?;
        let now_ms = self.now_ms();
        self.write_sale(move |tx| {
            let name = person(tx, who)?.name;
            trace(tx, now_ms, name, "pin.wrong", Some(who), json!({ "failures": failures }))
        })
        .await?;
        let params = json!({
            "tries": FREE_TRIES.saturating_sub(failures),
            "seconds": pin::wait_after(failures).as_secs(),
        });
        Err(AppError::with(ErrorCode::PinWrong, params))
    }

    /// Counts a try as a failure until it proves right; what the PIN is then checked against.
    async fn count_try(&self, waits: &mut Waits, who: CashierId) -> Result<String, AppError> {
        let failures = self.failures(who).await?;
        let now = self.stopwatch();
        if let Some(left) = waits.left(who, failures, now) {
            let seconds = left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0));
            return Err(AppError::with(ErrorCode::PinWait, json!({ "seconds": seconds })));
        }
        let missing = || AppError::new(ErrorCode::CashierNotFound);
        let phc = self.read(move |conn| Ok(pins::find(conn, who)?)).await?.ok_or_else(missing)?.phc;
        self.note_failures(who, failures.saturating_add(1)).await?;
        waits.count(who, now);
        Ok(phc)
    }

    /// Failures in a row: of the file and of the note beside it the larger.
    async fn failures(&self, who: CashierId) -> Result<u32, AppError> {
        let in_file = self.read(move |conn| Ok(pins::find(conn, who)?)).await?.map_or(0, |pin| pin.failures);
        let beside = self
            .inner
            .store
            .beside(move |store| Ok::<_, AppError>(pins::read_tries(store.folder())?.get(&who).copied()))
            .await?;
        Ok(in_file.max(beside.unwrap_or(0)))
    }

    /// Notes how often a person failed in a row. A note beside the file that cannot be written stops nobody: the file has
    /// the number, and selling goes on.
    pub(super) async fn note_failures(&self, who: CashierId, failures: u32) -> Result<(), AppError> {
        self.write_sale(move |tx| Ok(pins::set_failures(tx, who, failures)?)).await?;
        let noted = self.inner.store.beside(move |store| {
            let mut tries = pins::read_tries(store.folder())?;
            if failures == 0 {
                tries.remove(&who);
            } else {
                tries.insert(who, failures);
            }
            Ok::<_, AppError>(pins::write_tries(store.folder(), &tries)?)
        });
        if let Err(error) = noted.await {
            tracing::warn!(code = error.code.as_str(), "the tries of a PIN are only in the register's file");
        }
        Ok(())
    }

    pub(super) fn pin_pepper(&self) -> Result<Vec<u8>, AppError> {
        let chance = self.inner.world.chance;
        let pepper = self.with_keys(|keys| keys.pin_pepper(chance))?;
        hex::decode(pepper.reveal()).map_err(AppError::internal)
    }
}

/// What the door must know.
struct Facts {
    may: bool,
    has_pins: bool,
    auto_lock: Duration,
}

impl Facts {
    fn of(conn: &Conn, permission: Permission) -> Result<Self, AppError> {
        let seat = device::find_seat(conn)?;
        if seat == Seat::NoRegister {
            // Nothing to guard: it is set up by anyone.
            return Ok(Self { may: true, has_pins: false, auto_lock: Duration::ZERO });
        }
        let settings = settings::load(conn)?;
        let may = match seat {
            // So is one that is loading its people.
            Seat::NoRegister | Seat::Empty => true,
            Seat::Of(id) => match cashiers::find(conn, id)? {
                Some(cashier) => settings.may(cashier.row.role, permission),
                // Removed at another register.
                None => permission == Permission::Look,
            },
        };
        Ok(Self {
            may,
            has_pins: !pins::list_holders(conn)?.is_empty(),
            auto_lock: Duration::from_secs(u64::from(settings.auto_lock_minutes) * 60),
        })
    }
}

/// Who sits at the register and what that means.
pub(crate) fn session_view(conn: &Conn, locked: bool) -> Result<SessionView, AppError> {
    let seat = device::find_seat(conn)?;
    if seat == Seat::NoRegister {
        // Nobody is locked out, and anybody may set a shop up.
        return Ok(SessionView {
            locked: false,
            with_pin: Vec::new(),
            may: Permission::ALL.to_vec(),
            free: Vec::new(),
            auto_lock_minutes: 0,
        });
    }
    let settings = settings::load(conn)?;
    let with_pin = pins::list_holders(conn)?;
    let seated = match seat {
        Seat::NoRegister | Seat::Empty => None,
        Seat::Of(id) => cashiers::find(conn, id)?,
    };
    let may = match seated {
        Some(cashier) => Permission::ALL.into_iter().filter(|p| settings.may(cashier.row.role, *p)).collect(),
        None => vec![Permission::Look],
    };
    let mut free = Vec::new();
    for person in cashiers::list(conn)? {
        if !with_pin.contains(&person.cashier_id) && is_free(conn, &settings, &person)? {
            free.push(person.cashier_id);
        }
    }
    let auto_lock_minutes = settings.auto_lock_minutes;
    Ok(SessionView { locked: locked && !with_pin.is_empty(), with_pin, may, free, auto_lock_minutes })
}

/// Whether somebody without a PIN may step in as this person; see the module.
fn is_free(conn: &Conn, settings: &ShopSettings, person: &Cashier) -> Result<bool, AppError> {
    let holders = pins::list_holders(conn)?;
    if holders.is_empty() || person.role == Role::Cashier {
        return Ok(true);
    }
    for holder in holders {
        let holder = cashiers::find(conn, holder)?;
        if holder.is_some_and(|h| settings.may(h.row.role, Permission::ManagePeople)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn denied(permission: Permission) -> AppError {
    AppError::with(ErrorCode::PermissionDenied, json!({ "permission": permission.as_str() }))
}

/// A person of the shop.
pub(super) fn person(conn: &Conn, id: CashierId) -> Result<Cashier, AppError> {
    Ok(cashiers::find(conn, id)?.ok_or_else(|| AppError::new(ErrorCode::CashierNotFound))?.row)
}

/// Leaves a trace of what somebody did.
pub(super) fn trace(
    tx: &Tx<'_>,
    at_ms: i64,
    actor: String,
    action: &str,
    subject: Option<CashierId>,
    detail: serde_json::Value,
) -> Result<(), AppError> {
    let subject = subject.map(|id| id.0);
    audit::record(tx, &AuditEntry { at_ms, actor, action: action.to_owned(), subject, detail })?;
    Ok(())
}
