//! `run`: the main job.

use anyhow::Result;

use super::reported::{self, Audience, Consent, Settings};
use super::{open, plan, usage};
use crate::backfill::Request;
use crate::cli::{PlanArgs, RunArgs, RunFormat};
use crate::outcome::Outcome;

pub(super) fn run(args: &RunArgs) -> Result<Outcome> {
    if args.dry_run {
        return plan::run(&PlanArgs {
            backfill: args.backfill.clone(),
            passed_on: args.passed_on.clone(),
            format: args.format.of_plan(),
            verbose: args.verbose,
        });
    }
    usage::check(&args.backfill, &args.passed_on)?;
    let project = open::project(&args.backfill.dbt)?;
    let target = project.on(args.backfill.dbt.target.as_deref())?;
    let settings = Settings {
        audience: match args.format {
            RunFormat::Human => Audience::People,
            RunFormat::Json => Audience::Json,
            RunFormat::Github => Audience::Github,
        },
        consent: if args.yes { Consent::Given } else { Consent::Asked },
        journal: args.journal.clone(),
        verbose: args.verbose,
    };
    let request = Request { threads: args.threads, ..open::request(&args.backfill, &args.passed_on) };
    reported::run(&target, &request, settings)
}
