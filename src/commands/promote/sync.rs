//! `--sync`: backfills staging up to prod's position.

use anyhow::{Result, anyhow, bail};

use crate::backfill::{Options, Request};
use crate::cli::{Command, PromoteArgs, RunArgs, check_passed_on};
use crate::commands::reported::{self, Audience};
use crate::config::{self, Surroundings};
use crate::dbt::SelectionArguments;
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;
use crate::workspace::OpenTarget;

pub(super) fn run(
    args: &PromoteArgs,
    staging: &OpenTarget<'_>,
    selection: &SelectionArguments,
    until: Timestamp,
) -> Result<Outcome> {
    let of_run = settings_of_run(args)?;
    let limit_days = args.limit_days;
    let request = Request {
        selection: selection.clone(),
        options: Options {
            limit_days,
            until: Some(until),
            max_limit_days: of_run.windows.max_limit_days.map(|most| most.max(limit_days)),
            ..Options::default()
        },
        threads: of_run.threads,
        dbt_args: of_run.dbt_args,
        ..Request::default()
    };
    check_passed_on(&request.dbt_args)?;
    reported::run(staging, &request, Audience::PeopleDuringSync, None, args.verbose)
}

/// What the environment and the file set for flags that only `run` has.
fn settings_of_run(args: &PromoteArgs) -> Result<RunArgs> {
    let mut words = vec!["run"];
    if let Some(folder) = &args.dbt.project_dir {
        words.extend(["--project-dir", folder.as_str()]);
    }
    // `run` requires a selection. This one is not used.
    words.extend(["--select", "none"]);
    match config::read(&Surroundings::of_this_process()?.with_arguments(&words)) {
        Ok(config::CommandLine::Command { cli, .. }) => match cli.command {
            Command::Run(args) => Ok(*args),
            _ => bail!("the configuration of run is not that of run"),
        },
        Ok(_) => bail!("the configuration of run is not that of a command"),
        Err(config::Error::Usage(error)) => {
            Err(anyhow!("--sync cannot read the configuration of run: {error}"))
        }
        Err(config::Error::Configuration(error)) => {
            Err(error.context("--sync cannot read the configuration of run"))
        }
    }
}
