//! Declares the one command that the page may call, and compiles the configuration and the capabilities in.

use tauri_build::{AppManifest, Attributes};

fn main() -> anyhow::Result<()> {
    let manifest = AppManifest::new().commands(&["dispatch"]);
    tauri_build::try_build(Attributes::new().app_manifest(manifest))
}
