//! `plan`: what `run` would do, and what it would refuse.

use anyhow::Result;
use serde::Serialize;

use super::{open, quiet, usage};
use crate::backfill::{Backfill, NextRuns};
use crate::cli::{OutputFormat, PlanArgs};
use crate::event::{PackageState, Start};
use crate::outcome::Outcome;
use crate::output::{self, Paint, stdout};
use crate::timestamp::Timestamp;

/// `--format json`.
#[derive(Serialize)]
struct PlanDocument<'a> {
    #[serde(flatten)]
    start: &'a Start,
    now: Timestamp,
    states: &'a [PackageState],
}

pub(super) fn run(args: &PlanArgs) -> Result<Outcome> {
    usage::check(&args.windows, &args.first_run, &args.dbt)?;
    let project = open::project(&args.dbt)?;
    let target = project.on(args.dbt.target.as_deref())?;
    let mut listeners = quiet(args.verbose);
    let emit = &mut |event| listeners.emit(event);

    let request = open::request(&args.selection, &args.windows, &args.first_run);
    let backfill = Backfill::open(&target, &request, emit)?;
    backfill.warn_of_unmatched(emit);
    let start = backfill.start(None);
    let NextRuns { observation, states, preflight } = backfill.forecast(emit)?;
    match args.format {
        OutputFormat::Human => stdout::write(output::plan(&start, &states, Paint::for_stdout()))?,
        OutputFormat::Json => {
            stdout::write_json(&PlanDocument { start: &start, now: observation.now, states: &states })?;
        }
    }
    preflight?;
    Ok(Outcome::Done)
}
