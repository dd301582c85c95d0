//! `check` on a large manifest.
use anyhow::Result;

use super::manifest;
use crate::paths;

/// Runs the benchmark.
pub fn run() -> Result<()> {
    let path = paths::work().join("bench-check.json");
    manifest::write(&path)?;
    println!("{} {}", path, std::fs::metadata(&path)?.len());
    Ok(())
}
