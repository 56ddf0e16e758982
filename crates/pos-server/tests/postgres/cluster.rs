//! A PostgreSQL of this test run alone: made in a folder, reached by a socket in it, gone with the process.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::{Client, NoTls};

/// Nobody in particular: PostgreSQL refuses to run as root.
const UNPRIVILEGED: &str = "65534";
/// Of the role that servers use.
pub(crate) const PASSWORD: &str = "mot-de-passe";

/// Starts, says so, and ends when its standard input does: when this process is gone, however it went.
const KEEPER: &str = r#"
set -e
"$BIN/initdb" -D "$DIR/data" -U admin -A scram-sha-256 --pwfile="$DIR/password" -E UTF8 --locale=C.UTF-8 \
    --no-sync >"$DIR/log"
"$BIN/pg_ctl" -D "$DIR/data" -w -l "$DIR/log" \
    -o "-k $DIR -c listen_addresses='' -c fsync=$FSYNC -c max_connections=300" start >/dev/null
echo ready
read -r _ || true
"$BIN/pg_ctl" -D "$DIR/data" -m immediate stop >/dev/null
rm -rf "$DIR"
"#;

/// A running PostgreSQL.
pub(crate) struct Cluster {
    folder: PathBuf,
    /// Held, because PostgreSQL ends with its standard input.
    _keeper: Child,
    databases: AtomicU64,
}

/// The one of this process.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    fn start() -> Self {
        let Some(programs) = installed() else { skip() };
        let folder = tempfile::Builder::new().prefix("comptoir-pg-").tempdir().unwrap().keep();
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        let mut keeper = if is_root() {
            assert!(
                Command::new("chown").args(["-R", UNPRIVILEGED]).arg(&folder).status().unwrap().success()
            );
            let mut command = Command::new("setpriv");
            command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut keeper = keeper
            .args(["-c", KEEPER])
            .env("BIN", &programs)
            .env("DIR", &folder)
            .env("FSYNC", crate::FSYNC)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert_eq!(line, "ready\n", "PostgreSQL does not start: {}", log());
        let cluster = Self { folder, _keeper: keeper, databases: AtomicU64::new(1) };
        cluster.run("postgres", &format!("CREATE ROLE comptoir LOGIN PASSWORD '{PASSWORD}'"));
        cluster
    }

    /// A new database; its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("shop_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name} OWNER comptoir"));
        name
    }

    /// The URL of a database for a role.
    pub(crate) fn url(&self, role: &str, password: &str, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{role}:{password}@{host}/{database}")
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// The URL that servers get.
    pub(crate) fn server_url(&self, database: &str) -> String {
        self.url("comptoir", PASSWORD, database)
    }

    /// Runs statements as somebody whom no rule binds.
    pub(crate) fn run(&self, database: &str, sql: &str) {
        let sql = sql.to_owned();
        self.with(database, move |client| Box::pin(async move { client.batch_execute(&sql).await.unwrap() }));
    }

    /// Works with a connection whom no rule binds.
    pub(crate) fn with<T: Send + 'static>(
        &self,
        database: &str,
        work: impl FnOnce(Client) -> std::pin::Pin<Box<dyn Future<Output = T>>> + Send + 'static,
    ) -> T {
        let url = self.url("admin", PASSWORD, database);
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
}

/// The programs of the newest PostgreSQL that will do: Debian keeps them apart by version, others in the path.
fn installed() -> Option<PathBuf> {
    let apart = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = apart.map(|entry| entry.path().join("bin")).chain(std::env::split_paths(&path));
    let version = |folder: &PathBuf| -> Option<u32> {
        let said = Command::new(folder.join("initdb")).arg("--version").output().ok()?;
        let said = String::from_utf8(said.stdout).ok()?;
        said.split(' ').nth(2)?.split('.').next()?.trim().parse().ok()
    };
    let known = folders.filter_map(|folder| Some((version(&folder)?, folder)));
    known.filter(|(version, _)| *version >= 15).max_by_key(|(version, _)| *version).map(|(_, folder)| folder)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// The tests of this program cannot run here, and a test cannot say so by itself: the whole program ends.
fn skip() -> ! {
    let words = "SKIPPED: no PostgreSQL 15 or newer is installed, so nothing was tried on it \
        (Debian: apt-get install postgresql)\n";
    std::io::stderr().write_all(words.as_bytes()).unwrap();
    std::process::exit(0);
}
