//! What was executed, kept under dbt's target path: for the audit trail, and for the rollback.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::compose::Scripts;
use super::script::Script;
use crate::timestamp::Timestamp;

/// The file of a record.
const FILE: &str = "promotion.json";

/// How far a promotion got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Progress {
    /// Statements are being executed. Found like this, it was killed.
    Executing {
        /// Statements that are done.
        done: usize,
    },
    /// A statement failed.
    Failed {
        /// Its place.
        statement: usize,
        /// What the warehouse said.
        error: String,
    },
    /// All of it is done.
    Promoted,
    /// It was taken back.
    RolledBack,
}

/// One promotion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The version of this file.
    pub schema: u32,
    /// What staging is called.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// When it began.
    pub at: Timestamp,
    /// The models.
    pub models: Vec<String>,
    /// A lock's name on each side.
    pub locks: Vec<String>,
    /// All of it happened, or nothing.
    pub is_one_unit: bool,
    /// How far it got.
    #[serde(flatten)]
    pub progress: Progress,
    /// What was executed.
    pub promote: Script,
    /// What takes it back.
    pub rollback: Script,
    /// What shows whether both sides agree.
    pub verify: Script,
}

impl Record {
    /// Writes the scripts and the record into a folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, folder: &Utf8Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self).context("cannot write JSON")?;
        // Whole or not at all: the rollback hangs on it.
        let mut file =
            tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write to {folder}"))?;
        std::io::Write::write_all(&mut file, &text)
            .and_then(|()| file.persist(&path).map(drop).map_err(Into::into))
            .with_context(|| format!("cannot write {path}"))
    }

    /// The last promotion to a target that can be taken back, and its folder.
    ///
    /// # Errors
    /// There is none.
    pub fn last(promotions: &Utf8Path, to: &str) -> Result<(Utf8PathBuf, Self)> {
        let mut folders: Vec<_> = promotions
            .read_dir_utf8()
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().to_owned()))
            .collect();
        folders.sort();
        for folder in folders.into_iter().rev() {
            let Ok(text) = fs::read(folder.join(FILE)) else { continue };
            let record: Self = serde_json::from_slice(&text)
                .with_context(|| format!("{} is not a promotion's record", folder.join(FILE)))?;
            let is_void = match record.progress {
                Progress::RolledBack => true,
                Progress::Failed { statement, .. } => record.promote.goes_on_from(statement) == 0,
                Progress::Promoted | Progress::Executing { .. } => false,
            };
            if record.to == to && !is_void {
                return Ok((folder, record));
            }
        }
        bail!(
            "no promotion to {to} to take back: none was executed with --apply from this project ({promotions} holds them)"
        )
    }
}

/// Writes the three files.
///
/// # Errors
/// The folder cannot be written.
pub fn write_files(folder: &Utf8Path, scripts: &Scripts) -> Result<()> {
    let cannot_write = || format!("cannot write to --out-dir {folder}");
    fs::create_dir_all(folder).with_context(cannot_write)?;
    for (name, script) in [
        ("promote.sql", &scripts.promote),
        ("rollback.sql", &scripts.rollback),
        ("verify.sql", &scripts.verify),
    ] {
        fs::write(folder.join(name), script.to_text()).with_context(cannot_write)?;
    }
    Ok(())
}
