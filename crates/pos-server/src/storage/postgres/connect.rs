//! Opens one connection the way every connection to PostgreSQL is opened, and says in words why it cannot be.

use std::future::poll_fn;
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Notification, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Address, Line};
use super::fault::PostgresError;
use crate::storage::StorageError;

/// The oldest PostgreSQL that this program is tried with.
const OLDEST: u32 = 15;
/// `server_version_num` counts 10,000 for each version.
const VERSION_UNIT: u32 = 10_000;

/// What holds for every connection, whatever the database or the role prefer: an acknowledged commit is on the disk;
/// nobody waits for ever, neither for a lock nor for a client that went away within a transaction.
const SETTINGS: &str = "SET synchronous_commit = on; SET lock_timeout = '20s'; SET statement_timeout = '5min';
    SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'; SET client_min_messages = 'warning'";

const WHO: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), rolname,
    rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";

/// Connects, and gives notifications to whoever wants them. Runs inside the runtime that will drive the connection.
pub(super) async fn dial(
    address: &Address,
    notes: Option<mpsc::UnboundedSender<Notification>>,
) -> Result<Client, PostgresError> {
    let told = |source| in_words(address, source);
    let client = match address.line() {
        Line::Plain => {
            let (client, connection) = address.config().connect(NoTls).await.map_err(told)?;
            drive(connection, notes);
            client
        }
        Line::Encrypted => {
            let (client, connection) = address.config().connect(encryption()?).await.map_err(told)?;
            drive(connection, notes);
            client
        }
    };
    client.batch_execute(SETTINGS).await.map_err(told)?;
    check(&client).await?;
    Ok(client)
}

/// Moves the connection's bytes for as long as somebody holds its client.
fn drive<S, T>(mut connection: Connection<S, T>, notes: Option<mpsc::UnboundedSender<Notification>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        // Whoever waits for an answer hears of a broken line by itself.
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let (AsyncMessage::Notification(note), Some(notes)) = (message, &notes) {
                drop(notes.send(note));
            }
        }
    });
}

fn encryption() -> Result<MakeRustlsConnect, PostgresError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(PostgresError::Tls)?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

async fn check(client: &Client) -> Result<(), PostgresError> {
    let answer = client.simple_query(WHO).await.map_err(StorageError::from)?;
    let row = answer
        .iter()
        .find_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None });
    let column = |index| row.and_then(|row| row.get(index)).unwrap_or_default().to_owned();
    let version: u32 = column(0).parse().unwrap_or(0);
    if version < OLDEST * VERSION_UNIT {
        return Err(PostgresError::TooOld { found: column(1), oldest: OLDEST });
    }
    if column(3) != "f" {
        return Err(PostgresError::Unbound { role: column(2) });
    }
    Ok(())
}

fn in_words(address: &Address, source: tokio_postgres::Error) -> PostgresError {
    match source.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            PostgresError::Refused { user: address.user(), source }
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            PostgresError::NoDatabase { database: address.database(), user: address.user() }
        }
        Some(_) => PostgresError::Statement(source.into()),
        None => PostgresError::Unreachable { at: address.at(), source },
    }
}
