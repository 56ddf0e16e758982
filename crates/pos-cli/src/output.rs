//! What reaches the terminal: one document or a few sentences on standard output, everything else on standard error.
//!
//! The only module that writes to either, so that with `--json` nothing can slip into the document.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;

/// What a command that was done tells.
#[derive(Debug)]
pub(crate) struct Report {
    /// For programs.
    pub(crate) document: Value,
    /// For people; lines that end with a line feed.
    pub(crate) words: String,
    /// How it ended.
    pub(crate) exit: Exit,
}

impl Report {
    /// Done.
    pub(crate) fn done(document: &impl Serialize, words: impl Into<String>) -> Result<Self, Failure> {
        let document = serde_json::to_value(document).map_err(Failure::unexpected)?;
        Ok(Self { document, words: words.into(), exit: Exit::Done })
    }

    /// The same, ended otherwise.
    #[must_use]
    pub(crate) fn ended(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

/// Prints how a command ended and gives its exit code.
pub(crate) fn finish(result: Result<Report, Failure>, json: bool) -> Exit {
    let (exit, written) = match &result {
        Ok(report) if json => (report.exit, print_document(&report.document)),
        Ok(report) => (report.exit, print(&report.words)),
        Err(failure) => {
            tell(&failure.words());
            let written = if json { print_document(&failure.document()) } else { Ok(()) };
            (failure.exit(), written)
        }
    };
    match written {
        Ok(()) => exit,
        // Whoever read has read enough, as in `comptoir queue | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            tell(&format!("Standard output could not be written: {error}"));
            Exit::Environment
        }
    }
}

/// Says something beside the answer, on standard error. That nobody may be able to read it changes nothing.
pub(crate) fn tell(line: &str) {
    let _unread = writeln!(io::stderr().lock(), "{}", line.trim_end());
}

/// Prints text on standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints one document on standard output.
pub(crate) fn print_document(document: &Value) -> io::Result<()> {
    print(&format!("{document:#}\n"))
}
