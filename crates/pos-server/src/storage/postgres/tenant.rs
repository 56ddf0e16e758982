//! Which of the database's businesses a server works for.

use super::fault::PostgresError;
use super::session::Session;
use crate::storage::{Founding, Sql, StorageError, Tx};

/// The key of the asked business, of the only one, or of a new one. Its rows are founded by [`crate::found`].
pub(super) fn choose(
    session: &Session,
    asked: Option<&str>,
    founding: Founding<'_>,
) -> Result<i64, PostgresError> {
    let known = list(session)?;
    match (asked, founding) {
        (_, Founding::Named(name)) => Ok(find(&known, name).map_or_else(|| insert(session, name), Ok)?),
        (Some(asked), Founding::Never | Founding::WhereNoneIs(_)) => {
            let key = find(&known, asked);
            key.ok_or_else(|| PostgresError::NoSuchBusiness { asked: asked.to_owned(), known: names(&known) })
        }
        (None, Founding::Never | Founding::WhereNoneIs(_)) => match (known.as_slice(), founding) {
            ([(key, _)], _) => Ok(*key),
            ([], Founding::WhereNoneIs(name)) => Ok(insert(session, name)?),
            ([], Founding::Never | Founding::Named(_)) => Err(PostgresError::NoBusiness),
            ([_, ..], _) => Err(PostgresError::SeveralBusinesses { known: names(&known) }),
        },
    }
}

fn find(known: &[(i64, String)], name: &str) -> Option<i64> {
    known.iter().find(|(_, known)| known == name).map(|(key, _)| *key)
}

fn names(known: &[(i64, String)]) -> Vec<String> {
    known.iter().map(|(_, name)| name.clone()).collect()
}

fn list(session: &Session) -> Sql<Vec<(i64, String)>> {
    let read = |row: crate::storage::Row<'_>| Ok((row.get("tenant_key")?, row.get("name")?));
    Tx::Postgres(session).list("SELECT tenant_key, name FROM tenant ORDER BY tenant_key", &[], read)
}

/// Gives a business its key; two servers that start together give it one.
fn insert(session: &Session, name: &str) -> Sql<i64> {
    let tx = Tx::Postgres(session);
    let row = [(":name", name.into())];
    tx.execute("INSERT INTO tenant (name) VALUES (:name) ON CONFLICT DO NOTHING", &row)?;
    tx.find("SELECT tenant_key FROM tenant WHERE name = :name", &row, |row| row.get("tenant_key"))?
        .ok_or(StorageError::NoRow)
}
