//! The edges of the house, asserted on what Cargo really builds. docs/ARCHITECTURE.md tells why they are so.
#![allow(clippy::unwrap_used, reason = "a file of tests: what is not as expected fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Which of our crates a crate may use. A crate that is not named here may not exist.
const EDGES: &[(&str, &[&str])] = &[
    ("pos-planted", &[]),
    ("pos-domain", &[]),
    ("pos-sqlite", &[]),
    ("pos-protocol", &["pos-domain"]),
    ("pos-devices", &["pos-domain"]),
    ("pos-store", &["pos-sqlite", "pos-domain"]),
    ("pos-sync", &["pos-store", "pos-protocol", "pos-domain"]),
    ("pos-app", &["pos-sync", "pos-store", "pos-devices", "pos-domain"]),
    ("pos-api", &["pos-app", "pos-domain"]),
    ("pos-server", &["pos-protocol", "pos-sqlite", "pos-domain"]),
    ("pos-cli", &["pos-api", "pos-app"]),
    ("comptoir-desktop", &["pos-api", "pos-app"]),
    ("comptoir-bench", &["pos-api", "pos-app", "pos-testkit", "comptoir-tests"]),
    ("comptoir-model", &["pos-protocol"]),
    ("comptoir-sim", &[]), // A test through and through: what it uses, only its own test uses.
    ("comptoir-tests", &["pos-testkit"]),
    ("xtask", &["pos-planted"]),
];

/// Crates from outside that only these of ours may use.
const DOORS: &[(&str, &[&str])] = &[
    ("rusqlite", &["pos-sqlite", "pos-store", "pos-server"]),
    ("reqwest", &["pos-sync"]),
    ("axum", &["pos-server"]),
    ("tokio-postgres", &["pos-server"]),
    ("tauri", &["comptoir-desktop"]),
    ("thirtyfour", &["comptoir-tests"]),
];

/// What would let the clock, chance, the network or the disk into the rules of the shop.
const IMPURE: &[&str] =
    &["chrono", "getrandom", "rand", "reqwest", "rusqlite", "tempfile", "time", "tokio", "tracing"];

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Names of what a package ships with or is built by; what only its tests use is its own affair.
fn shipped(package: &Package) -> BTreeSet<&str> {
    let of_tests = |kind: DependencyKind| kind == DependencyKind::Development;
    package.dependencies.iter().filter(|d| !of_tests(d.kind)).map(|d| d.name.as_str()).collect()
}

/// Every file under a folder of the project, without what is built or fetched.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if matches!(name.as_str(), "node_modules" | "dist" | "target" | "paraglide") {
            continue;
        }
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn no_crate_uses_another_than_the_house_allows() {
    let metadata = metadata();
    let edges: BTreeMap<_, _> = EDGES.iter().copied().collect();
    let ours: BTreeSet<_> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        if name == "pos-testkit" {
            continue; // It builds whatever tests need, and nothing that ships may use it: see below.
        }
        let allowed = edges.get(name).unwrap_or_else(|| panic!("{name} has no place in the table of edges"));
        // The planted bugs are no part of the house: who may have them, and when, is a test of its own.
        let of_the_house = |used: &&str| ours.contains(*used) && (*used != PLANTED || name == "xtask");
        for used in shipped(package).into_iter().filter(of_the_house) {
            assert!(allowed.contains(&used), "{name} uses {used}: the house has no such edge");
        }
    }
}

#[test]
fn nothing_that_ships_contains_the_test_kit() {
    let for_tests = ["comptoir-bench", "comptoir-tests"];
    for package in metadata().packages.iter().filter(|p| !for_tests.contains(&p.name.as_str())) {
        assert!(!shipped(package).contains("pos-testkit"), "{} ships the test kit", package.name);
    }
}

/// Where a thread or a task may begin in what a simulated shop runs: the simulator counts the work of files and of the
/// writer, ends the carrier and moves the sync on itself, and it begins none of the others.
const BEGINNINGS: &[(&str, &str)] = &[
    ("crates/pos-sqlite/src/beside.rs", "the counted door for work beside a file"),
    ("crates/pos-sqlite/src/database.rs", "the threads of a file, whose jobs are counted"),
    ("crates/pos-sqlite/src/carrier.rs", "carrying a WAL over, which ends where a file works in step"),
    ("crates/pos-server/src/actor.rs", "the writer, whose answer is waited for"),
    ("crates/pos-server/src/session.rs", "reading a long push, whose answer is waited for"),
    ("crates/pos-sync/src/handle.rs", "the background of a shop's register"),
    ("crates/pos-app/src/app/mod.rs", "the check of a start, with a background only"),
    ("crates/pos-app/src/keeper.rs", "the journal of a shop's register"),
    ("crates/pos-app/src/link.rs", "the news of a shop's register"),
    ("crates/pos-app/src/printer.rs", "a printer, which a simulated shop has not"),
];

#[test]
fn nothing_works_beside_a_simulated_shop_that_the_simulator_does_not_count() {
    let begins = ["spawn_blocking(", "tokio::spawn(", "thread::spawn(", "thread::Builder::new("];
    let crates = ["pos-app", "pos-store", "pos-sync", "pos-sqlite", "pos-server"];
    let skipped = ["postgres", "http", "bin"].map(|folder| root().join("crates/pos-server/src").join(folder));
    let postgres = root().join("crates/pos-server/src/storage/postgres");
    for file in crates.iter().flat_map(|name| files(&root().join("crates").join(name).join("src"))) {
        if skipped.iter().any(|folder| file.starts_with(folder)) || file.starts_with(&postgres) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let allowed = BEGINNINGS.iter().any(|(place, _)| *place == name);
        let begun = begins.iter().find(|begin| code.contains(**begin));
        assert!(begun.is_none() || allowed, "{name} has {begun:?}: the simulator cannot wait for that");
    }
}

/// The crate of the bugs that tests plant, and the feature that lets them in.
const PLANTED: &str = "pos-planted";

#[test]
fn nothing_that_ships_can_have_a_planted_bug() {
    let metadata = metadata();
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != "xtask") {
        let name = package.name.as_str();
        for dependency in &package.dependencies {
            assert!(
                dependency.name != PLANTED || dependency.optional,
                "{name} has the planted bugs in every build"
            );
            let asks = dependency.features.iter().any(|feature| feature.contains("planted"));
            assert!(!asks, "{name} asks {} for its planted bugs", dependency.name);
        }
        for (feature, turns_on) in &package.features {
            let plants = turns_on.iter().any(|other| other.contains("planted"));
            assert!(!plants || feature == "planted", "{name}: the feature {feature} plants bugs");
        }
        let crate_root = package.manifest_path.parent().unwrap().join("src/lib.rs");
        if package.features.contains_key("planted") && crate_root.exists() {
            let text = fs::read_to_string(&crate_root).unwrap();
            let guard = "#[cfg(all(feature = \"planted\", not(debug_assertions)))]\ncompile_error!";
            assert!(text.contains(guard), "{name} could be released with planted bugs");
        }
    }
}

#[test]
fn every_planted_bug_stands_behind_its_cfg() {
    let mut planted = String::new();
    for file in files(&root().join("crates"))
        .into_iter()
        .filter(|f| !f.starts_with(root().join("crates/pos-planted")))
    {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("pos_planted::")) {
            let guarded = lines[..place]
                .iter()
                .rev()
                .take(3)
                .any(|line| line.starts_with("#[cfg(feature = \"planted\")]"));
            assert!(guarded, "{}:{} would ship: {line}", file.display(), place + 1);
            planted.push_str(line);
        }
    }
    let bugs = fs::read_to_string(root().join("crates/pos-planted/src/bug.rs")).unwrap();
    let bugs =
        bugs.lines().filter_map(|line| line.trim().split_once(": ")).filter(|(_, rest)| rest.ends_with(';'));
    for (bug, _) in bugs.filter(|(bug, _)| bug.chars().all(char::is_alphanumeric)) {
        assert!(planted.contains(&format!("Bug::{bug})")), "{bug} is not planted anywhere");
    }
}

#[test]
fn storage_network_and_window_each_have_one_door() {
    for package in &metadata().packages {
        for (outside, allowed) in DOORS {
            let name = package.name.as_str();
            let may = allowed.contains(&name) || name == "pos-testkit";
            assert!(
                may || !shipped(package).contains(outside),
                "{name} uses {outside}: only {allowed:?} may"
            );
        }
    }
}

#[test]
fn the_rules_of_the_shop_cannot_reach_clock_chance_disk_or_network() {
    let metadata = metadata();
    for pure in ["pos-domain", "pos-protocol"] {
        let package = metadata.packages.iter().find(|p| p.name.as_str() == pure).unwrap();
        for impure in IMPURE {
            assert!(!shipped(package).contains(impure), "{pure} uses {impure} and is no longer pure");
        }
    }
}

#[test]
fn the_rules_of_the_shop_know_no_floating_point() {
    for file in files(&root().join("crates/pos-domain/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            let float = words.into_iter().any(|word| word.ends_with("f32") || word.ends_with("f64"));
            assert!(!float, "{}:{}: money and quantities are integers", file.display(), number + 1);
        }
    }
}

/// The crate whose disk lies under SQLite, which takes C functions; see docs/adr/0005.
const WITH_UNSAFE: (&str, &str) = ("pos-testkit", "crates/pos-testkit/src/crash/vfs.rs");

#[test]
fn every_crate_obeys_the_common_lints() {
    let common = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for package in &metadata().packages {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        if package.name.as_str() == WITH_UNSAFE.0 {
            let but_one = lints(&common, "workspace.lints").replace("\"forbid\"", "\"deny\"");
            assert_eq!(lints(&manifest, "lints"), but_one, "the common lints, with unsafe denied by default");
            continue;
        }
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
    }
}

/// The lines of the two tables of lints below a name.
fn lints(manifest: &str, table: &str) -> String {
    let lines = |tool: &str| {
        let begin = format!("[{table}.{tool}]\n");
        let rest = manifest.split_once(&begin).map(|(_, rest)| rest).unwrap();
        rest.lines().take_while(|line| !line.starts_with('[')).filter(|l| !l.is_empty()).collect::<Vec<_>>()
    };
    [lines("rust"), lines("clippy")].concat().join("\n")
}

#[test]
fn unsafe_code_stands_in_one_file_that_does_not_ship() {
    let lifts = |line: &&str| line.contains("unsafe_code") && line.starts_with('#');
    for folder in ["crates", "src-tauri", "tests", "xtask"] {
        for file in files(&root().join(folder)) {
            let is_rust = file.extension().is_some_and(|extension| extension == "rs");
            if !is_rust || file == root().join(WITH_UNSAFE.1) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(text.lines().find(lifts), None, "{} lifts the ban on unsafe", file.display());
        }
    }
}

#[test]
fn one_sqlite_is_linked_into_the_program() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let copies = lock.lines().filter(|line| *line == "name = \"libsqlite3-sys\"").count();
    assert_eq!(copies, 1, "two copies in one process break each other's locks on the same file");
}

#[test]
fn the_page_reaches_tauri_through_one_folder() {
    let source = root().join("ui/src");
    let door = source.join("lib/host");
    let names = ["@tauri-apps", "__TAURI"];
    for file in files(&source).into_iter().filter(|file| !file.starts_with(&door)) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for name in names {
            assert!(!text.contains(name), "{} names {name}: only ui/src/lib/host may", file.display());
        }
    }
}

#[test]
fn each_window_may_call_its_own_commands_and_load_nothing_from_outside() {
    let host = root().join("src-tauri");
    let config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(host.join("tauri.conf.json")).unwrap()).unwrap();
    let policy = config["app"]["security"]["csp"].as_object().unwrap();
    assert_eq!(policy["default-src"], "'none'", "what is not allowed by name is forbidden");
    assert_eq!(policy["script-src"], "'self'", "only our own files are scripts");
    for (directive, sources) in policy {
        let sources = sources.as_str().unwrap();
        assert!(!sources.contains("unsafe"), "{directive} allows code from text: {sources}");
        let remote = sources.split(' ').any(|source| source.contains('*') || source.starts_with("https:"));
        assert!(!remote, "{directive} allows another origin: {sources}");
    }
    let windows: [(&str, &[&str]); 2] =
        [("main", &["allow-dispatch", "allow-open-display"]), ("display", &["allow-show-display"])];
    assert_eq!(files(&host.join("capabilities")).len(), windows.len(), "one window, one capability");
    for (window, commands) in windows {
        let file = host.join("capabilities").join(window).with_extension("json");
        let capability: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(capability["windows"], serde_json::json!([window]), "each window has its own");
        let listening = ["core:event:allow-listen", "core:event:allow-unlisten"];
        let allowed: Vec<&str> = commands.iter().copied().chain(listening).collect();
        assert_eq!(
            capability["permissions"],
            serde_json::json!(allowed),
            "{window}: no files, no shell, no network for the page"
        );
        assert!(capability.get("remote").is_none(), "no page from elsewhere may call");
    }
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let page = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let section = page.split("\n## Invariants\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let sources: String = ["crates", "src-tauri", "tests", "xtask"]
        .iter()
        .flat_map(|folder| files(&root().join(folder)))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let rows: Vec<_> =
        section.lines().filter(|line| line.starts_with("| ") && !line.contains("guarded by")).collect();
    assert!(rows.len() > 10, "the table of invariants is read");
    for row in rows {
        let names: Vec<_> = row.split('`').skip(1).step_by(2).filter(|word| word.contains('_')).collect();
        assert!(!names.is_empty(), "no test guards this: {row}");
        for name in names {
            assert!(
                sources.contains(&format!("fn {name}(")),
                "the test {name} is gone, and guards this: {row}"
            );
        }
    }
}
