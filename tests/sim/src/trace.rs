//! What happened, line by line: the end of it for people, all of it as one number by which two runs are compared.

use std::collections::VecDeque;

/// Lines that are kept for a person who looks into a failure.
const KEPT: usize = 60;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: u64,
    lines: u64,
    last: VecDeque<String>,
    /// Every line is printed as it comes.
    loud: bool,
}

impl Trace {
    pub(crate) fn new(loud: bool) -> Self {
        Self { loud, ..Self::default() }
    }

    pub(crate) fn note(&mut self, at_ms: i64, line: &str) {
        let line = format!("{:>10}.{:03} {line}", at_ms / 1_000, at_ms % 1_000);
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        self.lines += 1;
        if self.loud {
            println!("{line}");
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// Two runs with the same lines have the same.
    pub(crate) fn hash(&self) -> u64 {
        self.hash ^ self.lines
    }

    pub(crate) fn last(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }
}
