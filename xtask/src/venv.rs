//! Virtual environments under the target folder. Every version in them is pinned.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use duct::cmd;

use crate::paths;

/// A pinned environment.
#[derive(Debug, Clone, Copy)]
pub struct Venv {
    /// `xtask/requirements/<name>.txt` lists its packages.
    pub name: &'static str,
}

/// The newest dbt that is tested, with DuckDB, Postgres and a Postgres server.
pub const DBT_NEW: Venv = Venv { name: "dbt-1.11" };

/// The oldest dbt that is supported.
pub const DBT_OLD: Venv = Venv { name: "dbt-1.7" };

/// Independent SQL parsers, and an engine that executes Spark's SQL.
pub const SQL: Venv = Venv { name: "sql" };

/// Tools that build the wheel and run pre-commit hooks.
pub const PACKAGING: Venv = Venv { name: "packaging" };

/// What `bench check` compares with. Only that benchmark creates it.
pub const BOUNCER: Venv = Venv { name: "bouncer" };

const ALL: [Venv; 4] = [DBT_NEW, DBT_OLD, SQL, PACKAGING];

/// Where to look for a Python that runs dbt 1.7 to 1.11.
const PYTHONS: [&str; 5] = ["python3", "python3.11", "python3.12", "python3.10", "python"];

impl Venv {
    pub fn directory(self) -> Utf8PathBuf {
        paths::work().join(self.name)
    }

    /// The path of a program in it.
    pub fn program(self, name: &str) -> Utf8PathBuf {
        self.directory().join("bin").join(name)
    }

    fn requirements(self) -> Utf8PathBuf {
        paths::root().join("xtask/requirements").join(format!("{}.txt", self.name))
    }

    /// Whether it is complete, with the versions that are pinned now.
    fn is_ready(self) -> bool {
        let wanted = fs::read(self.requirements());
        let present = fs::read(self.directory().join("installed.txt"));
        matches!((wanted, present), (Ok(wanted), Ok(present)) if wanted == present)
    }

    /// Whether it keeps the wheels of its packages. pip builds in an environment of its own, so the tests
    /// must install them there.
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

    /// Creates it, unless it is ready.
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

/// Creates all environments, or only checks that they are up to date.
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
