//! `plan`: what `run` would do, and what it would refuse.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use super::output::Output;
use super::prepare::Setup;
use super::run::{check_refresh, check_usage, first_run};
use crate::backfill;
use crate::cli::{Format, PlanArgs};
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
    check_usage(&args.windows)?;
    let setup = Setup::new(&args.dbt, &args.selection, Interrupt::listen()?)?;
    let mut output = Output::quiet(args.verbose);
    let emit = &mut |event| output.emit(event);

    let first_run = first_run(&args.first_run);
    let selected = setup.list(emit)?;
    check_refresh(&selected, &first_run)?;
    let packages = selected.packages(&setup, args.windows.start_date)?;
    let start = selected.start(&setup, args.windows.limit_days, None);
    let (observation, _) = packages.reader.observe(emit)?;
    selected.require_manifests(&observation)?;
    let as_found = first_run.applied_to(&observation);
    let states = backfill::states(&packages.tracked, &packages.settings, &as_found, args.windows.limit_days);
    let mut stdout = io::stdout().lock();
    match args.format {
        Format::Human => stdout.write_all(report::plan(&start, &states, Paint::for_stdout()).as_bytes()),
        Format::Json => {
            let plan = Plan { start: &start, now: observation.now, states: &states };
            serde_json::to_writer_pretty(&mut stdout, &plan)?;
            writeln!(stdout)
        }
    }
    .context("cannot write the plan")?;
    backfill::check(
        &packages.tracked,
        &packages.settings,
        &observation,
        &first_run,
        packages.load_family_heals,
    )?;
    Ok(Outcome::Done)
}
