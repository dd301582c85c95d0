//! The record of a promotion, kept under dbt's target path for the audit trail and for the rollback.

use std::cmp::Reverse;
use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::witnesses::Witnesses;
use crate::promote::sql::{Script, Scripts};
use crate::timestamp::Timestamp;

const FILE: &str = "promotion.json";

/// How far a promotion got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Stage {
    /// Statements are being executed. A record that is found like this was killed, and may have done more
    /// than it says.
    Executing {
        /// Statements that are done.
        done: usize,
    },
    /// A statement failed.
    Failed {
        /// Its place, from 0.
        statement: usize,
        /// What the warehouse said.
        error: String,
        /// The warehouse did not refuse it: the connection was lost, or the user interrupted it.
        #[serde(default)]
        may_be_done: bool,
    },
    /// All of it is done.
    Promoted,
    /// It stopped, and prod holds nothing of it.
    Abandoned,
    /// The rollback's statements are being executed. A record that is found like this was killed.
    RollingBack {
        /// Statements that are done.
        done: usize,
        /// How far the promotion had got.
        before: Box<Stage>,
    },
    /// It was taken back.
    RolledBack,
}

/// One promotion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromotionRecord {
    /// The version of this file.
    pub schema: u32,
    /// What staging is called.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// When it was planned.
    pub at: Timestamp,
    /// The models.
    pub models: Vec<String>,
    /// Those of the models that prod had recorded before.
    #[serde(default)]
    pub recorded_before: Vec<String>,
    /// Those whose tables prod had before: they were compared, not copied.
    #[serde(default)]
    pub kept: Vec<String>,
    /// A digest of what was asked for, by which the same command finishes what was stopped.
    #[serde(default)]
    pub asked: String,
    /// The names of the locks of both sides.
    pub locks: Vec<String>,
    /// Whether it is one transaction: all of it happens, or nothing.
    pub is_one_unit: bool,
    /// How far it got.
    #[serde(flatten)]
    pub stage: Stage,
    /// The tables and rows that show what prod holds of it.
    #[serde(default)]
    pub witnesses: Witnesses,
    /// What prod's next run will be, with a line for each package.
    #[serde(default)]
    pub forecast: Vec<String>,
    /// The script of the promotion.
    pub promote: Script,
    /// The script that takes it back.
    pub rollback: Script,
    /// The queries that compare both sides.
    pub verify: Script,
}

impl PromotionRecord {
    /// Writes the record into a folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, folder: &Utf8Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self).context("cannot write JSON")?;
        // Whole or not at all: the rollback depends on it.
        let mut file =
            tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write to {folder}"))?;
        std::io::Write::write_all(&mut file, &text)
            .and_then(|()| file.persist(&path).map(drop).map_err(Into::into))
            .with_context(|| format!("cannot write {path}"))
    }

    /// Reads the record in a folder, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(folder: &Utf8Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        let record =
            serde_json::from_slice(&text).with_context(|| format!("{path} is not a promotion's record"))?;
        Ok(Some(record))
    }

    /// All promotions to a target and their folders, the last one first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn all(promotions: &Utf8Path, to: &str) -> Result<Vec<(Utf8PathBuf, Self)>> {
        let cannot_read = || format!("cannot read {promotions}");
        let folders = match promotions.read_dir_utf8() {
            Ok(folders) => folders,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(cannot_read),
        };
        let mut records = Vec::new();
        for folder in folders {
            let folder = folder.with_context(cannot_read)?.path().to_owned();
            if !folder.is_dir() {
                continue;
            }
            if let Some(record) = Self::read(&folder)?
                && record.to == to
            {
                records.push((folder, record));
            }
        }
        records.sort_by_key(|(_, record)| Reverse(record.at));
        Ok(records)
    }
}

/// Writes `promote.sql`, `rollback.sql` and `verify.sql`.
///
/// # Errors
/// The folder cannot be written.
pub fn write_files(folder: &Utf8Path, scripts: &Scripts) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
    for (name, script) in [
        ("promote.sql", &scripts.promote),
        ("rollback.sql", &scripts.rollback),
        ("verify.sql", &scripts.verify),
    ] {
        let path = folder.join(name);
        fs::write(&path, script.to_text()).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}
