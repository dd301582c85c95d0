//! Licences, duplicates and sources of the dependencies: deny.toml says which are allowed.

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use duct::cmd;

use crate::paths;

/// The version that is used. Another one may judge differently.
const VERSION: &str = "0.20.2";

/// The checks that need no network. Advisories do: they are a database that changes every day.
const CHECKS: [&str; 3] = ["licenses", "bans", "sources"];

/// Checks the dependencies.
pub fn run() -> Result<()> {
    let arguments = ["--workspace", "check"].into_iter().chain(CHECKS);
    cmd(ensure()?.as_str(), arguments)
        .dir(paths::root())
        .run()
        .context("a dependency is not as deny.toml allows")?;
    Ok(())
}

/// The pinned cargo-deny: from the PATH if it has that version, else built under the target folder.
fn ensure() -> Result<Utf8PathBuf> {
    let root = paths::work().join("cargo-deny");
    let built = root.join("bin/cargo-deny");
    let known = [built.clone(), "cargo-deny".into()];
    if let Some(program) = known.into_iter().find(|program| is_pinned(program)) {
        return Ok(program);
    }
    eprintln!("installing cargo-deny {VERSION} (once; this takes some minutes)");
    cmd!(
        paths::cargo(),
        "install",
        "--quiet",
        "--debug",
        "--locked",
        "--root",
        &root,
        "--version",
        VERSION,
        "cargo-deny"
    )
    .dir(paths::root())
    .run()
    .context("cannot install cargo-deny")?;
    Ok(built)
}

fn is_pinned(program: &Utf8Path) -> bool {
    let version = cmd!(program.as_str(), "--version").stderr_null().read();
    version.is_ok_and(|version| version.trim() == format!("cargo-deny {VERSION}"))
}
