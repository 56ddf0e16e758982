//! What register and server hold after a journey, read by other ways than the window's.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use comptoir_tests::stage::Stage;
use comptoir_tests::window::Window;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

/// Count and sum of documents by kind; the sums of refunds and voids are below zero.
pub(crate) type Totals = BTreeMap<String, (u64, i64)>;

/// Sends what waits still, as `who` of a register with PINs. Fails unless both files are right, nothing waits, and the
/// server counts the same documents to the same sums: those.
pub(crate) fn agree(stage: &Stage, who: &[&str]) -> Result<Totals> {
    stage.register.tell(&[who, &["sync"]].concat())?;
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified.get("ok") == Some(&json!(true)), "the register's file is right: {verified}");
    let waiting = stage.register.tell(&["queue"])?;
    ensure!(waiting == json!([]), "nothing waits for the server any more: {waiting}");
    let verified = stage.server.ask(&["verify"])?;
    ensure!(verified.get("ok") == Some(&json!(true)), "the server's file is right: {verified}");
    let (own, held) = (on_register(stage)?, on_server(stage)?);
    ensure!(own == held, "register and server hold the same documents: {own:?}, {held:?}");
    Ok(own)
}

fn on_register(stage: &Stage) -> Result<Totals> {
    let listed = stage.register.tell(&["sales", "--limit", "500"])?;
    let mut totals = Totals::new();
    for sale in listed.as_array().context("a list of sales")? {
        let sum: &mut (u64, i64) = totals.entry(text(sale, "kind")?.to_owned()).or_default();
        *sum = (sum.0 + 1, sum.1 + text(sale, "total")?.parse::<i64>()?);
    }
    Ok(totals)
}

/// What `comptoir-server totals` says.
pub(crate) fn on_server(stage: &Stage) -> Result<Totals> {
    let totals = stage.server.ask(&["totals"])?;
    let listed = totals.get("documents").and_then(Value::as_array).context("totals by kind")?;
    let sum = |sum: &Value| {
        let count = sum.get("count").and_then(Value::as_u64).context("a count")?;
        Ok((text(sum, "kind")?.to_owned(), (count, text(sum, "total")?.parse()?)))
    };
    listed.iter().map(sum).collect()
}

/// What documents without a sale added to the drawer, as the server holds them.
pub(crate) fn drawer_on_server(stage: &Stage) -> Result<i64> {
    let sum = "SELECT coalesce(sum(cash_minor), 0) FROM till_document WHERE state = 'applied'";
    Ok(server_file(stage)?.query_row(sum, [], |row| row.get(0))?)
}

/// The amount on the line of a report or receipt that begins with `what`.
pub(crate) fn amount(page: &str, what: &str) -> Result<i64> {
    let line = page.lines().find_map(|line| line.trim_start().strip_prefix(what));
    let line = line.with_context(|| format!("no line begins with {what}: {page}"))?;
    let digits: String =
        line.replace('\u{2212}', "-").chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    digits.parse().with_context(|| format!("{line} holds no amount"))
}

/// The same of a line that begins with `what` and a count, such as `Carte (2)`.
pub(crate) fn amount_beside(page: &str, what: &str) -> Result<i64> {
    let row = page.lines().map(str::trim_start).find(|line| line.starts_with(&format!("{what} (")));
    let row = row.with_context(|| format!("no row of {what}: {page}"))?;
    let (head, _) = row.split_once(')').with_context(|| format!("{row} has a count"))?;
    amount(page, &format!("{head})"))
}

/// The total on a paper, as a printer that knows nothing of us gets it.
pub(crate) fn printed_total(paper: &[u8]) -> Result<i64> {
    let at = paper.windows(5).position(|word| word == b"TOTAL").context("a paper has a total")?;
    let (mut digits, mut rest) = (String::new(), paper.iter().copied().skip(at));
    while let Some(byte) = rest.next() {
        match byte {
            // How the text looks: ESC or GS, a letter, a value.
            0x1B | 0x1D => rest.by_ref().take(2).for_each(drop),
            b'\n' => break,
            b'0'..=b'9' => digits.push(char::from(byte)),
            _ => {}
        }
    }
    digits.parse().context("the total is an amount")
}

/// What all customers owe together, as the server holds it.
pub(crate) fn owed_on_server(stage: &Stage) -> Result<i64> {
    let sum = "SELECT coalesce(sum(amount_minor), 0) FROM account_posting";
    Ok(server_file(stage)?.query_row(sum, [], |row| row.get(0))?)
}

fn server_file(stage: &Stage) -> Result<Connection> {
    let file = stage.server.data().join("server.db");
    Ok(Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// The text of a report as it stands on the screen, line by line.
pub(crate) async fn page(window: &Window, report: &str) -> Result<String> {
    window.wait_for(report).await?;
    let text =
        window.evaluate(&format!("document.querySelector('[data-testid=\"{report}\"]').textContent")).await?;
    text.as_str().map(str::to_owned).context("a report has a text")
}

/// The text of a report or receipt, as the shell tells it.
pub(crate) fn lines(told: &Value) -> Result<String> {
    let lines = told["text"].as_array().context("a page has lines")?;
    Ok(lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
}

fn text<'a>(document: &'a Value, field: &str) -> Result<&'a str> {
    document[field].as_str().with_context(|| format!("{field} of {document}"))
}
