//! A copy of the fixture project with its own DuckDB file, for the demo and the benchmarks.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::paths;
use crate::venv::DBT_NEW;

/// The project, and the tool that works on it.
#[derive(Debug, Clone)]
pub struct Lab {
    /// The dbt project.
    pub project: Utf8PathBuf,
    tool: Utf8PathBuf,
}

impl Lab {
    /// Makes a new copy and deletes the last one.
    pub fn create(name: &str) -> Result<Self> {
        DBT_NEW.ensure()?;
        let tool = build_tool()?;
        let project = paths::work().join(name);
        if project.exists() {
            fs::remove_dir_all(&project).with_context(|| format!("cannot remove {project}"))?;
        }
        let fixtures = paths::root().join("fixtures");
        copy(&fixtures.join("project"), &project)?;
        let packages = project.join("dbt_packages");
        fs::create_dir(&packages).with_context(|| format!("cannot create {packages}"))?;
        for package in ["event_generator", "snowplow_utils", "snowplow_shop", "snowplow_site"] {
            symlink(fixtures.join("packages").join(package), packages.join(package))
                .context("cannot link a package")?;
        }
        Ok(Self { project, tool })
    }

    /// Removes files and folders from the project.
    pub fn remove(&self, paths: &[&str]) -> Result<()> {
        for path in paths.iter().map(|path| self.project.join(path)) {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("cannot remove {path}"))?;
        }
        Ok(())
    }

    /// A command in the project, with dbt and the tool on its PATH.
    pub fn command(&self, program: &str) -> Command {
        let bin = DBT_NEW.program("");
        let path = std::env::var("PATH").unwrap_or_default();
        let tool = self.tool.parent().unwrap_or(Utf8Path::new("."));
        let mut command = Command::new(program);
        command
            .current_dir(&self.project)
            .env("PATH", format!("{tool}:{bin}:{path}"))
            .env("DO_NOT_TRACK", "1")
            .env_remove("SNOWPLOW_BACKFILL_DBT")
            .stdin(Stdio::null());
        command
    }

    /// The single value that a query returns, as text.
    pub fn value(&self, query: &str) -> Result<String> {
        let said = self.quietly(DBT_NEW.program("python").as_str(), &["-c", VALUE, query])?;
        Ok(said.trim().to_owned())
    }

    /// Runs a command and returns what it prints. Shows it only if the command fails.
    pub fn quietly(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self
            .command(program)
            .args(arguments)
            .output()
            .with_context(|| format!("cannot start {program}"))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!("{program} {} failed:\n{stdout}{stderr}", arguments.join(" "));
        }
        Ok(stdout)
    }
}

/// Prints the single value that a query returns.
const VALUE: &str =
    "import duckdb, sys; print(duckdb.connect('storefront.duckdb').execute(sys.argv[1]).fetchone()[0])";

/// Builds the tool with the release profile.
pub fn build_tool() -> Result<Utf8PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    duct::cmd!(cargo, "build", "--quiet", "--release", "--bin", "snowplow-backfill")
        .dir(paths::root())
        .run()
        .context("cannot build the tool")?;
    let target = paths::work().parent().map(Utf8Path::to_owned).context("no target folder")?;
    Ok(target.join("release/snowplow-backfill"))
}

/// Copies a project without the files that dbt makes.
fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {to}"))?;
    for entry in from.read_dir_utf8().with_context(|| format!("cannot read {from}"))? {
        let entry = entry?;
        let name = entry.file_name();
        if ["target", "logs", "dbt_packages", "package-lock.yml"].contains(&name) || name.ends_with(".duckdb")
        {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name)).with_context(|| format!("cannot copy {}", entry.path()))?;
        }
    }
    Ok(())
}
