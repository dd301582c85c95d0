//! `plan`: what `run` would do, and what it would refuse.

use anyhow::Result;
use serde::Serialize;

use super::{open, usage, waiting};
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
    /// The flags that stop it before it is up to date.
    stops: Vec<String>,
}

pub(super) fn run(args: &PlanArgs) -> Result<Outcome> {
    usage::check(&args.backfill, &args.passed_on)?;
    let project = open::project(&args.backfill.dbt)?;
    let target = project.on(args.backfill.dbt.target.as_deref())?;
    let mut listeners = waiting(args.verbose);
    let emit = &mut |event| listeners.emit(event);

    let request = open::request(&args.backfill, &args.passed_on);
    let backfill = Backfill::open(&target, &request, emit)?;
    backfill.warn_of_unmatched(emit);
    let start = backfill.start(None);
    let NextRuns { observation, states, preflight } = backfill.forecast(emit)?;
    // A bar must be gone before the plan is shown.
    drop(listeners);
    let stops = request.options.stops();
    match args.format {
        OutputFormat::Human => stdout::write(output::plan(&start, &states, &stops, Paint::for_stdout()))?,
        OutputFormat::Json => {
            let (start, states) = (&start, states.as_slice());
            stdout::write_json(&PlanDocument { start, now: observation.now, states, stops })?;
        }
    }
    preflight?;
    Ok(Outcome::Done)
}
