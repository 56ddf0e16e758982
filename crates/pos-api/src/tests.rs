//! The list itself: names, and the bindings that are committed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let entries = std::fs::read_dir(folder).expect("the folder of the bindings");
    entries
        .map(|e| e.expect("an entry").path())
        .map(|path| {
            (PathBuf::from(path.file_name().expect("a name")), std::fs::read_to_string(path).expect("text"))
        })
        .collect()
}

#[test]
fn every_command_has_a_name_of_its_own_made_of_area_and_verb() {
    let mut seen = std::collections::BTreeSet::new();
    for command in commands() {
        assert!(seen.insert(command.name), "{} stands twice", command.name);
        assert_eq!(command.name.split('.').count(), 2, "{} is area.verb", command.name);
    }
}

/// Set `COMPTOIR_WRITE_BINDINGS=1` to write them instead: `cargo xtask bindings` does.
#[test]
fn the_committed_bindings_are_those_of_the_command_list() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/host/bindings");
    if std::env::var_os("COMPTOIR_WRITE_BINDINGS").is_some() {
        std::fs::remove_dir_all(&committed).expect("the old bindings go");
        std::fs::create_dir_all(&committed).expect("a folder for the new ones");
        export_bindings(&committed).expect("the bindings are written");
    }
    let fresh = tempfile::tempdir().expect("a folder");
    export_bindings(fresh.path()).expect("the bindings are written");
    let (fresh, committed) = (files(fresh.path()), files(&committed));
    for (name, text) in &fresh {
        // Not `assert_eq`: it would print both files.
        assert!(committed.get(name) == Some(text), "{} differs: run cargo xtask bindings", name.display());
    }
    for name in committed.keys() {
        assert!(fresh.contains_key(name), "{} belongs to no command any more", name.display());
    }
}
