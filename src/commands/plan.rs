//! `plan`: what `run` would do, and what it would refuse.

use anyhow::Result;
use serde::Serialize;

use super::output::Output;
use super::prepare::Setup;
use super::run::{check_refresh, check_usage, first_run};
use super::stdout;
use crate::backfill;
use crate::cli::{OutputFormat, PlanArgs};
use crate::dbt::Interrupt;
use crate::event::{PackageState, Start};
use crate::outcome::Outcome;
use crate::report::{self, Paint};
use crate::timestamp::Timestamp;

/// `--format json`.
#[derive(Serialize)]
struct Plan<'a> {
    #[serde(flatten)]
    start: &'a Start,
    now: Timestamp,
    states: &'a [PackageState],
}

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a refusal of what `run` would refuse.
pub fn run(args: &PlanArgs) -> Result<Outcome> {
    check_usage(&args.windows, &args.first_run, &args.dbt)?;
    let setup = Setup::new(&args.dbt, &args.selection, Interrupt::listen()?)?;
    let mut output = Output::quiet(args.verbose);
    let emit = &mut |event| output.emit(event);

    let first_run = first_run(&args.first_run);
    let selected = setup.list(emit)?;
    check_refresh(&selected, &first_run)?;
    let packages = selected.packages(&setup, args.windows.start_date)?;
    let start = selected.start(&setup, args.windows.limit_days, &first_run, None);
    let (observation, _) = packages.reader.observe(emit)?;
    selected.require_manifests(&observation)?;
    let as_found = first_run.applied_to(&observation);
    let states = backfill::states(&packages.tracked, &packages.settings, &as_found, args.windows.limit_days);
    match args.format {
        OutputFormat::Human => stdout::write(report::plan(&start, &states, Paint::for_stdout()))?,
        OutputFormat::Json => {
            stdout::write_json(&Plan { start: &start, now: observation.now, states: &states })?;
        }
    }
    backfill::check(
        &packages.tracked,
        &packages.settings,
        &observation,
        &first_run,
        packages.load_family_heals,
    )?;
    Ok(Outcome::Done)
}
