//! One random change of one SQLite file, made as another tool would: without triggers, and with what the tables check
//! kept as it is, so that the new value looks right.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rand::RngExt;
use rand::rngs::StdRng;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use uuid::Uuid;

/// How often a value is drawn anew when the tables refuse it.
const DRAWS: usize = 200;
/// In how many of a hundred changes a row goes, and comes twice.
const DELETED_PERCENT: u32 = 8;
const DOUBLED_PERCENT: u32 = 6;

/// What of a file is evidence.
pub(crate) struct Evidence {
    /// Tables, or columns as `table.column`, that are none, each with the reason.
    pub(crate) not: &'static [(&'static str, &'static str)],
    /// Tables or columns that are evidence in some rows only, with the SQL that tells them.
    pub(crate) rows: &'static [(&'static str, &'static str)],
    /// Tables in which one row more says nothing.
    pub(crate) more: &'static [&'static str],
}

impl Evidence {
    /// Every column of the schema that is not in the list. Each has rows to be tried on.
    pub(crate) fn columns(&self, conn: &Connection) -> Result<Vec<Guarded>> {
        let listed = |name: &str| self.not.iter().any(|(known, _)| *known == name);
        let mut guarded = Vec::new();
        for (table, columns) in tables(conn)? {
            if listed(&table) {
                continue;
            }
            for column in columns {
                let full = format!("{table}.{column}");
                if listed(&full) {
                    continue;
                }
                let rows =
                    |name: &str| self.rows.iter().find(|(known, _)| *known == name).map(|(_, rows)| *rows);
                let rows = rows(&full).or_else(|| rows(&table)).unwrap_or("1");
                let count = format!("SELECT count(*) FROM {table} WHERE {rows}");
                let count: i64 = conn.query_row(&count, [], |r| r.get(0))?;
                assert!(count > 0, "the history has rows of {full}: else nothing would be tried on it");
                let once = !self.more.contains(&table.as_str());
                guarded.push(Guarded { table: table.clone(), column, rows, once });
            }
        }
        Ok(guarded)
    }

    /// Fails when the lists name what is not there: a reason without a column excuses nothing.
    pub(crate) fn check_lists(&self, conn: &Connection) -> Result<()> {
        let mut known = Vec::new();
        for (table, columns) in tables(conn)? {
            known.extend(columns.iter().map(|column| format!("{table}.{column}")));
            known.push(table);
        }
        for (name, _) in self.not.iter().chain(self.rows) {
            assert!(known.iter().any(|known| known == name), "{name} is not there any more");
        }
        Ok(())
    }
}

/// Columns that may be changed, and of which rows.
pub(crate) struct Guarded {
    pub(crate) table: String,
    pub(crate) column: String,
    /// SQL that tells the rows in which the column is evidence.
    pub(crate) rows: &'static str,
    /// A second row like it would be a discrepancy.
    pub(crate) once: bool,
}

/// What was done.
pub(crate) struct Change {
    pub(crate) table: String,
    /// `None` when the whole row went or was doubled.
    column: Option<String>,
    what: String,
    /// By which words a finding may call it: ids of the row before and after, and numbers printed on paper.
    names: Vec<String>,
}

impl Change {
    /// Whether somebody who reads these words knows where to look.
    pub(crate) fn is_named_in(&self, words: &str) -> bool {
        let own = self.names.iter().chain(&self.column).chain([&self.table]);
        own.into_iter().any(|name| words.contains(name.as_str()))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.as_deref().unwrap_or("row");
        write!(f, "{}.{column}: {}", self.table, self.what)
    }
}

/// Tables of a file that hold rows of the shop, each with its columns.
fn tables(conn: &Connection) -> Result<Vec<(String, Vec<String>)>> {
    let names: Vec<String> = conn
        .prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'
             ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    names.into_iter().map(|name| Ok((name.clone(), columns(conn, &name, "1")?))).collect()
}

fn columns(conn: &Connection, table: &str, which: &str) -> Result<Vec<String>> {
    let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE {which} ORDER BY cid");
    Ok(conn.prepare(&sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Puts a fresh copy in the place of a file, and makes one change of it.
pub(crate) fn on_a_copy(
    original: &Path,
    file: &Path,
    guarded: &Guarded,
    chance: &mut StdRng,
) -> Result<Option<Change>> {
    for leftover in [file.with_extension("db-wal"), file.with_extension("db-shm")] {
        if leftover.exists() {
            fs::remove_file(leftover)?;
        }
    }
    fs::copy(original, file)?;
    let conn = open(file)?;
    let change = make(&conn, guarded, chance)?;
    conn.close().map_err(|(_, error)| error).context("closing")?;
    Ok(change)
}

/// Opens a file as another tool would that looks after nothing.
fn open(path: &Path) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "foreign_keys", false)?;
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}"))?;
    }
    Ok(conn)
}

/// Makes one random change of what is guarded. `None` when this column takes no other value.
fn make(conn: &Connection, guarded: &Guarded, chance: &mut StdRng) -> Result<Option<Change>> {
    let Guarded { table, column, rows, once } = guarded;
    let keys = columns(conn, table, "pk > 0")?;
    let key = keys.join(", ");
    let count: i64 =
        conn.query_row(&format!("SELECT count(*) FROM {table} WHERE {rows}"), [], |r| r.get(0))?;
    if count == 0 {
        return Ok(None);
    }
    let place =
        format!("({key}) IN (SELECT {key} FROM {table} WHERE {rows} ORDER BY {key} LIMIT 1 OFFSET ?1)");
    let at = chance.random_range(0..count);
    let before = row(conn, table, &place, at)?;
    let throw = chance.random_range(0..100);
    let change = |column: Option<&str>, what: String, after: &[Value]| Change {
        table: table.clone(),
        column: column.map(str::to_owned),
        what,
        names: before.iter().chain(after).filter_map(name_of).collect(),
    };
    if throw < DELETED_PERCENT {
        conn.execute(&format!("DELETE FROM {table} WHERE {place}"), [at])?;
        return Ok(Some(change(None, "deleted".to_owned(), &[])));
    }
    if *once && throw < DELETED_PERCENT + DOUBLED_PERCENT {
        let copy = double(conn, table, &keys, &before, chance)?;
        return Ok(copy.map(|copy| change(None, "doubled".to_owned(), &copy)));
    }
    let all = columns(conn, table, "1")?;
    let old = before[all.iter().position(|name| name == column).context("a column")?].clone();
    for _ in 0..DRAWS {
        let new = another(conn, table, column, &old, chance)?;
        if new == old || looks_like(&new, &old) {
            continue;
        }
        let update = format!("UPDATE {table} SET {column} = ?2 WHERE {place}");
        // What the table refuses does not look right.
        if conn.execute(&update, params_from_iter([Value::Integer(at), new.clone()])).is_ok_and(|n| n == 1) {
            let what = format!("{old:?} -> {new:?}");
            return Ok(Some(change(Some(column), what, &[new])));
        }
    }
    Ok(None)
}

fn row(conn: &Connection, table: &str, place: &str, at: i64) -> Result<Vec<Value>> {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table} WHERE {place}"))?;
    let width = statement.column_count();
    Ok(statement.query_row([at], |row| (0..width).map(|i| row.get(i)).collect())?)
}

/// The same row once more, under a key of its own.
fn double(
    conn: &Connection,
    table: &str,
    keys: &[String],
    row: &[Value],
    chance: &mut StdRng,
) -> Result<Option<Vec<Value>>> {
    let all = columns(conn, table, "1")?;
    let marks: Vec<String> = (1..=row.len()).map(|n| format!("?{n}")).collect();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", all.join(", "), marks.join(", "));
    for key in keys.iter().rev() {
        let at = all.iter().position(|name| name == key).context("a key")?;
        let mut copy = row.to_vec();
        copy[at] = match &copy[at] {
            Value::Blob(_) => Value::Blob(chance.random::<[u8; 16]>().to_vec()),
            Value::Integer(_) => {
                let max = format!("SELECT max({key}) + 1 FROM {table}");
                conn.query_row(&max, [], |r| r.get(0))?
            }
            other @ (Value::Null | Value::Real(_) | Value::Text(_)) => other.clone(),
        };
        if conn.execute(&insert, params_from_iter(&copy)).is_ok() {
            return Ok(Some(copy));
        }
    }
    Ok(None)
}

/// Another value that could stand there.
fn another(conn: &Connection, table: &str, column: &str, old: &Value, chance: &mut StdRng) -> Result<Value> {
    // What another row has in this column: a swapped id, a neighbour's price, the other kind.
    if chance.random_bool(0.35) {
        let any = format!("SELECT {column} FROM {table} ORDER BY random() LIMIT 1");
        return Ok(conn.query_row(&any, [], |r| r.get(0))?);
    }
    Ok(match old {
        Value::Null => match chance.random_range(0..3) {
            0 => Value::Text("x".to_owned()),
            1 => Value::Integer(chance.random_range(1..10)),
            _ => Value::Blob(chance.random::<[u8; 16]>().to_vec()),
        },
        Value::Integer(n) => Value::Integer(match chance.random_range(0..7) {
            0 => n + 1,
            1 => n - 1,
            2 => -n,
            3 => 1 - n,
            4 => n + 3_600_000,
            5 => n * 10,
            _ => n + chance.random_range(-1_000..1_000),
        }),
        Value::Real(n) => Value::Real(n + 1.0),
        Value::Text(text) => {
            const WORDS: [&str; 12] = [
                "sale",
                "refund",
                "cash",
                "card",
                "mobile",
                "loss",
                "correction",
                "pending",
                "final",
                "admit",
                "fact",
                "applied",
            ];
            match chance.random_range(0..4) {
                0 => Value::Text(format!("{text} ")),
                1 => Value::Text(text.replacen('1', "2", 1)),
                2 => Value::Text(WORDS[chance.random_range(0..WORDS.len())].to_owned()),
                _ => Value::Null,
            }
        }
        Value::Blob(bytes) => {
            let mut changed = bytes.clone();
            if chance.random_bool(0.1) || changed.is_empty() {
                return Ok(Value::Null);
            }
            let at = chance.random_range(0..changed.len());
            changed[at] ^= 1 << chance.random_range(0..8);
            Value::Blob(changed)
        }
    })
}

/// SQLite keeps a number as what the column is: this would be no change.
fn looks_like(new: &Value, old: &Value) -> bool {
    matches!((new, old), (Value::Text(new), Value::Integer(old)) if new.trim().parse() == Ok(*old))
}

/// How people or a finding may call a value: an id, or a number printed on paper.
fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::Blob(bytes) => Some(Uuid::from_slice(bytes).ok()?.to_string()),
        Value::Text(text) if text.len() < 20 && text.contains("-0") => Some(text.clone()),
        Value::Null | Value::Integer(_) | Value::Real(_) | Value::Text(_) => None,
    }
}
