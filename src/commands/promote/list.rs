//! `--list`: the promotions that `--apply` executed, as their records have them, and what prod holds of their
//! backups.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use crate::cli::{OutputFormat, PromoteArgs};
use crate::commands::{open, waiting};
use crate::event::Event;
use crate::failure::Interrupted;
use crate::outcome::Outcome;
use crate::output::{say, stdout};
use crate::promote::{self, BackupDocument, BackupsFound, PromotionRecord, Stage};
use crate::timestamp::Timestamp;
use crate::workspace::OpenTarget;

#[derive(Serialize)]
struct Listed<'a> {
    planned_at: Timestamp,
    from: &'a str,
    to: &'a str,
    models: &'a [String],
    backups: Vec<&'a str>,
    backup_tables: Vec<BackupDocument<'a>>,
    #[serde(flatten)]
    stage: &'a Stage,
    record: &'a Utf8Path,
}

pub(super) fn list(args: &PromoteArgs) -> Result<Outcome> {
    let to = super::promoted_target(args)?;
    let project = open::project(&args.dbt)?;
    let target = project.on(Some(to))?;
    let records = PromotionRecord::all(&target.workspace.promotions(), to)?;
    let found = found(args, &target, &records)?;
    let (found, now) = (found.as_ref(), Timestamp::of_this_machine());
    if args.format.of_plan() == OutputFormat::Human {
        if records.is_empty() {
            say(&format!("no promotions to {to}\n"));
        }
        let text: String = records.iter().map(|(_, record)| promote::listed(record, found, now)).collect();
        stdout::write(text)?;
        return Ok(Outcome::Done);
    }
    let listed: Vec<_> = records
        .iter()
        .map(|(folder, record)| Listed {
            planned_at: record.at,
            from: &record.from,
            to: &record.to,
            models: &record.models,
            backups: record.witnesses.backups().map(|backup| backup.name.as_str()).collect(),
            backup_tables: promote::backup_documents(record, found, now),
            stage: &record.stage,
            record: folder,
        })
        .collect();
    stdout::write_json(&listed)?;
    Ok(Outcome::Done)
}

/// What prod holds of the backups; none, with a warning, where it cannot be asked: the records alone are worth
/// a list.
fn found(
    args: &PromoteArgs,
    target: &OpenTarget<'_>,
    records: &[(Utf8PathBuf, PromotionRecord)],
) -> Result<Option<BackupsFound>> {
    let mut listeners = waiting(args.verbose);
    match promote::find_backups(target, records, &mut |event| listeners.emit(event)) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            let message =
                format!("it is not known whether the backups still exist, and how large they are: {error:#}");
            listeners.emit(Event::Warning { message });
            Ok(None)
        }
    }
}
