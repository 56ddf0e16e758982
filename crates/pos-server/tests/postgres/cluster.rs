//! The PostgreSQL of this test program.

use std::io::Write;
use std::pin::Pin;

use pos_testkit::postgres::Postgres;
use tokio_postgres::{Client, NoTls};

pub(crate) use pos_testkit::postgres::PASSWORD;

/// The one of this process.
pub(crate) fn cluster() -> &'static Postgres {
    Postgres::shared(crate::DISK).unwrap().unwrap_or_else(|| skip())
}

/// Works with a connection whom no rule binds.
pub(crate) fn with<T: Send + 'static>(
    database: &str,
    work: impl FnOnce(Client) -> Pin<Box<dyn Future<Output = T>>> + Send + 'static,
) -> T {
    let url = cluster().url("admin", PASSWORD, database);
    // Tests run inside a runtime, which must not be blocked on itself.
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            work(client).await
        })
    });
    thread.join().unwrap()
}

/// The tests of this program cannot run here, and a test cannot say so by itself: the whole program ends.
fn skip() -> ! {
    let words = "SKIPPED: no PostgreSQL 15 or newer is installed, so nothing was tried on it \
        (Debian: apt-get install postgresql)\n";
    std::io::stderr().write_all(words.as_bytes()).unwrap();
    std::process::exit(0);
}
