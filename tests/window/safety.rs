//! What must not be lost, and who must not come in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use comptoir_tests::display::{Display, Size};
use comptoir_tests::window::Window;
use pos_testkit::process::program;
use pos_testkit::register::Register;
use tempfile::TempDir;

use comptoir_tests::stage::{OIL, SUGAR, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_brings_the_cart_back() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_power_cut_brings_the_cart_back", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.scan(OIL.barcode).await?;
            window.wait_count("cart-line", 2).await
        })
        .await?;
    window.kill()?;
    let window = stage.open().await?;
    window
        .journey("a_power_cut_brings_the_cart_back", async |window| {
            window.wait_count("cart-line", 2).await?;
            window.wait_attribute("cart-total", "data-minor", &(SUGAR.price + OIL.price).to_string()).await
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_window_on_the_same_folder_says_so_and_writes_nothing() -> Result<()> {
    let stage = Stage::set().await?;
    let first = stage.open().await?;
    let display = Display::start(Size::TILL)?;
    let starter = Starter::new()?;
    let second = Window::open_program(&display, starter.path(), stage.register.data()).await?;
    second
        .journey("a_second_window_on_the_same_folder", async |second| {
            second.wait_for("message").await?;
            let said = second.text("message").await?;
            for part in ["err_app_data_in_use", "err_app_data_in_use_do"] {
                let words = french(part)?;
                ensure!(said.contains(&words), "a person is told what is the matter: {words:?} in {said:?}");
            }
            let refused = second.call("cart.scan", serde_json::json!({ "code": SUGAR.barcode })).await;
            let words = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
            ensure!(words.contains("app.data_in_use"), "every call of the second window is refused: {words}");
            Ok(())
        })
        .await?;
    second.close().await?;
    ensure!(
        starter.exit_code().await? == 4,
        "whoever started the second one learns that its folder could not be opened"
    );
    first
        .journey("the_first_window_goes_on", async |first| {
            first.scan(SUGAR.barcode).await?;
            first.wait_count("cart-line", 1).await
        })
        .await?;
    first.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_offers_to_begin() -> Result<()> {
    let display = Display::start(Size::TILL)?;
    let register = Register::new()?;
    let window = Window::open(&display, register.data()).await?;
    window
        .journey("an_empty_folder_offers_to_begin", async |window| {
            window.wait_for("first-run-demo").await?;
            window.click("first-run-demo").await?;
            window.wait_for("scan-input").await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await
        })
        .await?;
    window.close().await
}

/// What the page says in French under a name.
fn french(name: &str) -> Result<String> {
    let words: serde_json::Value = serde_json::from_str(include_str!("../../ui/src/i18n/fr.json"))?;
    words
        .get(name)
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("the page has no words {name}"))
}

/// Pause between two looks at a file that another program writes.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longest that a window may take to leave.
const AT_MOST: Duration = Duration::from_secs(30);

/// Starts the window and writes down with which code it ended: the driver, which starts it otherwise, does not tell.
struct Starter {
    folder: TempDir,
    script: PathBuf,
}

impl Starter {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("start");
        let (window, code) = (program("comptoir-desktop")?, folder.path().join("code"));
        // In a session of its own: the driver kills what it started as soon as the window has left, and the code must
        // be written all the same.
        let text = format!(
            "#!/bin/sh\nsetsid sh -c '\"$0\" \"$@\"; echo $? > \"{}\"' '{}' \"$@\" &\nwait\n",
            code.display(),
            window.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(Self { folder, script })
    }

    fn path(&self) -> &Path {
        &self.script
    }

    /// The code of a window that has ended. The script writes it a moment after.
    async fn exit_code(&self) -> Result<i32> {
        let file = self.folder.path().join("code");
        let written = async {
            loop {
                match fs::read_to_string(&file) {
                    Ok(text) if text.ends_with('\n') => return Ok(text.trim().parse()?),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error).context("the code of the window"),
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(AT_MOST, written).await.context("the second window left no code")?
    }
}
