//! Peak memory of running programs, as the kernel counts it.
//!
//! Linux tells it under /proc; elsewhere every answer is `None`.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often memory is looked at to tell its course. The peak does not depend on it: the kernel keeps that.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Most bytes of a program's name that the kernel keeps.
const NAME_BYTES: usize = 15;

/// Memory of one process during a measurement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Most resident pages, in KiB.
    pub(crate) peak_kib: Option<u64>,
    /// Highest within each quarter of the time, in KiB: whether memory grows with the work.
    pub(crate) quarters_kib: Vec<u64>,
}

/// A process whose memory is looked at until [`Watch::end`].
#[derive(Debug)]
pub(crate) struct Watch {
    process: Option<u32>,
    ended: Arc<AtomicBool>,
    looking: Option<JoinHandle<Vec<u64>>>,
}

impl Watch {
    /// Watches this process.
    pub(crate) fn own() -> Self {
        Self::begin(Some(std::process::id()))
    }

    /// Watches a program that this process started.
    pub(crate) fn child(name: &str) -> Self {
        Self::begin(descendants(&[name]).first().copied())
    }

    fn begin(process: Option<u32>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let looking = process.map(|id| {
            // 5 resets the peak: proc_pid_clear_refs(5). A kernel that refuses tells the peak since the start instead.
            let _refused = fs::write(format!("/proc/{id}/clear_refs"), "5");
            let ended = Arc::clone(&ended);
            std::thread::spawn(move || {
                let mut seen = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    seen.extend(kib_of(id, "status", "VmRSS:"));
                    std::thread::sleep(LOOK_EVERY);
                }
                seen
            })
        });
        Self { process, ended, looking }
    }

    /// Ends the watch and tells what it saw.
    pub(crate) fn end(mut self) -> Memory {
        self.ended.store(true, Ordering::Relaxed);
        let seen = self.looking.take().and_then(|looking| looking.join().ok()).unwrap_or_default();
        let quarter = seen.len().div_ceil(4).max(1);
        Memory {
            peak_kib: self.process.and_then(|id| kib_of(id, "status", "VmHWM:")),
            quarters_kib: seen.chunks(quarter).filter_map(|part| part.iter().max()).copied().collect(),
        }
    }
}

/// Memory of programs that this process started, or that those started, in KiB: each page that several share is
/// counted once, in parts.
#[cfg(target_os = "linux")]
pub(crate) fn shared_kib(names: &[&str]) -> Option<u64> {
    let each: Vec<_> =
        descendants(names).iter().filter_map(|id| kib_of(*id, "smaps_rollup", "Pss:")).collect();
    (!each.is_empty()).then(|| each.iter().sum())
}

/// Numbers of the programs of these names below this process.
fn descendants(names: &[&str]) -> Vec<u32> {
    let mut found = Vec::new();
    let mut parents = vec![std::process::id()];
    let all: Vec<_> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id: u32| Some((id, parent_and_name(id)?)))
        .collect();
    while let Some(parent) = parents.pop() {
        for (id, (of, name)) in &all {
            if *of == parent {
                parents.push(*id);
                if names.iter().any(|wanted| wanted.get(..NAME_BYTES).unwrap_or(wanted) == name) {
                    found.push(*id);
                }
            }
        }
    }
    found
}

fn parent_and_name(id: u32) -> Option<(u32, String)> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Some((field("PPid:")?.parse().ok()?, field("Name:")?.to_owned()))
}

fn kib_of(id: u32, file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}
