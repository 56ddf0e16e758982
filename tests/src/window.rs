//! The real window, driven as a person drives it: keys, clicks, and reading what is there.
//!
//! Elements are named by `data-testid`. Waiting is done inside the page, by an observer of the document: no sleeps,
//! no asking again. Each call has a time limit, so that a hanging window fails its test instead of the whole run.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use pos_testkit::process::program;
use serde_json::{Value, json};
use thirtyfour::common::capabilities::desiredcapabilities::Capabilities;
use thirtyfour::error::WebDriverError;
use thirtyfour::{By, Key, WebDriver, WebElement};

use crate::display::{Display, Size};
use crate::driver::Driver;

/// How long something on the page may take to appear. Far above what any machine needs: it only ends a failing test.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one call to the driver may take.
const CALL: Duration = Duration::from_secs(60);

/// Stops of the focus that no screen of ours has.
const MOST_STOPS: usize = 120;

/// Resolves as soon as CONDITION, of the document or of the window's size, holds in the page. The condition stands in the script itself: the page's content
/// security policy forbids to make code out of text.
const WAIT_SCRIPT: &str = r#"
    const [answer] = arguments;
    const holds = () => (CONDITION);
    const watcher = new MutationObserver(() => look());
    const look = () => {
        if (!holds()) return;
        watcher.disconnect();
        removeEventListener('resize', look);
        document.removeEventListener('load', look, true);
        answer(true);
    };
    addEventListener('resize', look);
    // A picture that has arrived changes no element.
    document.addEventListener('load', look, true);
    watcher.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    look();
"#;

/// Resolves when every motion has come to rest, and two animation frames later: the first may still show what was
/// there before. What turns for ever is not waited for.
const SETTLE_SCRIPT: &str = r#"
    const [answer] = arguments;
    const ends = (motion) => Number.isFinite(motion.effect?.getComputedTiming().endTime);
    const rest = document.getAnimations().filter(ends).map((motion) => motion.finished);
    Promise.allSettled(rest).then(() => requestAnimationFrame(() => requestAnimationFrame(() => answer(true))));
"#;

/// A window of the till, open on a data folder.
#[derive(Debug)]
pub struct Window {
    web: WebDriver,
    driver: Driver,
}

impl Window {
    /// Opens the window on `data`, as `comptoir-desktop --data DIR` does.
    pub async fn open(display: &Display, data: &Path) -> Result<Self> {
        Self::open_program(display, &program("comptoir-desktop")?, data).await
    }

    /// Opens the window by another program that starts `comptoir-desktop` with the arguments that it gets.
    pub async fn open_program(display: &Display, program: &Path, data: &Path) -> Result<Self> {
        let driver = Driver::start(display.name(), "C.UTF-8")?;
        let mut capabilities = Capabilities::new();
        capabilities
            .set("webkitgtk:browserOptions", json!({ "binary": program, "args": ["--data", data] }))?;
        // The driver's client speaks plain HTTP, but is built with the TLS of the programs beside it, which asks for this.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let web = WebDriver::builder(driver.url(), capabilities)
            .request_timeout(CALL)
            .connect()
            .await
            .context("the window does not open")?;
        let window = Self { web, driver };
        window.web.set_script_timeout(PATIENCE).await?;
        window.wait("document.readyState === 'complete'").await?;
        Ok(window)
    }

    /// Waits until a JavaScript condition holds in the page.
    pub async fn wait(&self, condition: &str) -> Result<()> {
        match self.web.execute_async(WAIT_SCRIPT.replace("CONDITION", condition), vec![]).await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(error).with_context(|| format!("this never came true in the window: {condition}"))
            }
        }
    }

    /// Waits until an element is there and visible.
    pub async fn wait_for(&self, test_id: &str) -> Result<()> {
        self.wait(&format!("[...{}].some((e) => e.checkVisibility())", all(test_id))).await
    }

    /// Waits until no such element is visible.
    pub async fn wait_gone(&self, test_id: &str) -> Result<()> {
        self.wait(&format!("![...{}].some((e) => e.checkVisibility())", all(test_id))).await
    }

    /// Waits until there are exactly `count` such elements.
    pub async fn wait_count(&self, test_id: &str, count: usize) -> Result<()> {
        self.wait(&format!("{}.length === {count}", all(test_id))).await
    }

    /// Waits until an element's text contains `part`.
    pub async fn wait_text(&self, test_id: &str, part: &str) -> Result<()> {
        let part = json!(part);
        self.wait(&format!("[...{}].some((e) => e.textContent.includes({part}))", all(test_id))).await
    }

    /// Waits until an element's attribute has this value.
    pub async fn wait_attribute(&self, test_id: &str, attribute: &str, value: &str) -> Result<()> {
        let (attribute, value) = (json!(attribute), json!(value));
        self.wait(&format!("[...{}].some((e) => e.getAttribute({attribute}) === {value})", all(test_id)))
            .await
    }

    /// Clicks an element as soon as it is there and can be used.
    pub async fn click(&self, test_id: &str) -> Result<()> {
        self.click_where(test_id, "").await
    }

    /// Clicks the element that also matches a CSS condition, such as `[data-choice="keep_mine"]`.
    pub async fn click_where(&self, test_id: &str, condition: &str) -> Result<()> {
        let css = format!("[data-testid=\"{test_id}\"]{condition}");
        let usable = format!(
            "(() => {{ const e = document.querySelector({}); return e && e.checkVisibility() && !e.disabled; }})()",
            json!(css)
        );
        self.wait(&usable).await?;
        let element = self.web.find(By::Css(css.as_str())).await?;
        element.click().await.with_context(|| format!("{css} cannot be clicked"))
    }

    /// Empties a field and types into it.
    pub async fn fill(&self, test_id: &str, text: &str) -> Result<()> {
        self.wait_for(test_id).await?;
        let field = self.element(test_id).await?;
        field.clear().await?;
        field.send_keys(text).await.with_context(|| format!("{test_id} takes no keys"))
    }

    /// Presses keys wherever the focus is, one after the other, as a keyboard or a scanner does.
    pub async fn press(&self, keys: &str) -> Result<()> {
        self.web
            .action_chain_with_delay(Some(Duration::ZERO), Some(Duration::ZERO))
            .send_keys(keys)
            .perform()
            .await?;
        Ok(())
    }

    /// Presses a key while Alt is held.
    pub async fn press_with_alt(&self, key: char) -> Result<()> {
        self.web
            .action_chain()
            .key_down(Key::Alt)
            .send_keys(key.to_string())
            .key_up(Key::Alt)
            .perform()
            .await?;
        Ok(())
    }

    /// Walks on with Tab until the focus is on an element, as somebody does who has no mouse.
    pub async fn tab_to(&self, test_id: &str) -> Result<()> {
        self.wait_for(test_id).await?;
        let here = format!("document.activeElement.closest({}) !== null", json!(css(test_id)));
        for _ in 0..MOST_STOPS {
            if self.evaluate(&here).await? == json!(true) {
                return Ok(());
            }
            self.press(&Key::Tab.value().to_string()).await?;
        }
        bail!("{test_id} is not reached by Tab")
    }

    /// Picks an option of a list, by its value.
    pub async fn pick(&self, list: &str, value: &str) -> Result<()> {
        let option = format!("{list} select option[value=\"{value}\"]");
        self.wait(&format!("document.querySelector({}) !== null", json!(option))).await?;
        let element = self.web.find(By::Css(option.as_str())).await?;
        element.click().await.with_context(|| format!("{option} cannot be picked"))
    }

    /// Scans a barcode: its characters, then Enter, faster than a hand types.
    pub async fn scan(&self, code: &str) -> Result<()> {
        self.press(&format!("{code}{}", Key::Enter.value())).await
    }

    /// The visible text of the first such element.
    pub async fn text(&self, test_id: &str) -> Result<String> {
        self.wait_for(test_id).await?;
        Ok(self.element(test_id).await?.text().await?)
    }

    /// An attribute of the first such element.
    pub async fn attribute(&self, test_id: &str, attribute: &str) -> Result<Option<String>> {
        self.wait_for(test_id).await?;
        Ok(self.element(test_id).await?.attr(attribute.to_owned()).await?)
    }

    /// How many such elements there are at this moment.
    pub async fn count(&self, test_id: &str) -> Result<usize> {
        Ok(self.web.find_all(By::Css(css(test_id).as_str())).await?.len())
    }

    /// The value of a JavaScript expression in the page.
    pub async fn evaluate(&self, expression: &str) -> Result<Value> {
        Ok(self.web.execute(format!("return ({expression});"), vec![]).await?.json().clone())
    }

    /// Calls a command of the program through the page's only door.
    pub async fn call(&self, name: &str, request: Value) -> Result<Value> {
        let script = r#"
            const [name, request, answer] = arguments;
            window.__TAURI_INTERNALS__.invoke('dispatch', { name, request }).then(
                (value) => answer({ value }), (error) => answer({ error }));
        "#;
        let answer = self.web.execute_async(script, vec![json!(name), request]).await?.json().clone();
        match answer.get("error") {
            Some(error) => bail!("{name} answers {error}"),
            None => Ok(answer.get("value").cloned().unwrap_or(Value::Null)),
        }
    }

    /// Runs a script in the page, which may say something by `arguments[0]`: what it says.
    pub async fn run(&self, script: &str) -> Result<Value> {
        Ok(self.web.execute_async(script, vec![]).await?.json().clone())
    }

    /// Lets somebody of this role sell from now on.
    pub async fn hire(&self, role: &str) -> Result<()> {
        let person = self.person(role).await?;
        self.call("cashier.switch", json!({ "cashier_id": person })).await.map(drop)
    }

    /// The id of the first person of this role.
    pub async fn person(&self, role: &str) -> Result<Value> {
        let state = self.call("app.state", json!({})).await?;
        let people = state.get("cashiers").and_then(Value::as_array).cloned().unwrap_or_default();
        let person = people.into_iter().find(|person| person.get("role") == Some(&json!(role)));
        person.and_then(|person| person.get("cashier_id").cloned()).with_context(|| format!("no {role}"))
    }

    /// Sells one piece of a product for exact cash, and is ready for the next customer.
    pub async fn sell(&self, barcode: &str) -> Result<()> {
        self.scan(barcode).await?;
        self.wait_count("cart-line", 1).await?;
        self.press(&Key::F9.value().to_string()).await?;
        self.wait_for("receipt-number").await?;
        self.click("new-sale").await?;
        self.wait_count("cart-line", 0).await
    }

    /// Looks from now on at the customer's screen, which has just been opened, and waits until it shows something.
    pub async fn to_display(&self) -> Result<()> {
        self.to_the_other("display").await
    }

    /// Looks from now on at the till again.
    pub async fn to_till(&self) -> Result<()> {
        self.to_the_other("nav-sell").await
    }

    async fn to_the_other(&self, shows: &str) -> Result<()> {
        let here = self.web.window().await?;
        let other = self.web.windows().await?.into_iter().find(|handle| *handle != here);
        self.web.switch_to_window(other.context("there is one window only")?).await?;
        self.wait_for(shows).await
    }

    /// Gives the window's inside another size.
    pub async fn resize(&self, size: Size) -> Result<()> {
        let Size { width, height } = size;
        self.web.set_window_rect(0, 0, width, height).await?;
        self.wait(&format!("innerWidth === {width} && innerHeight === {height}")).await
    }

    /// Lets the window come to rest, as a person sees it before the next key.
    pub async fn settle(&self) -> Result<()> {
        self.web.execute_async(SETTLE_SCRIPT, vec![]).await?;
        Ok(())
    }

    /// A picture of the window as it is now, PNG.
    pub async fn picture(&self) -> Result<Vec<u8>> {
        self.settle().await?;
        Ok(self.web.screenshot_as_png().await?)
    }

    /// Goes through the steps of a journey. When one fails, what the window shows then is kept, and where is said.
    pub async fn journey(&self, name: &str, steps: impl AsyncFnOnce(&Self) -> Result<()>) -> Result<()> {
        let Err(failure) = steps(self).await else { return Ok(()) };
        let evidence = match self.keep_evidence(name).await {
            Ok(evidence) => evidence,
            Err(error) => format!("the window shows nothing any more: {error:#}"),
        };
        Err(failure.context(format!("{name} failed\n{evidence}")))
    }

    /// Writes a picture and the page's source beside the built programs.
    async fn keep_evidence(&self, name: &str) -> Result<String> {
        let folder = program("comptoir-desktop")?.with_file_name("window-failures");
        std::fs::create_dir_all(&folder)?;
        let (picture, page) = (folder.join(format!("{name}.png")), folder.join(format!("{name}.html")));
        let source = self.web.source().await?;
        std::fs::write(&page, &source)?;
        std::fs::write(&picture, self.web.screenshot_as_png().await?)?;
        Ok(format!("picture: {}\npage: {}\n{source}", picture.display(), page.display()))
    }

    /// Closes the window as a system does that shuts down, and waits until the program has ended.
    pub async fn close(self) -> Result<()> {
        let Self { web, driver } = self;
        tokio::task::spawn_blocking(move || driver.close_window()).await??;
        // The session has ended with its window.
        let _already_gone = web.leak();
        Ok(())
    }

    /// Kills the window in the middle of whatever it does (kill -9).
    pub fn kill(mut self) -> Result<()> {
        self.driver.kill()?;
        // The session is gone with its driver: there is nothing left to end politely.
        let _already_gone = self.web.leak();
        Ok(())
    }

    async fn element(&self, test_id: &str) -> Result<WebElement, WebDriverError> {
        self.web.find(By::Css(css(test_id).as_str())).await
    }
}

fn css(test_id: &str) -> String {
    format!("[data-testid=\"{test_id}\"]")
}

fn all(test_id: &str) -> String {
    format!("document.querySelectorAll({})", json!(css(test_id)))
}
