//! Declares the commands that the pages may call, and compiles the configuration and the capabilities in.

use tauri_build::{AppManifest, Attributes};

fn main() -> anyhow::Result<()> {
    let manifest = AppManifest::new().commands(&["dispatch", "open_display", "show_display"]);
    tauri_build::try_build(Attributes::new().app_manifest(manifest))
}
