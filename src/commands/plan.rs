//! `plan`: what `run` would do, and what it would refuse.

use anyhow::Result;
use serde::Serialize;

use super::{open, usage, waiting};
use crate::backfill::{Backfill, FirstRunAhead, NextRuns};
use crate::cli::{OutputFormat, PlanArgs};
use crate::event::{LimitRaised, PackageState, Start};
use crate::outcome::Outcome;
use crate::output::{self, NextRun, Paint, stdout};
use crate::timestamp::Timestamp;

/// `--format json`.
#[derive(Serialize)]
struct PlanDocument<'a> {
    #[serde(flatten)]
    start: &'a Start,
    now: Timestamp,
    states: &'a [PackageState],
    /// `snowplow__backfill_limit_days` of the next run.
    next_limit_days: u32,
    /// Why that is more than the user's limit.
    limit_raised: Option<&'a LimitRaised>,
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
    let ahead = backfill.look_ahead(emit)?;
    // A bar must be gone before the plan is shown.
    drop(listeners);
    let stops = request.options.stops();
    let FirstRunAhead { next: NextRuns { observation, states, preflight }, limit_days, raised } = ahead;
    match args.format {
        OutputFormat::Human => {
            let next = NextRun { states: &states, raised: raised.as_ref(), stops: &stops };
            stdout::write(output::plan(&start, &next, Paint::for_stdout()))?;
        }
        OutputFormat::Json => stdout::write_json(&PlanDocument {
            start: &start,
            now: observation.now,
            states: &states,
            next_limit_days: limit_days,
            limit_raised: raised.as_ref(),
            stops,
        })?,
    }
    preflight?;
    Ok(Outcome::Done)
}
