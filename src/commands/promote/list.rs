//! `--list`: the promotions that `--apply` executed, as their records have them. dbt is not called.

use anyhow::Result;
use camino::Utf8Path;
use serde::Serialize;

use crate::cli::{OutputFormat, PromoteArgs};
use crate::commands::open;
use crate::outcome::Outcome;
use crate::output::{say, stdout};
use crate::promote::{self, PromotionRecord, Stage};
use crate::timestamp::Timestamp;

#[derive(Serialize)]
struct Listed<'a> {
    planned_at: Timestamp,
    from: &'a str,
    to: &'a str,
    models: &'a [String],
    backups: Vec<&'a str>,
    #[serde(flatten)]
    stage: &'a Stage,
    record: &'a Utf8Path,
}

pub(super) fn list(args: &PromoteArgs) -> Result<Outcome> {
    let to = super::promoted_target(args)?;
    let project = open::project(&args.dbt)?;
    let target = project.on(args.dbt.target.as_deref())?;
    let records = PromotionRecord::all(&target.workspace.promotions(), to)?;
    if args.format == OutputFormat::Human {
        if records.is_empty() {
            say(&format!("no promotions to {to}\n"));
        }
        let text: String = records.iter().map(|(_, record)| promote::listed(record)).collect();
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
            backups: record.witnesses.backups().collect(),
            stage: &record.stage,
            record: folder,
        })
        .collect();
    stdout::write_json(&listed)?;
    Ok(Outcome::Done)
}
