//! Where this tool keeps what it writes: under the project's target path, so that `dbt clean` takes it away.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::tidy;
use crate::timestamp::Timestamp;

/// The folders of one project and target.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: Utf8PathBuf,
    target: String,
    /// Names what belongs to one call of this tool.
    call: String,
    /// Keeps other calls from deleting the logs of this one.
    _in_use: Option<Arc<File>>,
}

impl Workspace {
    /// Makes sure that they can be written.
    ///
    /// # Errors
    /// They cannot.
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

    /// Deletes target paths of limits that have not been used for long. Only for who holds the lock.
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

    /// `--target-path` of `dbt run`: one a set of vars, so that going back to a limit finds a warm parse cache.
    #[must_use]
    pub fn run_target(&self, limit_days: u32, is_first: bool) -> Utf8PathBuf {
        let first = if is_first { "first-run-" } else { "" };
        self.of_target().join(format!("{first}limit-{limit_days}"))
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

    /// The generated project that executes a promotion.
    #[must_use]
    pub fn promotion_project(&self) -> Utf8PathBuf {
        self.of_target().join("promotion")
    }

    /// Records of promotions, a folder each.
    #[must_use]
    pub fn promotions(&self) -> Utf8PathBuf {
        self.root.join("promotions")
    }

    /// The record of this call's promotion.
    #[must_use]
    pub fn promotion(&self) -> Utf8PathBuf {
        self.promotions().join(&self.call)
    }

    /// dbt's logs of this call; a folder a run, so that no log is rotated away or mixed with another's.
    #[must_use]
    pub fn logs(&self, of: &str) -> Utf8PathBuf {
        self.root.join("logs").join(&self.call).join(of)
    }

    /// The journal of this call, where the user names none.
    #[must_use]
    pub fn journal(&self) -> Utf8PathBuf {
        self.root.join("journal").join(format!("{}.jsonl", self.call))
    }

    /// The lock of what a name stands for.
    #[must_use]
    pub fn lock(&self, name: &str) -> Utf8PathBuf {
        self.root.join("locks").join(format!("{}.lock", file_name(name)))
    }
}

/// A name that no other call has, even one of the same second: whoever makes the folder of its logs has it.
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

/// A name with everything but plain characters taken out, for a file.
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
