//! Every screen can be used by touch, by screen reader and on a small screen, in both themes.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use comptoir_tests::axe::{self, Rules};
use comptoir_tests::display::{Display, Size};
use comptoir_tests::stage::{SUGAR, Stage};
use comptoir_tests::trouble;
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use serde_json::{Value, json};
use thirtyfour::Key;

/// The smallest window that the program allows.
const SMALLEST: Size = Size { width: 1024, height: 700 };

/// Both themes, with the rules that are looked at in each.
const THEMES: [(&str, Rules); 2] = [("light", Rules::All), ("dark", Rules::Colours)];

/// Lists what can be pressed or filled but is too small for a finger, or has no name for a screen reader.
const OBSTACLES: &str = r#"
    [...document.querySelectorAll('button, a[href], input, select, textarea, [role="button"], [role="tab"], [role="radio"]')]
        .filter((e) => e.checkVisibility() && !e.closest('[inert], [aria-hidden="true"]') && e.type !== 'hidden')
        .flatMap((e) => {
            const box = (e.closest('label') ?? e).getBoundingClientRect();
            const named = [e.ariaLabel, e.title, e.textContent, ...[...(e.labels ?? [])].map((l) => l.textContent)];
            const referred = (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
            const name = [...named, ...referred.map((r) => r?.textContent)].find((text) => text?.trim());
            const what = e.dataset.testid ?? name ?? e.outerHTML.slice(0, 120);
            return [
                ...(box.width < 44 || box.height < 44 ? [`${what}: ${box.width} x ${box.height} px`] : []),
                ...(name ? [] : [`${what}: no name`]),
            ];
        })
"#;

/// How far the page sticks out of the window to the right.
const OVERFLOW: &str = "document.documentElement.scrollWidth - innerWidth";

/// What keeps people from using the screens, gathered over all of them, so that one run shows everything.
struct Findings {
    theme: &'static str,
    rules: Rules,
    /// What is wrong, and on which screen it was first seen: many screens share the same parts.
    found: BTreeMap<String, String>,
}

impl Findings {
    fn new() -> Self {
        Self { theme: "", rules: Rules::All, found: BTreeMap::new() }
    }

    /// Changes the theme of the window. The second one has the same elements in other colours.
    async fn dress(&mut self, window: &Window, (theme, rules): (&'static str, Rules)) -> Result<()> {
        let state = window.call("app.state", json!({})).await?;
        let mut settings = state.get("device").cloned().context("a state has the register's settings")?;
        settings.as_object_mut().context("settings are an object")?.insert("theme".into(), json!(theme));
        window.call("device.set", json!({ "settings": settings })).await?;
        (self.theme, self.rules) = (theme, rules);
        window.wait(&format!("document.documentElement.dataset.theme === '{theme}'")).await
    }

    async fn look_around(&mut self, window: &Window, screen: &str) -> Result<()> {
        window.settle().await?;
        let obstacles = window.evaluate(OBSTACLES).await?;
        let obstacles = obstacles.as_array().cloned().unwrap_or_default();
        let mut found: Vec<String> = obstacles.iter().map(Value::to_string).collect();
        let overflow = window.evaluate(OVERFLOW).await?;
        if overflow != json!(0) {
            found.push(format!("{overflow} px too wide for the smallest window"));
        }
        found.extend(axe::complaints(window, self.rules).await?);
        for what in found {
            self.found.entry(what).or_insert_with(|| format!("{screen}, {}", self.theme));
        }
        Ok(())
    }

    fn nothing(self) -> Result<()> {
        let found: Vec<String> =
            self.found.iter().map(|(what, screen)| format!("{screen}: {what}")).collect();
        ensure!(found.is_empty(), "not everybody can use:\n{}", found.join("\n"));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_for_fingers_screen_readers_and_small_screens_in_both_themes() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    let window = stage.open().await?;
    window
        .journey("every_screen_is_for_everyone", async |window| {
            window.hire("owner").await?;
            window.resize(SMALLEST).await?;
            trouble::gather(&mut stage, &other, window).await?;
            trouble::disagree(&mut stage, &other, window).await?;
            axe::bring(window).await?;
            let mut findings = Findings::new();
            for theme in THEMES {
                findings.dress(window, theme).await?;
                the_counter(window, &mut findings).await?;
                the_goods(window, &mut findings).await?;
                the_customers(window, &mut findings).await?;
                the_drawer(window, &mut findings).await?;
                the_sync(window, &mut findings).await?;
                the_conflicts(window, &mut findings).await?;
                the_settings(window, &mut findings).await?;
            }
            the_people(window, &mut findings).await?;
            findings.nothing()
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_screens_are_for_everyone_in_both_themes() -> Result<()> {
    let display = Display::start(Size::TILL)?;
    let register = Register::new()?;
    let window = Window::open(&display, register.data()).await?;
    window
        .journey("the_first_screens_are_for_everyone", async |window| {
            window.wait_for("first-run-demo").await?;
            axe::bring(window).await?;
            let mut findings = Findings::new();
            for theme in THEMES {
                findings.dress(window, theme).await?;
                findings.look_around(window, "first run").await?;
            }
            findings.nothing()
        })
        .await?;
    window.close().await
}

async fn the_counter(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-sell").await?;
    window.scan(SUGAR.barcode).await?;
    window.wait_count("cart-line", 1).await?;
    findings.look_around(window, "selling").await?;
    for (key, screen) in
        [(Key::F1, "help"), (Key::F6, "customers"), (Key::F7, "discount"), (Key::F8, "paying")]
    {
        press(window, key).await?;
        look_into_dialog(window, findings, screen).await?;
    }
    for (button, screen) in [
        ("line-quantity", "quantity"),
        ("line-price", "another price"),
        ("cart-discount", "a discount on the cart"),
        ("cart-note", "a note"),
        ("open-sales", "sales"),
    ] {
        window.click(button).await?;
        look_into_dialog(window, findings, screen).await?;
    }
    window.click("open-sales").await?;
    window.click("sale-row").await?;
    window.wait_for("receipt-number").await?;
    findings.look_around(window, "a sale of before").await?;
    window.click("open-refund").await?;
    window.wait_for("refund-line").await?;
    window.click("refund-more").await?;
    window.wait("document.querySelector('[data-testid=\"refund-confirm\"]')?.disabled === false").await?;
    look_into_dialog(window, findings, "goods that come back").await?;
    press(window, Key::F3).await?;
    window.wait_count("cart-line", 0).await?;
    findings.look_around(window, "an empty cart").await?;
    press(window, Key::F4).await?;
    window.wait_for("held-cart").await?;
    findings.look_around(window, "carts on hold").await?;
    window.click("held-cart").await?;
    window.wait_count("cart-line", 1).await?;
    press(window, Key::F9).await?;
    window.wait_for("receipt-number").await?;
    findings.look_around(window, "receipt").await?;
    window.click("new-sale").await
}

async fn the_customers(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-customers").await?;
    window.wait_for("customer-row").await?;
    findings.look_around(window, "customers").await?;
    window.click("customers-debts").await?;
    findings.look_around(window, "debtors").await?;
    window.click("customers-all").await?;
    window.click("customer-row").await?;
    window.wait_for("customer-page").await?;
    findings.look_around(window, "one customer").await?;
    for (button, screen) in [
        ("customer-edit", "editing a customer"),
        ("customer-new", "a new customer"),
        ("debt-pay-page", "a payment on account"),
    ] {
        window.click(button).await?;
        look_into_dialog(window, findings, screen).await?;
    }
    Ok(())
}

async fn the_drawer(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-cash").await?;
    window.wait_for("cash-expected").await?;
    findings.look_around(window, "the drawer").await?;
    for (button, screen) in [
        ("report-x", "an X report"),
        ("cash-move", "cash in and out"),
        ("shift-open", "opening the drawer"),
        ("shift-close", "closing the drawer"),
    ] {
        window.click(button).await?;
        look_into_dialog(window, findings, screen).await?;
    }
    window.click("shift-close").await?;
    window.click("count-piles").await?;
    look_into_dialog(window, findings, "counting by notes and coins").await
}

async fn the_goods(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-products").await?;
    window.wait_for("product-row").await?;
    findings.look_around(window, "products").await?;
    for (button, screen) in
        [("product-row", "one product"), ("categories-open", "categories"), ("import-open", "import")]
    {
        window.click(button).await?;
        look_into_dialog(window, findings, screen).await?;
    }
    window.click("categories-open").await?;
    window.click("category-edit").await?;
    look_into_dialog(window, findings, "one category").await
}

async fn the_sync(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-sync").await?;
    for (side, name) in [(1, "health"), (2, "history"), (3, "data")] {
        window.click_where("sync-side", &format!(" label:nth-of-type({side})")).await?;
        findings.look_around(window, &format!("sync, {name}")).await?;
    }
    window.click_where("sync-side", " label:nth-of-type(1)").await?;
    for (button, condition, screen) in [
        ("queue-inspect", "[data-kind=\"sale.complete\"]", "a sale that waits for a person"),
        ("queue-inspect", "[data-kind=\"entity.update\"]", "an edit that waits for a person"),
        ("queue-export", "", "export"),
        ("alerts-edit", "", "thresholds"),
        ("sync-dry-run", "", "dry run"),
    ] {
        window.click_where(button, condition).await?;
        look_into_dialog(window, findings, screen).await?;
    }
    Ok(())
}

async fn the_conflicts(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-conflicts").await?;
    window.wait_for("conflict-row").await?;
    findings.look_around(window, "conflicts").await?;
    window.click("conflict-row").await?;
    window.wait_for("conflict-choice").await?;
    findings.look_around(window, "one conflict").await?;
    window.click_where("conflict-choice", "[data-choice=\"merge\"]").await?;
    findings.look_around(window, "a merge").await
}

async fn the_settings(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-settings").await?;
    for section in ["screen", "shop", "selling", "conflicts", "printer", "server", "people", "roles", "audit"]
    {
        window.click(&format!("settings-{section}")).await?;
        findings.look_around(window, &format!("settings, {section}")).await?;
    }
    Ok(())
}

/// The screens of PINs, last: with PINs the till asks for them.
async fn the_people(window: &Window, findings: &mut Findings) -> Result<()> {
    window.click("nav-settings").await?;
    window.click("settings-people").await?;
    window.wait_for("people-pin").await?;
    window.click("people-pin").await?;
    look_into_dialog(window, findings, "a new PIN").await?;
    let state = window.call("app.state", json!({})).await?;
    let people = state.get("cashiers").and_then(Value::as_array).context("people")?;
    for person in people {
        let cashier_id = person.get("cashier_id").context("an id")?;
        window.call("people.set_pin", json!({ "cashier_id": cashier_id, "pin": "9040" })).await?;
    }
    for theme in THEMES {
        findings.dress(window, theme).await?;
        window.click("nav-cashier").await?;
        look_into_dialog(window, findings, "handing the till over").await?;
        window.call("session.lock", json!({})).await?;
        window.wait_for("login-person").await?;
        findings.look_around(window, "the locked till").await?;
        window.click_where("login-person", "[data-role=\"owner\"]").await?;
        window.wait_for("pin-dots").await?;
        findings.look_around(window, "a PIN").await?;
        window.press("9040").await?;
        press(window, Key::Enter).await?;
        window.wait_for("nav-cashier").await?;
    }
    Ok(())
}

/// Looks around in the dialog that has opened, and leaves it.
async fn look_into_dialog(window: &Window, findings: &mut Findings, screen: &str) -> Result<()> {
    window.wait("document.querySelector('[role=\"dialog\"]') !== null").await?;
    findings.look_around(window, screen).await?;
    press(window, Key::Escape).await?;
    window.wait("document.querySelector('[role=\"dialog\"]') === null").await
}

async fn press(window: &Window, key: Key) -> Result<()> {
    window.press(&key.value().to_string()).await
}
