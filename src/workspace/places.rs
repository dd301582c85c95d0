//! Where this tool keeps its files: under the project's target path, so that `dbt clean` deletes them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::tidy;
use crate::timestamp::Timestamp;

/// Whether a run also does what only the first run of a backfill is asked for, such as `--full-refresh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    First,
    /// It only builds the selection.
    Regular,
}

/// The folders of one project and target.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: Utf8PathBuf,
    target: String,
    /// The name of everything that belongs to one call of this tool.
    call: String,
    /// Keeps other calls from deleting the logs of this one.
    _in_use: Option<Arc<File>>,
}

impl Workspace {
    /// Creates the folders, and makes sure that they can be written.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn create(target_path: &Utf8Path, target: Option<&str>) -> Result<Self> {
        let root = target_path.join("snowplow-backfill");
        let target = file_name(target.unwrap_or("default-target"));
        let folder = root.join(&target);
        let cannot_write = || format!("cannot write to {folder}, which is under dbt's target path");
        fs::create_dir_all(&folder)
            .and_then(|()| tempfile::tempfile_in(&folder).map(drop))
            .with_context(cannot_write)?;
        let logs = root.join("logs");
        let call = new_call(&logs, &target).with_context(cannot_write)?;
        let in_use = tidy::mark(&logs.join(&call)).map(Arc::new);
        tidy::old_calls(&logs);
        Ok(Self { root, target, call, _in_use: in_use })
    }

    /// Deletes the target paths of limits that have not been used recently. The caller holds the lock.
    pub fn forget_old_limits(&self) {
        tidy::old_limits(&self.of_target());
    }

    fn of_target(&self) -> Utf8PathBuf {
        self.root.join(&self.target)
    }

    /// `--target-path` of `dbt ls`.
    #[must_use]
    pub fn list_target(&self) -> Utf8PathBuf {
        self.of_target().join("ls")
    }

    /// `--target-path` of `dbt parse`.
    #[must_use]
    pub fn parse_target(&self) -> Utf8PathBuf {
        self.of_target().join("parse")
    }

    /// `--target-path` of `dbt run`. Each set of vars has its own, so that going back to a limit finds a warm
    /// parse cache.
    #[must_use]
    pub fn run_target(&self, limit_days: u32, round: Round) -> Utf8PathBuf {
        let prefix = match round {
            Round::First => "first-run-",
            Round::Regular => "",
        };
        self.of_target().join(format!("{prefix}limit-{limit_days}"))
    }

    /// What is kept of the last good run of some packages.
    #[must_use]
    pub fn last_run(&self, packages: &str) -> Utf8PathBuf {
        self.of_target().join(format!("last-run-{}.json", file_name(packages)))
    }

    /// The generated project that reads tables.
    #[must_use]
    pub fn query_project(&self) -> Utf8PathBuf {
        self.of_target().join("query")
    }

    /// The generated project that renders the vars of a dbt package.
    #[must_use]
    pub fn vars_project(&self, package: &str) -> Utf8PathBuf {
        self.of_target().join(format!("vars-{}", file_name(package)))
    }

    /// The generated project that executes a promotion.
    #[must_use]
    pub fn promotion_project(&self) -> Utf8PathBuf {
        self.of_target().join("promotion")
    }

    /// The records of promotions, each in its own folder.
    #[must_use]
    pub fn promotions(&self) -> Utf8PathBuf {
        self.root.join("promotions")
    }

    /// The record of this call's promotion.
    #[must_use]
    pub fn promotion(&self) -> Utf8PathBuf {
        self.promotions().join(&self.call)
    }

    /// dbt's logs of this call. Each run has its own folder, so that no log is rotated away or mixed with
    /// another.
    #[must_use]
    pub fn logs(&self, of: &str) -> Utf8PathBuf {
        self.root.join("logs").join(&self.call).join(of)
    }

    /// The journal of this call, unless the user names another.
    #[must_use]
    pub fn journal(&self) -> Utf8PathBuf {
        self.root.join("journal").join(format!("{}.jsonl", self.call))
    }

    /// The lock with this name.
    #[must_use]
    pub fn lock(&self, name: &str) -> Utf8PathBuf {
        self.root.join("locks").join(format!("{}.lock", file_name(name)))
    }
}

/// A name that no other call has, even one in the same second: the call that creates the folder of its logs
/// has the name.
fn new_call(logs: &Utf8Path, target: &str) -> std::io::Result<String> {
    fs::create_dir_all(logs)?;
    let started = Timestamp::of_this_machine().to_file_name();
    for number in 1.. {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let call = format!("{started}-{target}{suffix}");
        match fs::create_dir(logs.join(&call)) {
            Ok(()) => return Ok(call),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("a number is free")
}

/// A name for a file: only plain characters are kept.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().filter(|c| !"\"`'".contains(*c)).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        for (name, expected) in
            [(r#""db"."my schema"."t""#, "db.my_schema.t"), ("`p`.`d`.`t`", "p.d.t"), ("../x", ".._x")]
        {
            assert_eq!(file_name(name), expected);
        }
    }

    #[test]
    fn a_target_path_that_cannot_be_written_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = Utf8Path::from_path(file.path()).expect("UTF-8");
        let error = Workspace::create(path, None).expect_err("a file is no folder").to_string();
        assert!(error.contains("cannot write to") && error.contains(path.as_str()), "{error}");
    }
}
