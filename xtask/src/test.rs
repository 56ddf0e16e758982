//! Every test, and one line of counts at the end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{announce, cargo, npm, run as finish, target};
use crate::planted::{self, Table};
use crate::system::{self, Need};
use crate::ui;

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
}

/// Runs every test: Rust's, those of the page, and those in the real window.
pub(crate) fn run() -> Result<()> {
    system::prepare(Need::BuildAndDrive)?;
    ui::build()?;
    announce("building all programs and tests");
    finish(&mut cargo(["build", "--workspace", "--all-targets"]))?;

    // The planted bugs go before the others: what is built last is what stays in the target folder.
    let stages = [page()?, planted::run(&[], Table::Shown)?, rust()?];
    let [page, planted, rust] = stages;
    println!(
        "\n{} of the page, {} with planted bugs, {} of the programs",
        page.all(),
        planted.all(),
        rust.all()
    );
    let counts = Counts {
        passed: stages.iter().map(|counts| counts.passed).sum(),
        failed: stages.iter().map(|counts| counts.failed).sum(),
    };
    counts.end()
}

/// Runs the chaos of the real programs for so many rounds, and shows what was met.
pub(crate) fn chaos(rounds: u64) -> Result<()> {
    announce("building the programs and the tests");
    let programs = ["build", "-p", "pos-cli", "-p", "pos-server", "-p", "comptoir-tests"];
    finish(cargo(programs).args(["--bins", "--tests", "--examples"]))?;
    announce("chaos: two registers, a server, and the network between them");
    let mut test =
        cargo(["test", "-p", "comptoir-tests", "--test", "processes", "chaos", "--", "--nocapture"]);
    finish(test.env("COMPTOIR_ROUNDS", rounds.to_string()))
}

fn page() -> Result<Counts> {
    announce("tests of the page: vitest");
    let report = target()?.join("xtask").join("vitest.json");
    let status = npm(["test", "--", "--reporter=default", "--reporter=json"])
        .arg(format!("--outputFile.json={}", report.display()))
        .status()
        .context("npm does not start")?;
    let said = fs::read_to_string(&report).context("vitest left no report")?;
    let said: serde_json::Value = serde_json::from_str(&said).context("vitest's report")?;
    let number = |name: &str| {
        said.get(name)
            .and_then(serde_json::Value::as_u64)
            .with_context(|| format!("vitest's report lacks {name}"))
    };
    let counts = Counts { passed: number("numPassedTests")?, failed: number("numFailedTests")? };
    Ok(counts.or_broken(status.success()))
}

/// Rust's tests, those in the window among them: they are the test `window` of the package `comptoir-tests`.
fn rust() -> Result<Counts> {
    announce("tests of the programs: cargo test");
    let mut test = cargo(["test", "--workspace", "--no-fail-fast"]);
    let (counts, ended_well) = count(&mut test)?;
    Ok(counts.or_broken(ended_well))
}

/// Shows what the tests say while they run, and adds their counts up.
fn count(test: &mut Command) -> Result<(Counts, bool)> {
    let mut child = test.stdout(Stdio::piped()).spawn().context("cargo test does not start")?;
    let mut counts = Counts::default();
    for line in BufReader::new(child.stdout.take().context("cargo test has an output")?).lines() {
        let line = line?;
        println!("{line}");
        if let Some(more) = Counts::of_line(&line)? {
            counts.passed += more.passed;
            counts.failed += more.failed;
        }
    }
    Ok((counts, child.wait()?.success()))
}

impl Counts {
    /// Reads `test result: ok. 12 passed; 0 failed; 0 ignored; ...`. An ignored test is an error: nothing here may be.
    fn of_line(line: &str) -> Result<Option<Self>> {
        let Some((_, result)) = line.split_once("test result: ") else { return Ok(None) };
        let number = |word: &str| {
            let before = result.split(word).next().and_then(|text| text.split_whitespace().last());
            before.and_then(|text| text.parse::<u64>().ok()).with_context(|| format!("unknown words: {line}"))
        };
        if number(" ignored")? > 0 {
            bail!("a test is ignored: either it tells the truth or it has no place here");
        }
        Ok(Some(Self { passed: number(" passed")?, failed: number(" failed")? }))
    }

    /// Counts one more.
    pub(crate) fn add(&mut self, passed: bool) {
        if passed { self.passed += 1 } else { self.failed += 1 }
    }

    fn all(self) -> u64 {
        self.passed + self.failed
    }

    /// Says the counts, and ends with an error when something failed.
    pub(crate) fn end(self) -> Result<()> {
        println!("\n{} passed, {} failed", self.passed, self.failed);
        if self.failed > 0 {
            std::process::exit(1);
        }
        Ok(())
    }

    /// Something failed that no test could report, such as a crash: it counts as one failure.
    fn or_broken(self, ended_well: bool) -> Self {
        if ended_well || self.failed > 0 { self } else { Self { failed: 1, ..self } }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn the_counts_of_a_test_program_are_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(Counts::of_line(line).unwrap(), Some(Counts { passed: 12, failed: 3 }));
        assert_eq!(Counts::of_line("running 3 tests").unwrap(), None, "other lines say nothing");
    }

    #[test]
    fn an_ignored_test_is_refused() {
        let line =
            "test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert!(Counts::of_line(line).is_err(), "an ignored test would be counted nowhere");
    }

    #[test]
    fn a_stage_that_breaks_without_a_failed_test_still_fails() {
        let counts = Counts { passed: 5, failed: 0 };
        assert_eq!(counts.or_broken(false).failed, 1, "a crash must not look like success");
        assert_eq!(counts.or_broken(true).failed, 0);
    }
}
