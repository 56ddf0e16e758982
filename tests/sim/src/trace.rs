//! What happened, line by line: the end of it for people, all of it to be compared with another run.
//!
//! Beside what happened stands how far the disks had come after each piece of work. So a thread that works where nobody
//! waits for it shows at the first call of the disk that came in another place, and not only where it changed something
//! that people see.

use std::collections::VecDeque;

/// Lines that are kept for a person who looks into a failure.
const KEPT: usize = 60;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Vec<String>,
    last: VecDeque<String>,
    /// Every line is printed as it comes.
    loud: bool,
}

impl Trace {
    pub(crate) fn new(loud: bool) -> Self {
        Self { loud, ..Self::default() }
    }

    /// Something happened.
    pub(crate) fn note(&mut self, at_ms: i64, line: &str) {
        let line = format!("{:>10}.{:03} {line}", at_ms / 1_000, at_ms % 1_000);
        if self.loud {
            println!("{line}");
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line.clone());
        self.lines.push(line);
    }

    /// A piece of work is done. Nobody reads of it before two runs differ.
    pub(crate) fn mark(&mut self, work: String) {
        self.lines.push(work);
    }

    pub(crate) fn last(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }

    /// All of it.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

/// Two runs with the same lines have the same number.
pub(crate) fn hash(lines: &[String]) -> u64 {
    let mut hash = 0_u64;
    for byte in lines.iter().flat_map(|line| line.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash ^ u64::try_from(lines.len()).unwrap()
}

/// Where one run first says something else than another, in words.
pub(crate) fn first_difference(one: &[String], other: &[String]) -> Option<String> {
    let place = (0..one.len().max(other.len())).find(|place| one.get(*place) != other.get(*place))?;
    let said =
        |lines: &[String]| lines.get(place).map_or("nothing more".to_owned(), |line| format!("{line:?}"));
    let before = place.checked_sub(1).map_or("", |before| one[before].as_str());
    Some(format!(
        "line {place}: {} in the first run, {} in the second; before: {before:?}",
        said(one),
        said(other)
    ))
}
