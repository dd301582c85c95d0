//! `run`: the main job.

use anyhow::Result;

use super::reported::{self, Audience};
use super::{open, plan, usage};
use crate::backfill::Request;
use crate::cli::{PlanArgs, RunArgs, RunFormat, check_passed_on};
use crate::outcome::Outcome;

pub(super) fn run(args: &RunArgs) -> Result<Outcome> {
    if args.dry_run {
        return plan::run(&PlanArgs {
            selection: args.selection.clone(),
            windows: args.windows.clone(),
            stop: args.stop.clone(),
            first_run: args.first_run.clone(),
            dbt: args.dbt.clone(),
            format: args.format.of_plan(),
            verbose: args.verbose,
        });
    }
    usage::check(&args.windows, &args.first_run, &args.dbt)?;
    check_passed_on(&args.dbt_args)?;
    let project = open::project(&args.dbt)?;
    let target = project.on(args.dbt.target.as_deref())?;
    let report = match args.format {
        RunFormat::Human => Audience::People,
        RunFormat::Json => Audience::Json,
        RunFormat::Github => Audience::Github,
    };
    reported::run(&target, &request(args), report, args.journal.clone(), args.verbose)
}

fn request(args: &RunArgs) -> Request {
    let common = open::request(&args.selection, &args.windows, &args.stop, &args.first_run);
    Request { threads: args.threads, dbt_args: args.dbt_args.clone(), ..common }
}
