//! The list of promotions, with the backups that they left. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::output::{count, size, thousands};
use crate::promote::apply::{BackupsFound, Known, PromotionRecord, Stage, TableWitness};
use crate::promote::plan::BackupFacts;
use crate::timestamp::Timestamp;

/// A promotion in a list of them. `found` is none where the warehouse could not be asked.
#[must_use]
pub fn listed(record: &PromotionRecord, found: Option<&BackupsFound>, now: Timestamp) -> String {
    let state = match &record.stage {
        Stage::Executing { .. } => "stopped".to_owned(),
        Stage::Failed { statement, .. } => format!("failed at statement {}", statement + 1),
        Stage::Promoted => "promoted".to_owned(),
        Stage::Abandoned => "left nothing".to_owned(),
        Stage::RollingBack { .. } => "rollback stopped".to_owned(),
        Stage::RolledBack => "taken back".to_owned(),
    };
    let mut text = format!("{} UTC  {state}: {}\n", record.at.to_the_second(), record.models.join(", "));
    for backup in record.witnesses.backups() {
        let _ = write!(text, "  backup {}  ", backup.name);
        let facts = found.and_then(|found| found.get(&backup.name));
        let _ = match facts {
            Some(facts) if !facts.exists() => writeln!(text, "{}", gone(record, backup)),
            Some(other @ BackupFacts { kind: Some(kind), .. }) if !other.is_table() => {
                writeln!(text, "gone: a {kind} has its name now")
            }
            Some(facts) => {
                let users = facts.dependents.as_deref().unwrap_or_default();
                let users =
                    if users.is_empty() { String::new() } else { format!("; used by {}", users.join(", ")) };
                writeln!(text, "{}{users}", measured(record.age(now), facts))
            }
            None => writeln!(text, "{}", measured(record.age(now), &BackupFacts::default())),
        };
    }
    text
}

/// What became of a backup that is not there.
fn gone(record: &PromotionRecord, backup: &TableWitness) -> String {
    match (backup.dropped_at, &record.stage) {
        (Some(at), _) => format!("gone: dropped by --drop-backups at {} UTC", at.to_the_second()),
        (None, Stage::RolledBack) if record.is_transaction() => "gone: put back by the rollback".to_owned(),
        (None, Stage::Abandoned | Stage::Failed { .. }) if record.known() == Known::Nothing => {
            "never made".to_owned()
        }
        (None, _) if record.known() == Known::Open => "not there".to_owned(),
        (None, _) => "gone: dropped outside this tool".to_owned(),
    }
}

/// The age of a backup and, as far as that is known, its size.
pub(super) fn measured(age: Duration, facts: &BackupFacts) -> String {
    let mut text = age_text(age);
    if let Some(bytes) = facts.bytes {
        let _ = write!(text, ", {}", size(bytes));
    }
    if let Some(rows) = facts.rows {
        let _ = write!(text, ", about {} row{}", thousands(rows), if rows == 1 { "" } else { "s" });
    }
    text
}

const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];

/// About `3 days old`: in the largest unit of which there are at least two.
fn age_text(age: Duration) -> String {
    let seconds = age.as_secs();
    let unit = UNITS.into_iter().find(|(length, _)| seconds >= 2 * length);
    let (length, unit) = unit.unwrap_or((1, "second"));
    count(seconds / length, unit) + " old"
}

/// Exactly `36 hours`: in the largest unit that it is a multiple of.
pub(super) fn exact_text(time: Duration) -> String {
    let seconds = time.as_secs();
    let unit = UNITS.into_iter().find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    let (length, unit) = unit.unwrap_or((1, "second"));
    count(seconds / length, unit)
}

/// A backup in the list for programs.
#[derive(Debug, Serialize)]
pub struct BackupDocument<'a> {
    model: &'a str,
    name: &'a str,
    /// None where the warehouse could not be asked.
    exists: Option<bool>,
    bytes: Option<u64>,
    rows: Option<u64>,
    age_seconds: u64,
    dependents: Option<&'a [String]>,
    dropped_at: Option<Timestamp>,
}

/// The backups of a promotion.
#[must_use]
pub fn backup_documents<'a>(
    record: &'a PromotionRecord,
    found: Option<&'a BackupsFound>,
    now: Timestamp,
) -> Vec<BackupDocument<'a>> {
    let document = |backup: &'a TableWitness| {
        let facts = found.and_then(|found| found.get(&backup.name));
        BackupDocument {
            model: &backup.model,
            name: &backup.name,
            exists: facts.map(BackupFacts::is_table),
            bytes: facts.and_then(|facts| facts.bytes),
            rows: facts.and_then(|facts| facts.rows),
            age_seconds: record.age(now).as_secs(),
            dependents: facts.and_then(|facts| facts.dependents.as_deref()),
            dropped_at: backup.dropped_at,
        }
    };
    record.witnesses.backups().map(document).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_read_well() {
        let ages = [0, 90, 7_200, 172_799, 172_800, 86_400 * 40];
        let expected =
            ["0 seconds old", "90 seconds old", "2 hours old", "47 hours old", "2 days old", "40 days old"];
        assert_eq!(ages.map(|seconds| age_text(Duration::from_secs(seconds))), expected);
        let exact = [0, 90, 3_600, 129_600, 86_400, 604_800].map(Duration::from_secs);
        let expected = ["0 seconds", "90 seconds", "1 hour", "36 hours", "1 day", "7 days"];
        assert_eq!(exact.map(exact_text), expected);
    }
}
