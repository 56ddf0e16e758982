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
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, { runOnly: rules, resultTypes: ['violations'] }).then(
        ({ violations }) => answer(violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))),
        (fault) => answer([`axe does not run: ${fault}`]));
"#;

/// Brings axe into the page. Once is enough for as long as the window is open.
pub async fn bring(window: &Window) -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let source = std::fs::read_to_string(&file).context("axe-core is missing: npm ci in ui brings it")?;
    window.run(&format!("{source}\n;arguments[0](typeof axe);")).await.map(drop)
}

/// Everything serious or critical on the page as it is now.
pub async fn complaints(window: &Window) -> Result<Vec<String>> {
    window.settle().await?;
    let said = window.run(LOOK).await?;
    let lines = said.as_array().context("a list of complaints")?;
    Ok(lines.iter().map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned)).collect())
}
