//! Hears when any server moves the feed of a business, so that a register on one server learns at once of a sale on
//! another. Only a hint: pull tells what changed, and a hint that got lost costs a few seconds.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio_postgres::{Client, Notification, SimpleQueryMessage};
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::connect::dial;
use super::fault::PostgresError;
use crate::error::ServerError;
use crate::storage::{Sql, StorageError};

/// After so much silence the counter is read, which also shows whether the line still stands.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// The pause before listening again over a new connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows a feed until it is dropped.
pub(crate) struct Follower {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts to listen.
    pub(super) fn start(
        address: &Address,
        tenant_key: i64,
        feed: watch::Sender<u64>,
    ) -> Result<Self, ServerError> {
        let stop = CancellationToken::new();
        let (address, stopped) = (address.clone(), stop.clone());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(ServerError::Thread)?;
        let listen = async move { follow(&address, tenant_key, &feed).await };
        let thread = thread::Builder::new()
            .name("postgres-listener".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = stopped.cancelled() => {}
                        () = listen => {}
                    }
                });
            })
            .map_err(ServerError::Thread)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Listens for as long as it is let.
async fn follow(address: &Address, tenant_key: i64, feed: &watch::Sender<u64>) {
    loop {
        if let Err(error) = listen(address, tenant_key, feed).await {
            tracing::warn!(error = %crate::error::in_words(&error), "other servers are not heard for now");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens over one connection until it breaks.
async fn listen(address: &Address, tenant_key: i64, feed: &watch::Sender<u64>) -> Result<(), PostgresError> {
    let (sender, mut notes) = mpsc::unbounded_channel();
    let client = dial(address, Some(sender)).await?;
    client.batch_execute("LISTEN comptoir_feed").await.map_err(StorageError::from)?;
    loop {
        // First of all what was missed before the line stood.
        publish(feed, read_counter(&client, tenant_key).await?);
        while let Ok(heard) = tokio::time::timeout(LONGEST_SILENCE, notes.recv()).await {
            let Some(note) = heard else { return Ok(()) };
            if let Some(seq) = seq_of(&note, tenant_key) {
                publish(feed, seq);
            }
        }
    }
}

fn publish(feed: &watch::Sender<u64>, seq: u64) {
    feed.send_if_modified(|last| {
        let moved = seq > *last;
        *last = seq.max(*last);
        moved
    });
}

/// A note is `<tenant key> <seq>`; the schema's trigger writes it.
fn seq_of(note: &Notification, tenant_key: i64) -> Option<u64> {
    let (key, seq) = note.payload().split_once(' ')?;
    (key.parse() == Ok(tenant_key)).then(|| seq.parse().ok())?
}

async fn read_counter(client: &Client, tenant_key: i64) -> Sql<u64> {
    let sql = format!(
        "BEGIN READ ONLY; SET LOCAL comptoir.tenant = '{tenant_key}'; SELECT feed_seq FROM business; COMMIT"
    );
    let answer = client.simple_query(&sql).await?;
    let counter = answer.iter().find_map(|message| {
        if let SimpleQueryMessage::Row(row) = message { row.get(0)?.parse().ok() } else { None }
    });
    counter.ok_or(StorageError::NoRow)
}
