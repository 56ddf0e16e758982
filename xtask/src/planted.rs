//! One planted bug after the other: is each of them found? See docs/PLANTED.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pos_planted::{Bug, Finder, Origin, VARIABLE};

use crate::command::{announce, cargo};
use crate::test::Counts;

/// The page that keeps the table, and the lines between which it stands.
const PAGE: &str = "docs/PLANTED.md";
const BEGINS: &str = "<!-- planted: begins -->\n";
const ENDS: &str = "<!-- planted: ends -->\n";
/// Seeds in which a bug must be found.
const SEEDS: u32 = 60;
/// Seeds that must be clean with the same programs and no bug.
const CLEAN_SEEDS: u32 = 6;
/// Longest that one bug is looked for. Whoever needs longer is stuck, which is no finding.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(50);
/// The features that let the bugs in.
const FEATURES: &str = "comptoir-sim/planted,pos-app/planted,pos-domain/planted,pos-server/planted,pos-sqlite/planted,\
    pos-store/planted,pos-sync/planted";
/// The package and the program of the simulator.
const SIMULATOR: (&str, &str) = ("comptoir-sim", "sim");

/// What becomes of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Printed.
    Shown,
    /// Printed, and written into its page.
    Written,
}

/// A test program as Cargo built it: where it is, and where it runs.
#[derive(Debug, Clone)]
struct Program {
    executable: PathBuf,
    folder: PathBuf,
}

/// Programs by package and name.
type Programs = BTreeMap<(String, String), Program>;

/// What was found of a bug: by what, or why not.
type Found = std::result::Result<String, String>;

/// Runs everything that must find a bug: those named, or all.
pub(crate) fn run(only: &[String], table: Table) -> Result<Counts> {
    let bugs: Vec<Bug> = Bug::ALL
        .iter()
        .copied()
        .filter(|bug| only.is_empty() || only.iter().any(|o| o == bug.name()))
        .collect();
    if bugs.is_empty() {
        bail!("no bug has one of these names: {}", only.join(", "));
    }
    announce("building the programs with the planted bugs");
    let programs = build(&bugs)?;
    announce("planted bugs: the same programs without one");
    let mut counts = Counts::default();
    for (name, sound) in sound_programs(&programs, &bugs)? {
        println!("{} {name}", if sound { "clean    " } else { "NOT CLEAN" });
        counts.add(sound);
    }
    announce("planted bugs: each one alone");
    let began = Instant::now();
    let found = each(&bugs, |bug| find(&programs, bug))?;
    for (_, found) in &found {
        counts.add(found.is_ok());
    }
    println!("\n{}", rows(&found));
    let seconds = began.elapsed().as_secs();
    let missed = found.iter().filter(|(_, found)| found.is_err()).count();
    println!("{} of {} planted bugs found, in {seconds} s", found.len().saturating_sub(missed), found.len());
    if table == Table::Written {
        write(&rows(&found))?;
    }
    Ok(counts)
}

/// Builds the simulator and the tests, with the bugs in them, as a part of the workspace: the crates from outside are
/// those of every other build.
fn build(bugs: &[Bug]) -> Result<Programs> {
    let mut names = vec![SIMULATOR.1];
    for bug in bugs {
        if let Finder::Test { program, .. } = bug.finder() {
            names.push(program);
        }
    }
    names.sort_unstable();
    names.dedup();
    let mut build = cargo(["test", "--workspace", "--features", FEATURES, "--no-run"]);
    build.arg("--message-format=json-render-diagnostics");
    for name in names {
        build.args(["--test", name]);
    }
    let output = build.stderr(Stdio::inherit()).output().context("cargo does not start")?;
    if !output.status.success() {
        bail!("the planted bugs do not build");
    }
    let mut programs = Programs::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).context("cargo's messages")?;
        programs.extend(program_of(&message));
    }
    Ok(programs)
}

/// The test program that a message of Cargo's tells of.
fn program_of(message: &serde_json::Value) -> Option<((String, String), Program)> {
    let executable = PathBuf::from(message.get("executable")?.as_str()?);
    let target = message.get("target")?;
    let is_test = target.get("kind")?.as_array()?.iter().any(|kind| kind == "test");
    let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_owned();
    // `path+file:///somewhere/crates/pos-store#0.1.0`, or `...#name@0.1.0` where the folder has another name.
    let (place, version) = message.get("package_id")?.as_str()?.rsplit_once('#')?;
    let package = match version.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next()?,
    };
    let name = target.get("name")?.as_str()?;
    is_test.then(|| ((package.to_owned(), name.to_owned()), Program { executable, folder }))
}

fn program<'a>(programs: &'a Programs, package: &str, name: &str) -> Result<&'a Program> {
    let key = (package.to_owned(), name.to_owned());
    programs.get(&key).with_context(|| format!("{package} has no test program {name}"))
}

/// The first seeds and all the tests that will have to find something, with nothing to find.
fn sound_programs(programs: &Programs, bugs: &[Bug]) -> Result<Vec<(String, bool)>> {
    let mut tests: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for bug in bugs {
        if let Finder::Test { package, program, test } = bug.finder() {
            tests.entry((package, program)).or_default().push(test);
        }
    }
    let mut jobs = Vec::new();
    if bugs.iter().any(|bug| bug.finder() == Finder::Simulator) {
        let mut seeds = command(program(programs, SIMULATOR.0, SIMULATOR.1)?);
        seeds.args(["--first-fault", "--seeds", &CLEAN_SEEDS.to_string()]);
        jobs.push((format!("{CLEAN_SEEDS} seeds"), Mutex::new(seeds)));
    }
    for ((package, name), mut names) in tests {
        names.sort_unstable();
        names.dedup();
        let mut run = command(program(programs, package, name)?);
        run.arg("--exact").args(&names);
        jobs.push((format!("{package}: {} tests", names.len()), Mutex::new(run)));
    }
    let results = each(&jobs, |(_, job)| {
        let mut job = job.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, said) = finish(&mut job)?;
        let sound = status.is_some_and(|status| status.success());
        if !sound {
            println!("{said}");
        }
        Ok(sound)
    })?;
    Ok(results.into_iter().map(|((name, _), sound)| (name.clone(), sound)).collect())
}

/// Plants a bug and lets its finder look for it.
fn find(programs: &Programs, bug: &Bug) -> Result<Found> {
    let found = match bug.finder() {
        Finder::Simulator => {
            let mut run = command(program(programs, SIMULATOR.0, SIMULATOR.1)?);
            run.args(["--first-fault", "--seeds", &SEEDS.to_string()]);
            let (status, said) = finish(run.env(VARIABLE, bug.name()))?;
            match (status, said.lines().find_map(|line| line.strip_prefix("found by "))) {
                (Some(status), Some(found)) if !status.success() => Ok(found.to_owned()),
                (None, _) => Err(format!("not found in {} s", PATIENCE.as_secs())),
                (Some(_), _) => Err(format!("not found in {SEEDS} seeds")),
            }
        }
        Finder::Test { package, program: name, test } => {
            let mut run = command(program(programs, package, name)?);
            let (status, said) = finish(run.args(["--exact", test]).env(VARIABLE, bug.name()))?;
            let short = test.rsplit("::").next().unwrap_or(test);
            match status {
                Some(status) if !status.success() && said.contains("1 failed") => Ok(format!("`{short}`")),
                None => Err(format!("`{short}` did not end")),
                Some(_) => Err(format!("`{short}` passes")),
            }
        }
    };
    match &found {
        Ok(by) => println!("{:<30} {by}", bug.name()),
        Err(why) => println!("{:<30} NOT FOUND: {why}", bug.name()),
    }
    Ok(found)
}

fn command(program: &Program) -> Command {
    let mut command = Command::new(&program.executable);
    command.current_dir(&program.folder).env_remove(VARIABLE);
    // A test that finds its bug must leave nothing behind, neither a case to repeat nor a snapshot to look at.
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1").env("INSTA_UPDATE", "no");
    command
}

/// Runs a program to its end and gives what it said; no status when it had to be ended.
fn finish(command: &mut Command) -> Result<(Option<ExitStatus>, String)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("a test program")?;
    let mut output = child.stdout.take().context("a test program has an output")?;
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        output.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
    });
    let status = wait(&mut child)?;
    let said = reader.join().map_err(|_| anyhow::anyhow!("what a test program said could not be read"))??;
    Ok((status, said))
}

fn wait(child: &mut Child) -> Result<Option<ExitStatus>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// Does the same with each of many, as many at a time as there are processors; in their order.
fn each<'a, T: Sync, R: Send>(
    all: &'a [T],
    work: impl Fn(&'a T) -> Result<R> + Sync,
) -> Result<Vec<(&'a T, R)>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::SeqCst);
                    let Some(one) = all.get(place) else { return };
                    let result = work(one);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, (one, result));
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.into_values().map(|(one, result)| Ok((one, result?))).collect()
}

/// The table, one row for a bug.
fn rows(found: &[(&Bug, Found)]) -> String {
    let mut rows = String::from("| planted | from | found by |\n|---|---|---|\n");
    for (bug, found) in found {
        let by = match found {
            Ok(by) => by.replace('|', "/"),
            Err(why) => format!("**{why}**"),
        };
        // Writing into a text never fails.
        let _ = writeln!(rows, "{}{by} |", row_begins(**bug));
    }
    rows
}

fn row_begins(bug: Bug) -> String {
    let origin = match bug.origin() {
        Origin::Incident(number) => format!("incident {number}"),
        Origin::Ours => "ours".to_owned(),
    };
    format!("| {} | {origin} | ", bug.words())
}

/// Puts the table into its page.
fn write(rows: &str) -> Result<()> {
    let page = fs::read_to_string(PAGE)?;
    let (before, rest) =
        page.split_once(BEGINS).with_context(|| format!("{PAGE} has no place for the table"))?;
    let (_, after) = rest.split_once(ENDS).with_context(|| format!("the table of {PAGE} has no end"))?;
    fs::write(PAGE, format!("{before}{BEGINS}{rows}{ENDS}{after}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_planted_bug_has_its_row_and_was_found() {
        let page = fs::read_to_string(crate::command::root().unwrap().join(PAGE)).unwrap();
        let table = page.split_once(BEGINS).unwrap().1.split_once(ENDS).unwrap().0;
        for bug in Bug::ALL {
            let row = table.lines().find(|line| line.starts_with(&row_begins(*bug)));
            let row =
                row.unwrap_or_else(|| panic!("{} has no row: cargo xtask sim --planted --write", bug.name()));
            assert!(!row.contains("**"), "{} was not found: {row}", bug.name());
        }
        assert_eq!(table.lines().count(), Bug::ALL.len() + 2, "no row tells of a bug that is not planted");
    }

    #[test]
    fn each_incident_that_can_be_planted_is() {
        let planted = |number| Bug::ALL.iter().any(|bug| bug.origin() == Origin::Incident(number));
        for number in 1..=25 {
            assert!(planted(number), "incident {number} could come back without anybody noticing");
        }
    }

    #[test]
    fn a_program_is_read_from_what_cargo_says() {
        let message = serde_json::json!({
            "reason": "compiler-artifact", "package_id": "path+file:///shop/tests/sim#comptoir-sim@0.1.0",
            "manifest_path": "/shop/tests/sim/Cargo.toml", "executable": "/shop/target/debug/deps/sim-1",
            "target": { "kind": ["test"], "name": "sim" },
        });
        let ((package, name), program) = program_of(&message).unwrap();
        assert_eq!((package.as_str(), name.as_str()), ("comptoir-sim", "sim"));
        assert_eq!(program.folder, Path::new("/shop/tests/sim"));
    }
}
