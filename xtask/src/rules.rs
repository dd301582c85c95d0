//! The page of check's rules, from what the tool itself says of them.

use std::fs;

use anyhow::{Context, Result, bail};
use duct::cmd;

use crate::paths;

/// Writes the page, or only looks whether it is of today.
pub fn run(check: bool) -> Result<()> {
    let page =
        cmd!(paths::cargo(), "run", "--quiet", "--bin", "snowplow-backfill", "--", "check", "--explain")
            .dir(paths::root())
            // `read` would take the line break at the end away.
            .stdout_capture()
            .run()
            .context("the tool does not explain its rules")?
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
