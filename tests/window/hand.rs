//! A person at the till who has a keyboard, or a touch screen, and nothing else.
//!
//! A journey is told once in what it does; here stands how each thing is done with one or the other. A keyboard has the
//! keys of the keymap, Tab, arrows and Enter. A touch screen has buttons, the keypads of the dialogs, and the keyboard
//! that the system shows for a field that was touched. Neither has the other's: what cannot be reached fails its test.

use anyhow::{Context, Result, bail, ensure};
use comptoir_tests::window::Window;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::goods::Goods;

/// PIN of each role in these tests.
const PINS: [(&str, &str); 3] = [("owner", "9040"), ("manager", "7315"), ("cashier", "4682")];
/// Notes and coins of the country, the largest first.
const NOTES: [i64; 6] = [20_000, 10_000, 5_000, 2_000, 1_000, 500];
/// Counts what is pressed, by whatever. A key that presses a button is one step.
const COUNT_STEPS: &str = r#"
    (() => {
        if (window.steps === undefined) {
            addEventListener('keydown', () => { window.steps += 1; }, true);
            addEventListener('pointerdown', () => { window.steps += 1; }, true);
        }
        window.steps = 0;
    })()
"#;
/// Nothing is asked any more.
const NO_DIALOG: &str = "document.querySelector('[role=\"dialog\"]') === null";
/// Stops of the focus that no screen of ours has.
const MOST_STOPS: usize = 150;

/// With what somebody works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// Keys alone.
    Keyboard,
    /// Fingers alone.
    Touch,
}

/// A room of the window.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Room {
    Sell,
    Customers,
    Cash,
    Settings,
}

impl Room {
    /// The digit that goes there with Alt, and the entry of the rail.
    const fn ways(self) -> (char, &'static str) {
        match self {
            Self::Sell => ('1', "nav-sell"),
            Self::Customers => ('6', "nav-customers"),
            Self::Cash => ('7', "nav-cash"),
            Self::Settings => ('5', "nav-settings"),
        }
    }
}

/// What a person does at the window with one kind of input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hand<'w> {
    pub(crate) window: &'w Window,
    pub(crate) input: Input,
}

impl Hand<'_> {
    /// Goes to a room.
    pub(crate) async fn go(&self, room: Room) -> Result<()> {
        let (digit, entry) = room.ways();
        match self.input {
            Input::Keyboard => self.window.press_with_alt(digit).await,
            Input::Touch => self.tap(entry, "").await,
        }
    }

    /// Presses a button.
    pub(crate) async fn press(&self, button: &str) -> Result<()> {
        self.press_where(button, "").await
    }

    /// Presses the button that also matches a CSS condition.
    pub(crate) async fn press_where(&self, button: &str, condition: &str) -> Result<()> {
        match self.input {
            Input::Keyboard => {
                self.walk_to(button, condition).await?;
                self.key(Key::Enter).await
            }
            Input::Touch => self.tap(button, condition).await,
        }
    }

    /// Presses once more what was just pressed, at once: what asks for a second press asks for seconds only.
    pub(crate) async fn again(&self, button: &str) -> Result<()> {
        match self.input {
            Input::Keyboard => self.key(Key::Enter).await,
            Input::Touch => self.window.click(button).await,
        }
    }

    /// Does what has a key and a button.
    pub(crate) async fn key_or(&self, key: Key, button: &str) -> Result<()> {
        match self.input {
            Input::Keyboard => self.key(key).await,
            Input::Touch => self.tap(button, "").await,
        }
    }

    /// Ends a form in whose field the focus is.
    pub(crate) async fn submit(&self, button: &str) -> Result<()> {
        self.key_or(Key::Enter, button).await
    }

    /// Picks one of several that stand side by side.
    pub(crate) async fn choose(&self, option: &str) -> Result<()> {
        match self.input {
            Input::Keyboard => self.walk_to(option, "").await,
            Input::Touch => self.tap(option, "").await,
        }
    }

    /// Picks an option of a list that folds out, by its value.
    pub(crate) async fn pick(&self, list: &str, value: &str) -> Result<()> {
        let option = format!("[data-testid=\"{list}\"] select option[value=\"{value}\"]");
        match self.input {
            Input::Keyboard => {
                self.walk_to(list, "").await?;
                let label = format!("document.querySelector({}).label", json!(option));
                let label = self.window.evaluate(&label).await?;
                // Two letters find an option, and are no scan.
                let start: String =
                    label.as_str().context("an option has a label")?.chars().take(2).collect();
                self.window.press(&start).await
            }
            Input::Touch => self.window.pick(&format!("[data-testid=\"{list}\"]"), value).await,
        }
    }

    /// Writes into a field of a form.
    pub(crate) async fn write(&self, field: &str, text: &str) -> Result<()> {
        match self.input {
            Input::Keyboard => {
                self.walk_to(field, "").await?;
                // The driver types as fast as a scanner. After End the Enter that follows ends no scan.
                self.window.press(&format!("{text}{}", Key::End.value())).await
            }
            Input::Touch => self.window.fill(field, text).await,
        }
    }

    /// Enters an amount or a quantity: with the keys, or with the keypad of its dialog.
    pub(crate) async fn enter(&self, field: &str, text: &str) -> Result<()> {
        match self.input {
            Input::Keyboard => {
                self.walk_to(field, "").await?;
                self.window.press(text).await
            }
            Input::Touch => {
                for key in text.chars() {
                    self.tap("keypad-key", &format!("[data-key=\"{key}\"]")).await?;
                }
                Ok(())
            }
        }
    }

    /// Counts cash by notes and coins, the largest first.
    pub(crate) async fn count(&self, mut cash: i64) -> Result<()> {
        self.choose("count-piles").await?;
        for value in NOTES {
            let pieces = cash / value;
            cash %= value;
            if pieces > 0 {
                self.write(&format!("count-{value}"), &pieces.to_string()).await?;
            }
        }
        ensure!(cash == 0, "{cash} is left that no note counts");
        Ok(())
    }

    /// Leaves the dialog in front.
    pub(crate) async fn leave(&self) -> Result<()> {
        self.key_or(Key::Escape, "dialog-close").await?;
        self.window.wait(NO_DIALOG).await
    }

    /// Puts one piece into the cart, and waits until it stands there: the scanner reads it, or a finger touches its tile.
    pub(crate) async fn take(&self, goods: Goods) -> Result<()> {
        match self.input {
            Input::Keyboard => self.window.scan(goods.barcode).await?,
            Input::Touch => {
                self.tap("product-tile", &format!("[data-code=\"{}\"]", goods.code)).await?;
            }
        }
        self.window.wait_attribute("cart-line", "data-code", goods.code).await
    }

    /// Makes it so many pieces of the line that was put into the cart last.
    pub(crate) async fn more(&self, pieces: u32) -> Result<()> {
        for counted in 2..=pieces {
            match self.input {
                Input::Keyboard => self.window.press("+").await?,
                Input::Touch => self.tap("line-more", "").await?,
            }
            let line = format!("[data-testid=\"cart-line\"][aria-pressed=\"true\"][data-qty=\"{counted}\"]");
            self.window.wait(&format!("document.querySelector({}) !== null", json!(line))).await?;
        }
        Ok(())
    }

    /// Counts keys and taps from now on.
    pub(crate) async fn count_steps(&self) -> Result<()> {
        self.window.evaluate(COUNT_STEPS).await.map(drop)
    }

    /// How many keys and taps there were.
    pub(crate) async fn steps(&self) -> Result<u64> {
        self.window.evaluate("window.steps").await?.as_u64().context("steps are counted")
    }

    /// Types a PIN.
    pub(crate) async fn pin(&self, role: &str) -> Result<()> {
        let pin = pin_of(role)?;
        self.window.wait_for("pin-dots").await?;
        match self.input {
            Input::Keyboard => self.window.press(pin).await?,
            Input::Touch => {
                for digit in pin.chars() {
                    self.tap("pin-digit", &format!("[data-digit=\"{digit}\"]")).await?;
                }
            }
        }
        self.submit("login-submit").await
    }

    /// Signs in at a locked till.
    pub(crate) async fn sign_in(&self, role: &str) -> Result<()> {
        self.window.wait_for("login-screen").await?;
        self.press_where("login-person", &format!("[data-role=\"{role}\"]")).await?;
        self.pin(role).await?;
        self.window.wait_gone("login-screen").await
    }

    /// Hands the till over to somebody else.
    pub(crate) async fn hand_over(&self, role: &str) -> Result<()> {
        self.press("nav-cashier").await?;
        self.press_where("person", &format!("[data-role=\"{role}\"]")).await?;
        self.pin(role).await?;
        self.window.wait(NO_DIALOG).await
    }

    /// The manager comes and says yes to what the register asks.
    pub(crate) async fn approve(&self) -> Result<()> {
        self.window.wait_for("approval-dialog").await?;
        self.press_where("approval-person", "[data-role=\"manager\"]").await?;
        self.pin("manager").await?;
        self.window.wait_gone("approval-dialog").await
    }

    /// Presses one key.
    pub(crate) async fn key(&self, key: Key) -> Result<()> {
        self.window.press(&key.value().to_string()).await
    }

    /// Touches a button; what has been scrolled away is scrolled back first.
    async fn tap(&self, test_id: &str, condition: &str) -> Result<()> {
        let css = json!(format!("[data-testid=\"{test_id}\"]{condition}"));
        self.window.wait(&format!("document.querySelector({css})?.checkVisibility() === true")).await?;
        let nearest = "{ block: 'nearest', inline: 'nearest', behavior: 'instant' }";
        self.window.evaluate(&format!("document.querySelector({css}).scrollIntoView({nearest})")).await?;
        // What moves under a finger is touched when it has come to rest.
        self.window.settle().await?;
        self.window.click_where(test_id, condition).await
    }

    /// Walks on with Tab until the focus is there; among choices that stand side by side, with the arrow.
    async fn walk_to(&self, test_id: &str, condition: &str) -> Result<()> {
        let css = json!(format!("[data-testid=\"{test_id}\"]{condition}"));
        let usable = format!(
            "(() => {{ const e = document.querySelector({css}); return e && e.checkVisibility() && !e.disabled; }})()"
        );
        self.window.wait(&usable).await?;
        let place = format!(
            "(() => {{
                const [wanted, here] = [document.querySelector({css}), document.activeElement];
                if (here?.closest({css}) || (wanted?.contains(here) && here !== document.body)) return 'here';
                const beside = here?.type === 'radio' && here.closest('fieldset')?.contains(wanted);
                if (!beside) return 'elsewhere';
                return wanted.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING ? 'left' : 'right';
            }})()"
        );
        for _ in 0..MOST_STOPS {
            let next = match self.window.evaluate(&place).await?.as_str() {
                Some("here") => return Ok(()),
                Some("left") => Key::Left,
                Some("right") => Key::Right,
                _ => Key::Tab,
            };
            self.key(next).await?;
        }
        bail!("{css} is not reached by the keyboard")
    }
}

/// Gives everybody a PIN, sets what a shop sets, and locks the till: a day begins.
pub(crate) async fn prepare(window: &Window, settings: &[(&str, Value)]) -> Result<()> {
    window.hire("owner").await?;
    for (key, value) in settings {
        window.call("setting.set", json!({ "key": key, "value": value })).await?;
    }
    let state = window.call("app.state", json!({})).await?;
    let people = state.get("cashiers").and_then(Value::as_array).context("people")?;
    for (role, pin) in PINS {
        let person = people.iter().find(|person| person.get("role") == Some(&json!(role)));
        let cashier_id =
            person.and_then(|person| person.get("cashier_id")).with_context(|| format!("no {role}"))?;
        window.call("people.set_pin", json!({ "cashier_id": cashier_id, "pin": pin })).await?;
    }
    window.call("session.lock", json!({})).await?;
    window.wait_for("login-screen").await
}

/// The PIN of a role.
pub(crate) fn pin_of(role: &str) -> Result<&'static str> {
    let found = PINS.into_iter().find(|(of, _)| *of == role);
    found.map(|(_, pin)| pin).with_context(|| format!("no {role}"))
}

/// What `data-minor`, or another attribute that holds an amount, says.
pub(crate) async fn minor(window: &Window, test_id: &str, attribute: &str) -> Result<i64> {
    let text = window.attribute(test_id, attribute).await?;
    let text = text.with_context(|| format!("{test_id} has {attribute}"))?;
    text.parse().with_context(|| format!("{test_id}: {text} is no amount"))
}

/// Fails unless what is shown is what was reckoned by hand.
pub(crate) async fn shows(
    window: &Window,
    test_id: &str,
    attribute: &str,
    wanted: i64,
    why: &str,
) -> Result<()> {
    let found = minor(window, test_id, attribute).await?;
    ensure!(found == wanted, "{why}: {test_id} says {found}, not {wanted}");
    Ok(())
}
