//! Runs all tests.

use std::sync::Arc;

use anyhow::{Context, Result};
use duct::cmd;

use crate::paths;
use crate::venv;

/// Sets up what the tests need, then runs them.
pub fn run(arguments: &[String]) -> Result<()> {
    venv::ensure_all(false)?;
    // What `nohup` or a script's `&` starts ignores SIGINT, and so do its children. Tests that interrupt the
    // tool would wait forever. A signal that has a handler here gets its default action in the children.
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default())
        .context("cannot handle SIGINT")?;
    let arguments = ["test", "--workspace"].into_iter().chain(arguments.iter().map(String::as_str));
    cmd(paths::cargo(), arguments).dir(paths::root()).run().context("tests failed")?;
    Ok(())
}
