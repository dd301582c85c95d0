//! The tables that promotions replaced and kept, as their records name them. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::record::PromotionRecord;
use super::witnesses::TableWitness;
use crate::promote::plan::{BackupFacts, BackupNames};
use crate::timestamp::Timestamp;

/// What was found of backups, by their names as SQL.
pub type BackupsFound = BTreeMap<String, BackupFacts>;

/// A backup that a record names.
#[derive(Debug, Clone, Copy)]
pub struct Backup<'a> {
    /// The folder of the record.
    pub folder: &'a Utf8Path,
    pub record: &'a PromotionRecord,
    pub witness: &'a TableWitness,
}

impl<'a> Backup<'a> {
    /// All that records name, in their order.
    pub fn all(records: &'a [(Utf8PathBuf, PromotionRecord)]) -> impl Iterator<Item = Self> {
        records.iter().flat_map(|(folder, record)| {
            record.witnesses.backups().map(move |witness| Self { folder, record, witness })
        })
    }

    /// Its names, if they are those that the promotion gave.
    #[must_use]
    pub fn names(&self) -> Option<BackupNames> {
        let dialect = self.record.dialect.as_deref()?.parse().ok()?;
        BackupNames::of(dialect, &self.witness.name, self.witness.replaced.as_ref()?, self.record.at)
    }
}

impl PromotionRecord {
    /// The time since the promotion. This machine's clock: the time of the promotion is its, too.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Duration {
        now.since(self.at).to_std().unwrap_or_default()
    }
}
