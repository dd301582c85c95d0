//! The record of a promotion, kept under dbt's target path: for the audit trail, and for the rollback.

use std::cmp::Reverse;
use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::witnesses::Witnesses;
use crate::promote::sql::{Script, Scripts};
use crate::timestamp::Timestamp;

/// The name of a record's file.
const FILE: &str = "promotion.json";

/// How far a promotion got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Stage {
    /// Its statements are being executed. A record that is found in this stage was left by a process that was
    /// killed, which may have done more than it could write down.
    Executing {
        /// How many statements are done.
        done: usize,
    },
    Failed {
        statement: usize,
        error: String,
        /// The warehouse did not refuse it, so that it may have been executed: the connection was lost, or
        /// the user interrupted it.
        may_be_done: bool,
    },
    /// All statements are done.
    Promoted,
    /// It stopped, and prod holds nothing of it.
    Abandoned,
    /// The statements of its rollback are being executed, or that was killed.
    RollingBack {
        /// How many of them are done.
        done: usize,
        /// How far the promotion had got before.
        before: Box<Stage>,
    },
    /// It was taken back.
    RolledBack,
}

/// What is known of a promotion that was executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromotionRecord {
    /// The version of this file's format.
    pub schema: u32,
    /// What staging is called.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// The warehouse, as dbt calls its adapter; none in records of versions that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// When it was planned.
    pub at: Timestamp,
    /// The models that were promoted.
    pub models: Vec<String>,
    /// Those of them that prod recorded before.
    pub recorded_before: Vec<String>,
    /// Those of them whose tables prod had before: copies that were only compared.
    pub kept: Vec<String>,
    /// A digest of what was asked for. The same command can finish what was stopped.
    pub asked: String,
    /// The names of the locks of both sides.
    pub locks: Vec<String>,
    /// The promotion happens as a whole or not at all.
    pub is_one_unit: bool,
    /// How far it got. In the file, its fields stand beside the others.
    #[serde(flatten)]
    pub stage: Stage,
    /// Where prod shows what it holds of the promotion.
    pub witnesses: Witnesses,
    /// Prod's next run, one line for each package.
    pub forecast: Vec<String>,
    /// The script that was executed.
    pub promote: Script,
    /// The script that takes it back.
    pub rollback: Script,
    /// The queries that show whether both sides agree.
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
        // Whole or not at all, because the rollback depends on it.
        let mut file =
            tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write to {folder}"))?;
        std::io::Write::write_all(&mut file, &text)
            .and_then(|()| file.persist(&path).map(drop).map_err(Into::into))
            .with_context(|| format!("cannot write {path}"))
    }

    /// Reads the record in a folder; none where the folder holds none.
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
        let record = serde_json::from_slice(&text)
            .with_context(|| format!("{path} is not the record of a promotion"))?;
        Ok(Some(record))
    }

    /// All promotions to a target with their folders, the latest first.
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

/// Writes the three scripts into a folder.
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
