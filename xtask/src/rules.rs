//! The page about the rules of `check`, as the tool itself explains them.

use std::fs;

use anyhow::{Context, Result, bail};
use duct::cmd;

use crate::paths;

/// Writes the page, or only checks that it is up to date.
pub fn run(check: bool) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let page = cmd!(cargo, "run", "--quiet", "--bin", "snowplow-backfill", "--", "check", "--explain")
        .dir(paths::root())
        // `read` would remove the line break at the end.
        .stdout_capture()
        .run()
        .context("cannot get the page from the tool")?
        .stdout;
    let path = paths::root().join("src/check/README.md");
    if !check {
        return fs::write(&path, page).with_context(|| format!("cannot write {path}"));
    }
    if fs::read(&path).with_context(|| format!("cannot read {path}"))? != page {
        bail!("{path} is outdated: run `cargo xtask rules`");
    }
    Ok(())
}
