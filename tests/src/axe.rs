//! axe-core, which knows the rules of accessibility: names and roles, contrast, order, what a keyboard reaches.
//!
//! It comes with the page's packages and ships with nothing.

use std::path::Path;

use anyhow::{Context, Result};

use crate::window::Window;

/// Where the page's packages lie.
const FILE: &str = "../ui/node_modules/axe-core/axe.min.js";

/// What is serious or critical on the page as it is now, one line an element: the rule, the element, what is wrong.
const LOOK: &str = r#"
    const [answer] = arguments;
    axe.run(document, { runOnly: RULES, resultTypes: ['violations'] }).then(
        ({ violations }) => answer(violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))),
        (fault) => answer([`axe does not run: ${fault}`]));
"#;

/// Which rules are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Those of WCAG 2.2 at the levels A and AA, and what practice has added to them.
    All,
    /// Those that a theme can break.
    Colours,
}

impl Rules {
    const fn as_script(self) -> &'static str {
        match self {
            Self::All => "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']",
            Self::Colours => "{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }",
        }
    }
}

/// Brings axe into the page. Once is enough for as long as the window is open.
pub async fn bring(window: &Window) -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let source = std::fs::read_to_string(&file).context("axe-core is missing: npm ci in ui brings it")?;
    window.run(&format!("{source}\n;arguments[0](typeof axe);")).await.map(drop)
}

/// Everything serious or critical on the page as it is now.
pub async fn complaints(window: &Window, rules: Rules) -> Result<Vec<String>> {
    window.settle().await?;
    let said = window.run(&LOOK.replace("RULES", rules.as_script())).await?;
    let lines = said.as_array().context("a list of complaints")?;
    Ok(lines.iter().map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned)).collect())
}
