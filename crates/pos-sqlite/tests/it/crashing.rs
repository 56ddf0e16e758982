//! Processes that die and disks that refuse, for real: the test binary starts itself in a role and kills it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use pos_sqlite::{
    Database, FolderLock, LockError, Migration, OpenError, OpenOptions, VerifyDepth, WriteError, verify_file,
};

use crate::fixture::{CREATE_NOTE, Place, bodies, options, write_note};

const ROLE: &str = "POS_SQLITE_TEST_ROLE";
const FILE: &str = "POS_SQLITE_TEST_FILE";

/// Marks the lines that a role speaks, among those of the test harness.
const SAYS: &str = "says: ";

/// Makes more rows than any machine writes before it is killed.
const ENDLESS: Migration = Migration {
    version: 2,
    name: "fill_note",
    sql: "DELETE FROM note;
WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter)
INSERT INTO note (body) SELECT hex(zeroblob(500)) FROM counter;",
};
static ENDING_NEVER: &[Migration] = &[CREATE_NOTE, ENDLESS];

/// Plays the role that the parent test asked for; when nobody asked there is nothing to do.
#[test]
fn a_child_plays_the_role_it_was_started_for() {
    let Ok(role) = env::var(ROLE) else { return };
    let path = PathBuf::from(env::var_os(FILE).unwrap());
    match role.as_str() {
        "write" => write_until_killed(path),
        "migrate" => drop(Database::open(OpenOptions { migrations: ENDING_NEVER, ..options(path) })),
        "lock" => hold_the_lock(path),
        #[cfg(unix)]
        "fail" => full::fail_at_commit(path),
        _ => panic!("no such role: {role}"),
    }
}

fn say(what: impl std::fmt::Display) {
    println!("{SAYS}{what}");
}

fn write_until_killed(path: PathBuf) {
    let db = Database::open(options(path)).unwrap();
    let first = bodies(&db).len();
    for number in first.. {
        write_note(&db, &number.to_string()).unwrap();
        say(number);
    }
}

fn hold_the_lock(path: PathBuf) {
    let _lock = FolderLock::acquire(path.parent().unwrap()).unwrap();
    say("locked");
    // Until the parent lets go of its end or kills this process.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// A child in a role, killed when dropped.
struct Actor {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Actor {
    fn start(role: &str, place: &Place) -> Self {
        Self::start_by(Command::new(env::current_exe().unwrap()), role, place)
    }

    fn start_by(mut command: Command, role: &str, place: &Place) -> Self {
        let mut process = command
            .args(["--exact", "crashing::a_child_plays_the_role_it_was_started_for", "--nocapture"])
            .env(ROLE, role)
            .env(FILE, place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The next thing the child says; `None` when it has ended.
    fn hear(&mut self) -> Option<String> {
        // The harness prints its own words before a line without a line end.
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once(SAYS).map(|(_, said)| said.to_owned()))
    }

    /// SIGKILL: no handler, no destructor, no flush.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn a_killed_process_loses_no_acknowledged_write() {
    let place = Place::new();
    for acknowledgements in [1, 7, 40, 150, 400] {
        let mut writer = Actor::start("write", &place);
        let mut last = String::new();
        for _ in 0..acknowledgements {
            last = writer.hear().expect("the child goes on until it is killed");
        }
        writer.kill();
        while let Some(said) = writer.hear() {
            last = said;
        }
        let db = place.open();
        assert!(db.opened().unclean, "a killed process is noticed");
        let stored = bodies(&db);
        let last: usize = last.parse().unwrap();
        assert!(stored.len() > last, "note {last} was acknowledged, only {} are there", stored.len());
        for (number, body) in stored.iter().enumerate() {
            assert_eq!(*body, number.to_string(), "no write is torn, doubled or out of order");
        }
        db.close().unwrap();
        assert_eq!(verify_file(&place.path(), VerifyDepth::Full), [], "and the file is sound");
    }
}

#[test]
fn a_migration_killed_half_way_leaves_the_file_as_it_was() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "kept").unwrap();
    db.close().unwrap();
    let mut migrating = Actor::start("migrate", &place);
    // Half way is when uncommitted pages have spilled out of the cache into the WAL.
    while fs::metadata(place.wal()).map_or(0, |wal| wal.len()) < 1_000_000 {
        assert!(migrating.process.try_wait().unwrap().is_none(), "the migration must not end by itself");
        std::thread::yield_now();
    }
    migrating.kill();
    let db = place.open();
    assert!(db.opened().unclean);
    assert_eq!(db.opened().version_before, 1, "the step was not recorded");
    assert_eq!(bodies(&db), ["kept"], "and what it had deleted is there");
}

#[test]
fn a_second_process_is_refused_and_a_killed_one_leaves_no_stale_lock() {
    let place = Place::new();
    let mut first = Actor::start("lock", &place);
    assert_eq!(first.hear().as_deref(), Some("locked"));
    let second = FolderLock::acquire(place.folder());
    assert!(matches!(second, Err(LockError::HeldByOther(_))), "{second:?}");
    first.kill();
    FolderLock::acquire(place.folder()).expect("the lock died with its process");
}

/// After an error of COMMIT, frames of the lost write may stand complete in the WAL, unknown to this process but
/// not to the recovery after a crash.
#[test]
fn reopening_settles_an_unknown_outcome_for_good() {
    let origin = Place::new();
    let db = origin.open();
    write_note(&db, "known").unwrap();
    let before = origin.after_power_cut();
    write_note(&db, "ghost").unwrap();
    let wal_with_ghost = fs::read(origin.wal()).unwrap();

    let db = before.open();
    assert_eq!(bodies(&db), ["known"], "a reader keeps the WAL in use");
    fs::write(before.wal(), &wal_with_ghost).unwrap();
    assert_eq!(bodies(&db), ["known"], "this process does not see the frames");
    assert_eq!(
        bodies(&before.after_power_cut().open()),
        ["known", "ghost"],
        "but a crash would bring them back"
    );

    db.reopen_writer().unwrap();
    let answered = bodies(&db);
    assert_eq!(answered, ["known"]);
    assert_eq!(
        bodies(&before.after_power_cut().open()),
        answered,
        "what was answered stays true after a crash"
    );
}

/// A removable disk pulled out, or a helpful person who tidied up.
#[cfg(unix)]
#[test]
fn a_file_that_vanished_is_not_made_anew_by_reopening() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "a").unwrap();
    fs::remove_file(place.path()).unwrap();
    let reopened = db.reopen_writer();
    assert!(matches!(reopened, Err(WriteError::Job(OpenError::Sqlite(_)))), "{reopened:?}");
    assert!(!place.path().exists(), "an empty register must not take the place of the lost one");
    assert!(matches!(write_note(&db, "b"), Err(WriteError::Poisoned)), "and nothing is written meanwhile");
}

#[cfg(unix)]
mod full {
    //! A disk that refuses in the middle of COMMIT, by a limit on the size of files.

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use pos_sqlite::rusqlite::{self, ErrorCode};
    use pos_sqlite::{Priority, ReadLane};

    use super::*;

    /// Room for one page in the WAL and not for two.
    const ROOM_BYTES: u64 = 6_000;

    fn limit_files_to(bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: getrlimit(Resource::Fsize).maximum };
        setrlimit(Resource::Fsize, limit).unwrap();
    }

    pub(super) fn fail_at_commit(path: PathBuf) {
        let wal = path.with_file_name("shop.db-wal");
        let db = Database::open(options(path)).unwrap();
        write_note(&db, "before").unwrap();
        limit_files_to(Some(fs::metadata(wal).unwrap().len() + ROOM_BYTES));

        let result = write_note(&db, &"x".repeat(50_000));
        let Err(WriteError::CommitUnknown(error)) = result else { panic!("COMMIT did not fail: {result:?}") };
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure), "{error}");
        let next = db.write(Priority::Till, |_| Ok::<_, rusqlite::Error>(()));
        assert!(
            matches!(next, Err(WriteError::Poisoned)),
            "nothing is written on top of the unknown: {next:?}"
        );
        let seen = db.read(ReadLane::Quick, crate::fixture::read_bodies);
        assert_eq!(seen.unwrap(), ["before"], "reading goes on");

        limit_files_to(None);
        db.reopen_writer().unwrap();
        assert_eq!(bodies(&db), ["before"], "the lookup finds that it was not written");
        write_note(&db, "after").unwrap();
        say("recovered");
        db.close().unwrap();
    }

    #[test]
    fn an_error_of_commit_is_unknown_poisons_the_writer_and_is_healed_by_reopening() {
        let place = Place::new();
        // Without this the system kills a process that reaches the limit instead of failing its write.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(env::current_exe().unwrap());
        let mut failing = Actor::start_by(shell, "fail", &place);
        assert_eq!(
            failing.hear().as_deref(),
            Some("recovered"),
            "the child's own words above say what failed"
        );
        assert!(failing.process.wait().unwrap().success());
        let db = place.open();
        assert!(!db.opened().unclean);
        assert_eq!(bodies(&db), ["before", "after"]);
    }
}
