//! The page: fetched and built only when what it is made of has changed.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{announce, npm, run, target};

/// What the built page is made of, besides the packages.
const SOURCES: &[&str] = &[
    "index.html",
    "package.json",
    "package-lock.json",
    "project.inlang/settings.json",
    "src",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Folders that are made from the others.
const GENERATED: &[&str] = &["paraglide", "node_modules"];

/// Fetches the page's packages exactly as locked, running none of their scripts.
pub(crate) fn fetch() -> Result<()> {
    let inputs = fingerprint(&[PathBuf::from("ui/package-lock.json")])?;
    Step { name: "npm", made: "ui/node_modules" }.unless_done(&inputs, || {
        announce("fetching the page's packages: npm ci --ignore-scripts");
        run(&mut npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
    })
}

/// Builds the page into `ui/dist`, which the desktop program takes in when it is compiled.
pub(crate) fn build() -> Result<()> {
    fetch()?;
    let sources: Vec<_> = SOURCES.iter().map(|name| Path::new("ui").join(name)).collect();
    let inputs = fingerprint(&sources)?;
    Step { name: "page", made: "ui/dist/index.html" }.unless_done(&inputs, || {
        announce("building the page: npm run build");
        run(&mut npm(["run", "build"]))
    })
}

/// A step whose work lasts until its inputs change.
struct Step {
    name: &'static str,
    made: &'static str,
}

impl Step {
    fn unless_done(&self, inputs: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let stamp = target()?.join("xtask").join(self.name).with_extension("stamp");
        if Path::new(self.made).exists() && fs::read_to_string(&stamp).is_ok_and(|done| done == inputs) {
            return Ok(());
        }
        work()?;
        fs::create_dir_all(stamp.parent().context("the stamp has a folder")?)?;
        fs::write(&stamp, inputs).with_context(|| format!("{} cannot be written", stamp.display()))
    }
}

/// A number that changes when any of the files does, by name or content.
fn fingerprint(paths: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        add(path, &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if path.is_dir() {
        let mut entries =
            fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            if !GENERATED.contains(&name.as_ref()) {
                add(&entry, hasher)?;
            }
        }
        return Ok(());
    }
    path.hash(hasher);
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?.hash(hasher);
    Ok(())
}
