//! On what it was measured: without this, a figure means nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use pos_app::Clock;
use pos_app::clock::local_text;

/// `(what, value)` of this machine, this build and this moment.
pub(super) fn describe(data: &Path) -> Result<Vec<(&'static str, String)>> {
    let unknown = || "n/a".to_owned();
    let cores = std::thread::available_parallelism()?;
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| gib(&text)).unwrap_or_else(unknown);
    let kernel = line("/proc/sys/kernel/osrelease").unwrap_or_else(unknown);
    let load = line("/proc/loadavg").map(|text| text.split(' ').take(3).collect::<Vec<_>>().join(" "));
    let build = if cfg!(debug_assertions) { "debug: these figures mean nothing" } else { "release" };
    Ok(vec![
        ("date", local_text(Clock::system().now_ms())),
        ("commit", commit().unwrap_or_else(unknown)),
        ("build", build.to_owned()),
        ("processor", format!("{cores} cores, {model}")),
        ("memory", memory),
        ("system", format!("{} {kernel}", std::env::consts::OS)),
        ("file system", file_system(data).unwrap_or_else(unknown)),
        ("load at the beginning", load.unwrap_or_else(unknown)),
    ])
}

fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (_, value) = text.lines().find(|line| line.starts_with(name))?.split_once(':')?;
    Some(value.trim().to_owned())
}

fn gib(kib: &str) -> Option<String> {
    let kib: u64 = kib.split(' ').next()?.parse().ok()?;
    Some(format!("{} GiB", kib.div_ceil(1 << 20)))
}

/// The commit, with a plus sign when the tree differs from it.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    Some(if changed { format!("{commit}+") } else { commit })
}

/// Kind of the file system under a folder.
fn file_system(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let folder = folder.canonicalize().ok()?;
    mounts
        .lines()
        .filter_map(|mount| {
            let mut parts = mount.split(' ').skip(1);
            Some((parts.next()?, parts.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind.to_owned())
}
