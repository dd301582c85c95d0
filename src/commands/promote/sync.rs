//! `--sync`: backfills staging up to prod's position.

use anyhow::{Result, anyhow, bail};

use crate::backfill::{Options, Request};
use crate::cli::{Command, PromoteArgs, PromoteFormat, RunArgs};
use crate::commands::open;
use crate::commands::reported::{self, Audience, Consent, Settings};
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
    of_run.passed_on.check()?;
    let limit_days = args.limit_days;
    let request = Request {
        selection: selection.clone(),
        defer: open::defer(&of_run.backfill.defer),
        options: Options {
            limit_days,
            until: Some(until),
            max_limit_days: of_run.backfill.windows.max_limit_days.map(|most| most.max(limit_days)),
            ..Options::default()
        },
        threads: of_run.threads,
        dbt_args: of_run.passed_on.dbt_args,
        ..Request::default()
    };
    let settings = Settings {
        audience: match args.format {
            PromoteFormat::Human | PromoteFormat::Json => Audience::PeopleDuringSync,
            PromoteFormat::Events => Audience::Json,
            PromoteFormat::Github => Audience::Github,
        },
        // The promotion says what it is about.
        consent: Consent::Given,
        journal: None,
        verbose: args.verbose,
    };
    reported::run(staging, &request, settings)
}

/// What the environment and the file set for flags that only `run` has.
fn settings_of_run(args: &PromoteArgs) -> Result<RunArgs> {
    let mut words = vec!["run"];
    if let Some(folder) = &args.dbt.project_dir {
        words.extend(["--project-dir", folder.as_str()]);
    }
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
