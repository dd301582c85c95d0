//! Virtual environments under the target folder, with pinned versions.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use duct::cmd;

use crate::paths;

/// An environment whose packages are pinned.
#[derive(Debug, Clone, Copy)]
pub struct Venv {
    /// Its packages are in `xtask/requirements/<name>.txt`.
    pub name: &'static str,
}

/// The newest dbt that is tested, with its adapters for DuckDB and Postgres: most tests, the demo and the
/// benchmarks call it.
pub const DBT_NEW: Venv = Venv { name: "dbt-1.12" };

/// The dbt before it, with the same adapters, and the Postgres server that the tests start.
pub const DBT_PREVIOUS: Venv = Venv { name: "dbt-1.11" };

/// The oldest dbt that is supported.
pub const DBT_OLD: Venv = Venv { name: "dbt-1.7" };

/// Independent parsers for SQL, and an engine that executes Spark's.
pub const SQL: Venv = Venv { name: "sql" };

/// dbt's adapters for warehouses that cannot be had here, and an imitation of Snowflake.
pub const ADAPTERS: Venv = Venv { name: "adapters" };

/// What builds the wheel and runs the hooks.
pub const PACKAGING: Venv = Venv { name: "packaging" };

/// What `bench check` measures against. Only that chore creates it.
pub const BOUNCER: Venv = Venv { name: "bouncer" };

const ALL: [Venv; 6] = [DBT_NEW, DBT_PREVIOUS, DBT_OLD, SQL, ADAPTERS, PACKAGING];

/// dbt 1.7 to 1.12 run on Python 3.10 to 3.12.
const PYTHONS: [&str; 5] = ["python3", "python3.11", "python3.12", "python3.10", "python"];

impl Venv {
    /// Its folder.
    pub fn directory(self) -> Utf8PathBuf {
        paths::work().join(self.name)
    }

    /// A program that is installed in it.
    pub fn program(self, name: &str) -> Utf8PathBuf {
        self.directory().join("bin").join(name)
    }

    fn requirements(self) -> Utf8PathBuf {
        paths::root().join("xtask/requirements").join(format!("{}.txt", self.name))
    }

    /// Whether it exists, is complete, and has the current pins.
    fn is_ready(self) -> bool {
        let wanted = fs::read(self.requirements());
        let present = fs::read(self.directory().join("installed.txt"));
        matches!((wanted, present), (Ok(wanted), Ok(present)) if wanted == present)
    }

    /// Whether its wheels are kept: pip builds in environments of its own and installs these packages there.
    fn keeps_wheels(self) -> bool {
        self.name == PACKAGING.name
    }

    fn download_wheels(self) -> Result<()> {
        let requirements = self.requirements();
        cmd!(
            self.program("python").as_str(),
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--dest",
            self.directory().join("wheels"),
            "--requirement",
            &requirements
        )
        .run()
        .with_context(|| format!("cannot download {requirements}"))?;
        Ok(())
    }

    /// Creates the environment, unless it is ready.
    pub fn ensure(self) -> Result<()> {
        if self.is_ready() {
            return Ok(());
        }
        let directory = self.directory();
        eprintln!("creating the environment {} (once)", self.name);
        if directory.exists() {
            fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {directory}"))?;
        }
        cmd!(python()?, "-m", "venv", &directory).run().context("cannot create a virtual environment")?;
        let requirements = self.requirements();
        cmd!(
            self.program("python").as_str(),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            // The pins name all that is needed. What they leave out, pip shall not install.
            "--no-deps",
            "--requirement",
            &requirements
        )
        .run()
        .with_context(|| format!("cannot install {requirements}"))?;
        if self.keeps_wheels() {
            self.download_wheels()?;
        }
        fs::copy(&requirements, directory.join("installed.txt")).context("cannot mark the environment")?;
        Ok(())
    }
}

/// Creates all environments, or only checks them.
pub fn ensure_all(check: bool) -> Result<()> {
    for venv in ALL {
        if !check {
            venv.ensure()?;
        } else if !venv.is_ready() {
            bail!("the environment {} is missing or outdated: run `cargo xtask venv`", venv.name);
        }
    }
    Ok(())
}

/// A Python that the pinned versions support.
fn python() -> Result<String> {
    let given = std::env::var("PYTHON").ok();
    let candidates = given.iter().map(String::as_str).chain(PYTHONS);
    for python in candidates {
        let version = cmd!(python, "-c", "import sys; print(*sys.version_info[:2], sep='.')")
            .stderr_null()
            .unchecked()
            .read()
            .unwrap_or_default();
        if ["3.10", "3.11", "3.12"].contains(&version.trim()) {
            return Ok(python.to_owned());
        }
    }
    bail!("no Python 3.10, 3.11 or 3.12 found (tried {}): install one, or set PYTHON", PYTHONS.join(", "))
}
