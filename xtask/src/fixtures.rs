//! The golden SQL under `fixtures/promote`.

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;

/// Writes the SQL, or compares it with what would be written.
pub fn run(check: bool) -> Result<()> {
    let test = cmd!(paths::cargo(), "test", "--quiet", "--test", "golden").dir(paths::root());
    let test = if check { test } else { test.env("UPDATE_FIXTURES", "1") };
    test.run().context("the golden SQL is not as it should be")?;
    Ok(())
}
