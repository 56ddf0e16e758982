//! `comptoir people`, and `--as`: who works here, and who does what this command line says.
//!
//! A PIN is read from a file or from standard input: what stands on a command line is read by every other program of the
//! machine, and kept in the shell's history.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pos_app::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::{People, Role};
use crate::failure::Failure;
use crate::output::{Report, tell};
use crate::session::Session;
use crate::table::{Lean, table};

#[derive(Debug, Deserialize)]
struct Listed {
    person: Person,
    has_pin: bool,
    here: bool,
}

#[derive(Debug, Deserialize)]
struct Person {
    cashier_id: String,
    name: String,
    role: String,
}

#[derive(Debug, Serialize)]
struct PersonDocument {
    id: String,
    name: String,
    role: String,
    has_pin: bool,
    here: bool,
}

#[derive(Debug, Deserialize)]
struct Known {
    cashiers: Vec<Person>,
}

/// `comptoir people`
pub(crate) async fn run(session: &Session, command: People) -> Result<Report, Failure> {
    let everyone: Vec<Listed> = match command {
        People::List => session.call("people.list", json!({})).await?,
        People::Add { name, role } => {
            session.call("people.create", json!({ "name": name, "role": word(role) })).await?
        }
        People::SetRole { name, role } => {
            let Person { cashier_id, name, role: _ } = find(session, &name).await?;
            let change = json!({ "cashier_id": cashier_id, "name": name, "role": word(role) });
            session.call("people.update", change).await?
        }
        People::SetPin { name, file } => {
            let cashier_id = find(session, &name).await?.cashier_id;
            let pin = read_pin(&file)?;
            session.call("people.set_pin", json!({ "cashier_id": cashier_id, "pin": pin })).await?
        }
        People::ClearPin { name } => {
            let cashier_id = find(session, &name).await?.cashier_id;
            session.call("people.clear_pin", json!({ "cashier_id": cashier_id })).await?
        }
        People::Remove { name } => {
            let cashier_id = find(session, &name).await?.cashier_id;
            session.call("people.remove", json!({ "cashier_id": cashier_id })).await?
        }
    };
    let mark = |is: bool| if is { "yes" } else { "" }.to_owned();
    let rows: Vec<[String; 4]> = everyone
        .iter()
        .map(|l| [l.person.name.clone(), l.person.role.clone(), mark(l.has_pin), mark(l.here)])
        .collect();
    let left = |title| (title, Lean::Left);
    let words = table([left("name"), left("role"), left("PIN"), left("here")], &rows);
    let documents: Vec<PersonDocument> = everyone
        .into_iter()
        .map(|Listed { person: Person { cashier_id, name, role }, has_pin, here }| PersonDocument {
            id: cashier_id,
            name,
            role,
            has_pin,
            here,
        })
        .collect();
    Report::done(&documents, words)
}

/// `--as`: the person at the register from now on. A wait after wrong PINs is waited out, because it is measured by a
/// program that runs, and this one is another one each time.
pub(crate) async fn step_in(
    session: &Session,
    person: Option<String>,
    pin_file: Option<PathBuf>,
) -> Result<(), Failure> {
    let Some(name) = person else {
        return match pin_file {
            Some(_) => Err(Failure::Usage("Whose PIN is it? Give --as NAME as well.".to_owned())),
            None => Ok(()),
        };
    };
    let cashier_id = find(session, &name).await?.cashier_id;
    let pin = pin_file.as_deref().map(read_pin).transpose()?;
    loop {
        let request = json!({ "cashier_id": cashier_id, "pin": pin });
        match session.call::<Value>("session.login", request).await {
            Err(Failure::Error(error)) if error.code == ErrorCode::PinWait => {
                let seconds = error.params.get("seconds").and_then(Value::as_u64).unwrap_or(1);
                tell(&format!("Too many wrong PINs before: waiting {seconds} seconds."));
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            other => return other.map(drop),
        }
    }
}

async fn find(session: &Session, name: &str) -> Result<Person, Failure> {
    let known: Known = session.call("app.state", json!({})).await?;
    let wanted = name.trim().to_lowercase();
    let found = known.cashiers.into_iter().find(|person| person.name.to_lowercase() == wanted);
    found.ok_or_else(|| Failure::refused(ErrorCode::CashierNotFound, json!({})))
}

/// The first line of a file, or of standard input.
fn read_pin(file: &Path) -> Result<String, Failure> {
    let mut line = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_line(&mut line)
    } else {
        std::fs::File::open(file).and_then(|file| std::io::BufReader::new(file).read_line(&mut line))
    };
    read.map_err(|e| Failure::file(file, e))?;
    Ok(line.trim().to_owned())
}

const fn word(role: Role) -> &'static str {
    match role {
        Role::Cashier => "cashier",
        Role::Manager => "manager",
        Role::Owner => "owner",
    }
}
