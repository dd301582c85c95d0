//! The golden SQL under `fixtures/promote`.

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;

/// Writes the files, or only checks that they are up to date.
pub fn run(check: bool) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let test = cmd!(cargo, "test", "--quiet", "--test", "golden").dir(paths::root());
    if check {
        test.run().context("the golden SQL is outdated: run `cargo xtask fixtures`")?;
    } else {
        test.env("UPDATE_FIXTURES", "1").run().context("cannot write the golden SQL")?;
    }
    Ok(())
}
