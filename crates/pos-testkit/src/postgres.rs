//! A PostgreSQL of a test program alone: made in a folder, reached by a socket in it, gone with the process.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};

/// The oldest that servers accept.
const OLDEST: u32 = 15;
/// Nobody in particular: PostgreSQL refuses to run as root.
const UNPRIVILEGED: &str = "65534";
/// Of both roles: `comptoir`, which servers use, and `admin`, whom no rule binds.
pub const PASSWORD: &str = "mot-de-passe";

/// Makes a cluster, says where, and ends it when its standard input ends: when the test program is gone, however it
/// went and however far this had come. No signal that is meant for the test program ends it before.
const KEEPER: &str = r#"
set -e
trap "" HUP INT TERM PIPE
DIR=$(mktemp -d "${TMPDIR:-/tmp}/comptoir-pg-XXXXXX")
end() {
    [ $? = 0 ] || cat "$DIR/log" || true
    [ ! -d "$DIR/data" ] || "$BIN/pg_ctl" -D "$DIR/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$DIR"
}
trap end EXIT
echo "$PASSWORD" >"$DIR/password"
"$BIN/initdb" -D "$DIR/data" -U admin -A scram-sha-256 --pwfile="$DIR/password" -E UTF8 --locale=C.UTF-8 \
    --no-sync >"$DIR/log" 2>&1
"$BIN/pg_ctl" -D "$DIR/data" -w -l "$DIR/log" \
    -o "-k $DIR -c listen_addresses='' -c fsync=$FSYNC -c max_connections=300" start >/dev/null
echo "$DIR" 2>/dev/null || true
read -r _ || true
"#;

/// Whether what was committed is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// As in a shop.
    Synchronised,
    /// Left to the system: fast, and safe as long as only processes are killed.
    Trusted,
}

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    databases: AtomicU64,
    /// Held, because PostgreSQL ends with its standard input.
    _keeper: Child,
}

impl Postgres {
    /// The one of this process, started when it is first wanted; `None` when none is installed. The first caller says
    /// how it treats its disk.
    pub fn shared(disk: Disk) -> Result<Option<&'static Self>> {
        static SHARED: OnceLock<Result<Option<Postgres>, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| {
            let started = installed().map(|programs| Self::start(programs, disk)).transpose();
            started.map_err(|error| format!("{error:#}"))
        });
        match started {
            Ok(started) => Ok(started.as_ref()),
            Err(words) => bail!("{words}"),
        }
    }

    fn start(programs: PathBuf, disk: Disk) -> Result<Self> {
        let mut keeper = Command::new("sh");
        if is_root() {
            keeper = Command::new("setpriv");
            keeper.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups", "sh"]);
        }
        let fsync = match disk {
            Disk::Synchronised => "on",
            Disk::Trusted => "off",
        };
        keeper.args(["-c", KEEPER]).env("BIN", &programs).env("PASSWORD", PASSWORD).env("FSYNC", fsync);
        // In a group of its own: who kills the group of the test program must not kill this before it has cleared up.
        keeper.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().context("PostgreSQL's keeper does not start")?;
        let mut output = BufReader::new(keeper.stdout.take().context("a piped output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let folder = PathBuf::from(line.trim_end());
        if !folder.is_dir() {
            output.read_to_string(&mut line)?;
            bail!("PostgreSQL does not start: {line}");
        }
        let started = Self { programs, folder, databases: AtomicU64::new(1), _keeper: keeper };
        started.run("postgres", &format!("CREATE ROLE comptoir LOGIN PASSWORD '{PASSWORD}'"))?;
        Ok(started)
    }

    /// A new and empty database of the serving role; its name.
    pub fn database(&self) -> Result<String> {
        let name = format!("shop_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name} OWNER comptoir"))?;
        Ok(name)
    }

    /// The URL of a database for a role.
    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{role}:{password}@{host}/{database}")
    }

    /// The URL that servers get.
    pub fn server_url(&self, database: &str) -> String {
        self.url("comptoir", PASSWORD, database)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Runs statements as somebody whom no rule binds.
    pub fn run(&self, database: &str, sql: &str) -> Result<()> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--username", "admin", "--host"]);
        psql.arg(&self.folder).args(["--dbname", database, "--command", sql]).env("PGPASSWORD", PASSWORD);
        let said = psql.output().context("psql does not start")?;
        if !said.status.success() {
            bail!("{sql}: {}", String::from_utf8_lossy(&said.stderr));
        }
        Ok(())
    }
}

/// The programs of the newest PostgreSQL that will do: Debian keeps them apart by version, others in the path.
fn installed() -> Option<PathBuf> {
    let apart = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = apart.map(|entry| entry.path().join("bin")).chain(std::env::split_paths(&path));
    let whole = folders.filter(|folder| folder.join("psql").exists() && folder.join("pg_ctl").exists());
    let known = whole.filter_map(|folder| Some((version(&folder)?, folder)));
    known
        .filter(|(version, _)| *version >= OLDEST)
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| folder)
}

fn version(folder: &Path) -> Option<u32> {
    let said = Command::new(folder.join("initdb")).arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    said.split(' ').nth(2)?.split('.').next()?.trim().parse().ok()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
