//! The people of the shop: who works here, what their role may do, and their PINs on this register.
//!
//! Nobody makes themselves more than they are: what concerns an owner only an owner does, and a shop always has one.

use std::collections::BTreeSet;

use pos_domain::people::{PinFault, check_pin};
use pos_domain::{Cashier, CashierId, Permission, Role};
use pos_store::queue::Lane;
use pos_store::{Conn, Tx, cashiers, pins};
use serde_json::json;

use super::records::Stamp;
use super::session::{person, trace};
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::pin::{self, PinDigits};
use crate::view::{AppState, PersonView, RoleView};

/// What changes when people do.
const CHANGED: [Topic; 2] = [Topic::Shop, Topic::Sync];

impl App {
    /// `people.list`
    pub async fn list_people(&self) -> Result<Outcome<Vec<PersonView>>, AppError> {
        Ok(Outcome::read(self.read(list_people).await?))
    }

    /// `people.create`
    pub async fn create_person(
        &self,
        name: String,
        role: Role,
    ) -> Result<Outcome<Vec<PersonView>>, AppError> {
        self.change_people(move |tx, counter, stamp| {
            let name = name.trim().to_owned();
            let row = Cashier { cashier_id: stamp.ids.next(), name, role };
            check_reach(counter, &[role])?;
            check_name(tx, &row)?;
            stamp.create(tx, &row)?;
            let detail = json!({ "name": row.name, "role": role });
            trace(
                tx,
                stamp.now_ms,
                counter.cashier.name.clone(),
                "person.created",
                Some(row.cashier_id),
                detail,
            )
        })
        .await
    }

    /// `people.update`: another name or role.
    pub async fn update_person(
        &self,
        cashier_id: CashierId,
        name: String,
        role: Role,
    ) -> Result<Outcome<Vec<PersonView>>, AppError> {
        self.change_people(move |tx, counter, stamp| {
            let missing = || AppError::new(ErrorCode::CashierNotFound);
            let before = cashiers::find(tx, cashier_id)?.ok_or_else(missing)?;
            let after = Cashier { cashier_id, name: name.trim().to_owned(), role };
            check_reach(counter, &[before.row.role, role])?;
            check_name(tx, &after)?;
            if role != Role::Owner {
                check_owner_left(tx, cashier_id)?;
            }
            if stamp.update(tx, &before, &after)? {
                let detail = json!({
                    "name": after.name, "role": role, "name_before": before.row.name, "role_before": before.row.role,
                });
                let actor = counter.cashier.name.clone();
                trace(tx, stamp.now_ms, actor, "person.changed", Some(cashier_id), detail)?;
            }
            Ok(())
        })
        .await
    }

    /// `people.remove`: what they did stays.
    pub async fn remove_person(&self, cashier_id: CashierId) -> Result<Outcome<Vec<PersonView>>, AppError> {
        self.change_people(move |tx, counter, stamp| {
            if counter.cashier.cashier_id == cashier_id {
                return Err(AppError::new(ErrorCode::PersonAtRegister));
            }
            let missing = || AppError::new(ErrorCode::CashierNotFound);
            let before = cashiers::find(tx, cashier_id)?.ok_or_else(missing)?;
            check_reach(counter, &[before.row.role])?;
            check_owner_left(tx, cashier_id)?;
            pins::remove(tx, cashier_id)?;
            stamp.delete(tx, &before, |tx| cashiers::remove(tx, cashier_id))?;
            let (actor, detail) = (counter.cashier.name.clone(), json!({ "name": before.row.name }));
            trace(tx, stamp.now_ms, actor, "person.removed", Some(cashier_id), detail)
        })
        .await
    }

    /// `people.set_pin`: a PIN on this register, in place of any other.
    pub async fn set_pin(
        &self,
        cashier_id: CashierId,
        pin: PinDigits,
    ) -> Result<Outcome<Vec<PersonView>>, AppError> {
        check_pin(pin.reveal())
            .map_err(|fault| AppError::input("pin", pin_problem(fault)).caused_by(fault))?;
        let (pepper, salt) = (self.pin_pepper()?, self.inner.world.chance.key_seed()?);
        // No try goes on while its PIN changes.
        let _tries = self.inner.waits.lock().await;
        self.read(move |conn| check_reach(&Counter::load(conn)?, &[person(conn, cashier_id)?.role])).await?;
        let phc = self.inner.store.beside(move |_| pin::hash(&pin, &pepper, salt)).await?;
        let people = self
            .change_people(move |tx, counter, stamp| {
                let row = person(tx, cashier_id)?;
                check_reach(counter, &[row.role])?;
                pins::put(tx, cashier_id, &phc, stamp.now_ms)?;
                let (actor, detail) = (counter.cashier.name.clone(), json!({ "name": row.name }));
                trace(tx, stamp.now_ms, actor, "pin.set", Some(cashier_id), detail)
            })
            .await?;
        self.note_failures(cashier_id, 0).await?;
        self.stay_unlocked();
        Ok(people)
    }

    /// `people.clear_pin`
    pub async fn clear_pin(&self, cashier_id: CashierId) -> Result<Outcome<Vec<PersonView>>, AppError> {
        let people = self
            .change_people(move |tx, counter, stamp| {
                let row = person(tx, cashier_id)?;
                check_reach(counter, &[row.role])?;
                if pins::remove(tx, cashier_id)? {
                    let (actor, detail) = (counter.cashier.name.clone(), json!({ "name": row.name }));
                    trace(tx, stamp.now_ms, actor, "pin.cleared", Some(cashier_id), detail)?;
                }
                Ok(())
            })
            .await?;
        self.note_failures(cashier_id, 0).await?;
        Ok(people)
    }

    /// `people.roles`
    pub async fn list_roles(&self) -> Result<Outcome<Vec<RoleView>>, AppError> {
        let settings = self.read(|conn| Ok(pos_store::settings::load(conn)?)).await?;
        let roles = [Role::Cashier, Role::Manager, Role::Owner].into_iter().map(|role| RoleView {
            role,
            may: Permission::ALL.into_iter().filter(|permission| settings.may(role, *permission)).collect(),
            usual: !settings.permissions.contains_key(&role),
        });
        Ok(Outcome::read(roles.collect()))
    }

    /// `people.set_permissions`: what a role may do in this business; `None` is what it usually may. An owner may always do
    /// everything.
    pub async fn set_permissions(
        &self,
        role: Role,
        permissions: Option<BTreeSet<Permission>>,
    ) -> Result<Outcome<AppState>, AppError> {
        if role == Role::Owner {
            return Err(AppError::new(ErrorCode::PersonOwnerOnly));
        }
        let settings = self.read(|conn| Ok(pos_store::settings::load(conn)?)).await?;
        let mut all = settings.permissions;
        match permissions {
            Some(permissions) => all.insert(role, permissions),
            None => all.remove(&role),
        };
        let value = serde_json::to_value(all).map_err(AppError::internal)?;
        let state = self.set_setting("permissions", value).await?;
        self.announce(&[Topic::Shop]);
        Ok(state)
    }

    async fn change_people<F>(&self, change: F) -> Result<Outcome<Vec<PersonView>>, AppError>
    where
        F: FnOnce(&Tx<'_>, &Counter, &Stamp) -> Result<(), AppError> + Send + 'static,
    {
        let stamp = self.stamp(Lane::Edit);
        let people = self
            .write(move |tx| {
                change(tx, &Counter::load(tx)?, &stamp)?;
                list_people(tx)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(people, &CHANGED))
    }
}

fn list_people(conn: &Conn) -> Result<Vec<PersonView>, AppError> {
    let with_pin = pins::list_holders(conn)?;
    let here = pos_store::device::get(conn)?.cashier_id;
    let people = cashiers::list(conn)?.into_iter().map(|person| PersonView {
        has_pin: with_pin.contains(&person.cashier_id),
        here: here == Some(person.cashier_id),
        person,
    });
    Ok(people.collect())
}

/// Refuses somebody who is no owner what concerns one.
fn check_reach(counter: &Counter, roles: &[Role]) -> Result<(), AppError> {
    if roles.contains(&Role::Owner) && counter.cashier.role != Role::Owner {
        return Err(AppError::new(ErrorCode::PersonOwnerOnly));
    }
    Ok(())
}

/// Names are what people choose themselves by, so each stands once.
fn check_name(conn: &Conn, row: &Cashier) -> Result<(), AppError> {
    row.check()?;
    let same = |other: &Cashier| {
        other.cashier_id != row.cashier_id && other.name.to_lowercase() == row.name.to_lowercase()
    };
    match cashiers::list(conn)?.into_iter().find(same) {
        Some(other) => Err(AppError::with(ErrorCode::PersonDuplicateName, json!({ "name": other.name }))),
        None => Ok(()),
    }
}

/// Refuses what would leave the shop without an owner.
fn check_owner_left(conn: &Conn, without: CashierId) -> Result<(), AppError> {
    let mut owners = cashiers::list(conn)?.into_iter().filter(|c| c.role == Role::Owner);
    let is_last = owners.next().is_some_and(|owner| owner.cashier_id == without) && owners.next().is_none();
    if is_last { Err(AppError::new(ErrorCode::PersonLastOwner)) } else { Ok(()) }
}

const fn pin_problem(fault: PinFault) -> &'static str {
    match fault {
        PinFault::NotDigits => "not_digits",
        PinFault::Length => "pin_length",
        PinFault::Obvious => "obvious",
    }
}
