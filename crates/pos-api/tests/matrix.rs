//! Which role may give which command: every command of the list, asked for by every role, with the roles as they usually
//! are and as a business changed them.
//!
//! Each command is sent a request that it cannot read: what answers `input.invalid` was let through the door, what answers
//! `permission.denied` was not, and nothing is done either way. A new command shows as a new line of the table.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing there"
)]

use std::fmt::Write;

use pos_api::{Door, commands, dispatch};
use pos_app::view::Language;
use pos_app::{App, AppOptions, Clock, ErrorCode, OpenAccess, Permission, PinDigits};
use pos_domain::{CashierId, Role};
use serde_json::json;

const ROLES: [Role; 3] = [Role::Cashier, Role::Manager, Role::Owner];

async fn shop(folder: &std::path::Path) -> App {
    let options = AppOptions {
        dir: folder.to_owned(),
        access: OpenAccess::Write,
        background_sync: false,
        clock: Clock::system(),
    };
    let app = App::open(options).await.unwrap();
    app.create_demo(Language::En).await.unwrap();
    app
}

async fn of(app: &App, role: Role) -> CashierId {
    let people = app.state().await.unwrap().value.cashiers;
    people.into_iter().find(|person| person.role == role).unwrap().cashier_id
}

/// One line for each command: what it needs, and whether each role is let in.
async fn table(app: &App) -> String {
    let mut admitted: Vec<Vec<&str>> = vec![Vec::new(); commands().len()];
    for role in ROLES {
        app.log_in(of(app, role).await, None).await.unwrap();
        for (command, line) in commands().iter().zip(&mut admitted) {
            let code = dispatch(app, command.name, json!("unreadable")).await.unwrap_err().code;
            line.push(match (code, command.door) {
                (ErrorCode::PermissionDenied, _) => "-",
                (ErrorCode::InputInvalid, Door::RoleOrApproval) => "asks",
                (ErrorCode::InputInvalid, Door::Open | Door::Role) => "yes",
                (other, _) => panic!("{} answers {}", command.name, other.as_str()),
            });
        }
    }
    let mut text =
        format!("{:<26} {:<17} {:<8} {:<8} owner\n", "command", "permission", "cashier", "manager");
    for (command, line) in commands().iter().zip(admitted) {
        let permission = command.permission.as_str();
        writeln!(text, "{:<26} {permission:<17} {:<8} {:<8} {}", command.name, line[0], line[1], line[2])
            .unwrap();
    }
    text
}

#[tokio::test]
async fn each_role_may_give_the_commands_of_its_permissions_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let app = shop(folder.path()).await;
    insta::assert_snapshot!("usual", table(&app).await);
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_role_that_a_business_changed_may_what_it_was_given_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let app = shop(folder.path()).await;
    app.set_permissions(Role::Cashier, Some([Permission::Refund].into())).await.unwrap();
    app.set_permissions(Role::Manager, Some([Permission::Sell, Permission::ManagePeople].into()))
        .await
        .unwrap();
    insta::assert_snapshot!("changed", table(&app).await);
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_locked_register_takes_only_what_says_who_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let app = shop(folder.path()).await;
    app.set_pin(of(&app, Role::Owner).await, PinDigits::new("9040".into())).await.unwrap();
    app.lock().await.unwrap();
    let mut taken = Vec::new();
    for command in commands() {
        let code = dispatch(&app, command.name, json!("unreadable")).await.unwrap_err().code;
        if code == ErrorCode::InputInvalid {
            taken.push(command.name);
        } else {
            assert_eq!(code, ErrorCode::SessionLocked, "{}", command.name);
        }
    }
    assert_eq!(taken, ["app.state", "session.state", "session.login", "cashier.switch", "session.lock"]);
    app.close().await.unwrap();
}
