//! Runs all tests.

use std::sync::Arc;

use anyhow::{Context, Result};
use camino::Utf8Path;
use duct::cmd;

use crate::paths;
use crate::venv;

/// The variable that says where a dbt 2 is.
const DBT_2: &str = "SNOWPLOW_BACKFILL_TEST_DBT2";

/// Asks a dbt 2 for the points that matter, then runs the tests that need a real one.
pub fn run_with_dbt_2(arguments: &[String]) -> Result<()> {
    let program = std::env::var(DBT_2).ok().filter(|path| Utf8Path::new(path).is_file());
    let program = program.with_context(|| format!("set {DBT_2} to the path of a dbt 2"))?;
    venv::ensure_all(false)?;
    let probe = paths::root().join("fixtures/dbt-2/probe.sh");
    cmd!("bash", probe.as_str(), &program).run().context("the probe failed")?;
    let filter = ["test", "--test", "cli", "dbt_2::real", "--", "--ignored"];
    let arguments = filter.into_iter().chain(arguments.iter().map(String::as_str));
    cmd(paths::cargo(), arguments).dir(paths::root()).run().context("tests failed")?;
    Ok(())
}

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
