//! All tests.

use std::sync::Arc;

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;
use crate::venv;

/// Sets up what the tests need, then runs them.
pub fn run(arguments: &[String]) -> Result<()> {
    venv::ensure_all(false)?;
    // Started by `nohup`, or by a script's `&`, all would inherit that SIGINT is ignored, and tests that interrupt the tool
    // would wait for ever. What has a handler here is back to normal in what is started from here.
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default())
        .context("cannot handle SIGINT")?;
    let arguments = ["test", "--workspace"].into_iter().chain(arguments.iter().map(String::as_str));
    cmd(paths::cargo(), arguments).dir(paths::root()).run().context("tests failed")?;
    Ok(())
}
