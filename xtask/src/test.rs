//! All tests.

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;
use crate::venv;

/// Sets up what the tests need, then runs them.
pub fn run(arguments: &[String]) -> Result<()> {
    venv::ensure_all(false)?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let arguments = ["test", "--workspace"].into_iter().chain(arguments.iter().map(String::as_str));
    cmd(cargo, arguments).dir(paths::root()).run().context("tests failed")?;
    Ok(())
}
