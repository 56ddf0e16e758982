//! The commands about people: who sits at the register, who says yes to what, who works here and may do what.

use pos_app::{App, AuditFilter, Permission};

use crate::list::{Access, Command, command};
use crate::request::{
    CreatePerson, GiveApproval, ListAudit, LogIn, Nothing, OnePerson, SetPermissions, SetPin, SwitchCashier,
    UpdatePerson,
};

pub(crate) fn people_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{ChangeSettings, Look, ManagePeople};
    vec![
        command("session.state", Look, Read, |a: App, _: Nothing| async move { a.session().await })
            .while_locked(),
        command("session.login", Look, Write, |a: App, r: LogIn| async move {
            a.log_in(r.cashier_id, r.pin).await
        })
        .while_locked(),
        command("cashier.switch", Look, Write, |a: App, r: SwitchCashier| async move {
            a.log_in(r.cashier_id, None).await
        })
        .while_locked(),
        command("session.lock", Look, Write, |a: App, _: Nothing| async move { a.lock().await })
            .while_locked(),
        command("session.touch", Look, Write, |a: App, _: Nothing| async move { a.touch().await }),
        command("approval.give", Look, Write, |a: App, r: GiveApproval| async move {
            let need = r.need();
            a.give_approval(r.cashier_id, r.pin, r.subject, need).await
        }),
        command("people.list", Look, Read, |a: App, _: Nothing| async move { a.list_people().await }),
        command("people.roles", Look, Read, |a: App, _: Nothing| async move { a.list_roles().await }),
        command("people.create", ManagePeople, Write, |a: App, r: CreatePerson| async move {
            a.create_person(r.name, r.role).await
        }),
        command("people.update", ManagePeople, Write, |a: App, r: UpdatePerson| async move {
            a.update_person(r.cashier_id, r.name, r.role).await
        }),
        command("people.remove", ManagePeople, Write, |a: App, r: OnePerson| async move {
            a.remove_person(r.cashier_id).await
        }),
        command("people.set_pin", ManagePeople, Write, |a: App, r: SetPin| async move {
            a.set_pin(r.cashier_id, r.pin).await
        }),
        command("people.clear_pin", ManagePeople, Write, |a: App, r: OnePerson| async move {
            a.clear_pin(r.cashier_id).await
        }),
        command("people.set_permissions", ChangeSettings, Write, |a: App, r: SetPermissions| async move {
            a.set_permissions(r.role, r.permissions).await
        }),
        command("audit.list", Look, Read, |a: App, r: ListAudit| async move {
            let wanted = AuditFilter { before: r.before, actor: r.actor, kind: r.kind };
            a.list_audit(wanted, r.limit).await
        }),
    ]
}
