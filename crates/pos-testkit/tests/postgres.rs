//! A PostgreSQL ends with the test program that started it, however that one ends.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what is wrong by failing there")]

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use pos_testkit::process::program;
use rustix::process::{Pid, Signal, kill_process_group};

/// Kills a program (kill -9, with its whole group, as an impatient test runner does) as soon as it has said `word`, and
/// tells what is left of its PostgreSQL when everything that it had started has ended.
fn left_after_a_kill(word: &str) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    // PostgreSQL runs as nobody where the tests run as root.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let mut holder = Command::new(program("examples/comptoir-holder").unwrap());
    holder.env("TMPDIR", folder.path()).process_group(0);
    holder.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    let mut words = BufReader::new(holder.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = words.find(|said| said == word || said == "not installed").unwrap();
    kill_process_group(Pid::from_child(&holder), Signal::KILL).unwrap();
    holder.wait().unwrap();
    // The keeper has inherited this pipe: it ends when the last of them has.
    let mut complaints = String::new();
    holder.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!(complaints, "", "nobody is left to read what a keeper has to say");
    let left = std::fs::read_dir(folder.path()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    (said == word).then_some(left)
}

#[test]
fn a_killed_program_takes_its_database_with_it_however_far_that_had_come() {
    for moment in ["begun", "holds"] {
        match left_after_a_kill(moment) {
            Some(left) => assert_eq!(left, [""; 0], "killed when it had said {moment:?}"),
            None => eprintln!("skipped: no PostgreSQL is installed"),
        }
    }
}
