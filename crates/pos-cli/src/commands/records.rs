//! `comptoir verify` and `comptoir audit`: is my data right, and who did what.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::amount::AtMs;
use crate::exit::Exit;
use crate::failure::{Failure, with_decimals};
use crate::output::Report;
use crate::session::Session;

/// The document of a check, as the commands answer it.
#[derive(Debug, Serialize, Deserialize)]
struct Verified {
    ok: bool,
    findings: Vec<Finding>,
    documents: u32,
    movements: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Finding {
    code: String,
    subject: String,
    detail: String,
}

/// `comptoir verify`: ends as the environment's fault when the file is not right.
pub(crate) async fn verify(session: &Session) -> Result<Report, Failure> {
    let verified: Verified = session.call("verify.run", json!({ "full": true })).await?;
    let Verified { ok, findings, documents, movements } = &verified;
    let checked = format!("{documents} documents and {movements} stock movements checked");
    let mut words = if *ok {
        format!("Everything is right: {checked}.\n")
    } else {
        format!("{} things are wrong; {checked}.\n", findings.len())
    };
    for Finding { code, subject, detail } in findings {
        words.push_str(&format!("{code}: {subject}: {detail}\n"));
    }
    let exit = if *ok { Exit::Done } else { Exit::Environment };
    Ok(Report::done(&verified, words)?.ended(exit))
}

#[derive(Debug, Deserialize)]
struct Entry {
    at_ms: AtMs,
    what: String,
    subject: String,
    actor: Option<String>,
    params: Value,
}

#[derive(Debug, Serialize)]
struct EntryDocument {
    at: String,
    what: String,
    subject: String,
    actor: Option<String>,
    params: Value,
}

/// `comptoir audit`
pub(crate) async fn audit(session: &Session, limit: u32) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let entries: Vec<Entry> = session.call("audit.list", json!({ "limit": limit })).await?;
    let line = |e: &Entry| {
        let actor = e.actor.as_deref().unwrap_or("-");
        format!("{}  {}  {}  {actor}\n", e.at_ms.local(), e.what, e.subject)
    };
    let words: String = entries.iter().map(line).collect();
    let documents: Vec<EntryDocument> = entries
        .into_iter()
        .map(|Entry { at_ms, what, subject, actor, params }| EntryDocument {
            at: at_ms.rfc3339(),
            what,
            subject,
            actor,
            params: with_decimals(params, Some(&currency)),
        })
        .collect();
    Report::done(&documents, words)
}
