//! What is kept of the last good run for the next call: that it was good, which the warehouse does not say.
//!
//! Nothing is lost without it, because the incremental manifest says where to continue. It only keeps the
//! next call from repeating a run that moved nothing.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::snowplow::{Progress, Window};
use crate::timestamp::Timestamp;

/// What the next call needs to know of a good run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodRun {
    /// The limit of the run.
    pub limit_days: u32,
    /// The packages that it touched.
    pub packages: Vec<GoodPackageRun>,
}

/// A package's part of a good run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodPackageRun {
    pub package: String,
    /// The window that the package itself recorded.
    pub window: Window,
    /// The frontier after the run.
    pub frontier: Option<Timestamp>,
    /// What the run achieved.
    pub progress: Progress,
}

#[derive(Serialize, Deserialize)]
struct LastRun {
    /// `--vars` of the run. They hold the models, the limit, the start date, and the user's own vars.
    vars: String,
    run: GoodRun,
}

/// Reads it; none if the run had other vars than those that `vars` returns for its limit.
pub fn read(path: &Utf8Path, vars: impl FnOnce(u32) -> Option<String>) -> Option<GoodRun> {
    let last: LastRun = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (vars(last.run.limit_days)? == last.vars).then_some(last.run)
}

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Utf8Path, vars: String, run: &GoodRun) -> Result<()> {
    let text = serde_json::to_string(&LastRun { vars, run: run.clone() }).context("cannot write JSON")?;
    fs::write(path, text).with_context(|| format!("cannot write {path}"))
}

/// Deletes it.
///
/// # Errors
/// It cannot be deleted.
pub fn forget(path: &Utf8Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {path}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_with_the_same_vars_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8").join("last-run.json");
        let at = |text: &str| text.parse().expect("a timestamp");
        let window = Window { lower: at("2020-01-01"), upper: at("2020-01-31 00:00:00.000001") };
        let package =
            GoodPackageRun { package: "p".to_owned(), window, frontier: None, progress: Progress::Stalled };
        let run = GoodRun { limit_days: 30, packages: vec![package] };
        let vars = |limit_days: u32| Some(format!("{{limit: {limit_days}}}"));

        assert_eq!(read(&path, vars), None);
        write(&path, "{limit: 30}".to_owned(), &run).expect("written");
        assert_eq!(read(&path, vars), Some(run.clone()));
        assert_eq!(read(&path, |_| Some("{limit: 30, other: 1}".to_owned())), None);
        forget(&path).expect("deleted");
        assert_eq!(read(&path, vars), None);
        forget(&path).expect("nothing to delete");
        fs::write(&path, "{").expect("written");
        assert_eq!(read(&path, vars), None);
    }
}
