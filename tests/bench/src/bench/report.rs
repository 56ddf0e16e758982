//! The table: aligned for the terminal, then as Markdown for the README.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::memory::Memory;

const COLUMNS: [&str; 9] =
    ["measured", "n", "p50", "p99", "longest", "in all", "per second", "register", "server"];

/// How long each of many repetitions took.
#[derive(Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new(3)?))
    }

    pub(crate) fn record(&mut self, took: Duration) -> Result<()> {
        Ok(self.0.record(u64::try_from(took.as_micros())?)?)
    }
}

/// One line of the table.
#[derive(Debug, Default)]
pub(crate) struct Row([String; COLUMNS.len()]);

impl Row {
    /// Many repetitions.
    pub(crate) fn times(&mut self, times: Times) -> &mut Self {
        let [_, n, p50, p99, longest, ..] = &mut self.0;
        let at = |quantile| duration(Duration::from_micros(times.0.value_at_quantile(quantile)));
        *n = grouped(times.0.len());
        (*p50, *p99) = (at(0.5), at(0.99));
        *longest = duration(Duration::from_micros(times.0.max()));
        self
    }

    /// One piece of work on many things.
    pub(crate) fn work(&mut self, things: u32, took: Duration) -> &mut Self {
        let [_, n, _, _, _, all, rate, ..] = &mut self.0;
        *n = grouped(things.into());
        *all = duration(took);
        *rate = rounded(f64::from(things) / took.as_secs_f64());
        self
    }

    /// Memory of the register.
    pub(crate) fn register(&mut self, memory: &Memory) -> &mut Self {
        let [.., register, _] = &mut self.0;
        *register = mib(memory.peak_kib);
        self
    }

    /// Memory of the server.
    pub(crate) fn server(&mut self, memory: &Memory) -> &mut Self {
        let [.., server] = &mut self.0;
        *server = mib(memory.peak_kib);
        self
    }
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(machine: Vec<(&'static str, String)>) -> Self {
        Self { machine, rows: Vec::new(), notes: Vec::new() }
    }

    /// Begins a line; what is known of it follows.
    pub(crate) fn row(&mut self, what: impl Into<String>) -> &mut Row {
        let mut row = Row::default();
        let [first, ..] = &mut row.0;
        *first = what.into();
        announce(first);
        self.rows.push_mut(row)
    }

    /// Says something beside the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        announce(&note);
        self.notes.push(note);
    }

    /// Says how memory went while a measurement ran.
    pub(crate) fn course(&mut self, what: &str, memory: &Memory) {
        if !memory.quarters_kib.is_empty() {
            let each: Vec<_> = memory.quarters_kib.iter().map(|kib| (kib >> 10).to_string()).collect();
            self.note(format!("{what}: highest in each quarter of the time {} MiB", each.join(", ")));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: [usize; COLUMNS.len()] = std::array::from_fn(|column| {
            let cells = self.rows.iter().filter_map(|row| row.0.get(column));
            let head = COLUMNS.get(column).map_or(0, |head| head.len());
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(head)
        });
        for (what, value) in &self.machine {
            writeln!(f, "{what:22} {value}")?;
        }
        writeln!(f)?;
        let aligned = |cells: &[String]| {
            let each = cells.iter().zip(widths).enumerate();
            let padded = each.map(|(column, (cell, width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            });
            padded.collect::<Vec<_>>().join("  ")
        };
        writeln!(f, "{}", aligned(&COLUMNS.map(str::to_owned)).trim_end())?;
        for row in &self.rows {
            writeln!(f, "{}", aligned(&row.0).trim_end())?;
        }
        for note in &self.notes {
            writeln!(f, "- {note}")?;
        }
        writeln!(f, "\n{}\n", "-".repeat(widths.iter().sum::<usize>() + 2 * (COLUMNS.len() - 1)))?;
        let machine: Vec<_> = self.machine.iter().map(|(what, value)| format!("{what}: {value}")).collect();
        writeln!(f, "{}.\n", machine.join("; "))?;
        writeln!(f, "| {} |", COLUMNS.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(COLUMNS.len() - 1))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.0.join(" | "))?;
        }
        writeln!(f)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "- {note}"))
    }
}

/// Tells the person who waits what is being done.
pub(crate) fn announce(what: &str) {
    eprintln!("{what}");
}

/// Three digits and a unit.
pub(crate) fn duration(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 0.001 {
        format!("{} µs", took.as_micros())
    } else if seconds < 0.01 {
        format!("{:.2} ms", seconds * 1e3)
    } else if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

/// A size in MiB.
pub(crate) fn mib(kib: Option<u64>) -> String {
    kib.map_or_else(|| "n/a".to_owned(), |kib| format!("{} MiB", kib.div_ceil(1 << 10)))
}

fn rounded(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
