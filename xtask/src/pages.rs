//! The generated parts of the reference pages.

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;

/// Writes these parts, or compares them with what would be written.
pub fn run(check: bool) -> Result<()> {
    let test = cmd!(paths::cargo(), "test", "--quiet", "--test", "pages").dir(paths::root());
    let test = if check { test } else { test.env("UPDATE_PAGES", "1") };
    test.run().context("the pages are not as they should be")?;
    Ok(())
}
