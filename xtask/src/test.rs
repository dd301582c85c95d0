//! Runs all tests.

use std::sync::Arc;

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;
use crate::venv;

/// Sets up what the tests need, then runs them.
pub fn run(arguments: &[String]) -> Result<()> {
    venv::ensure_all(false)?;
    // A process that `nohup` or a script's `&` starts ignores SIGINT, and so do its children: tests that
    // interrupt the tool would wait for ever. With a handler here, children get the default action again.
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default())
        .context("cannot handle SIGINT")?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let arguments = ["test", "--workspace"].into_iter().chain(arguments.iter().map(String::as_str));
    cmd(cargo, arguments).dir(paths::root()).run().context("tests failed")?;
    Ok(())
}
