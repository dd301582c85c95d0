//! `--sync`: the staging backfill up to where prod is.

use anyhow::{Result, anyhow, bail};

use super::online::{Both, planned};
use super::write::check_out_dir;
use crate::cli::{Command, FirstRunArgs, PromoteArgs, RunArgs, RunFormat, StopArgs, WindowArgs};
use crate::commands::run;
use crate::config::{self, Request, Surroundings};
use crate::event::Emit;
use crate::outcome::Outcome;
use crate::promote;
use crate::timestamp::Timestamp;

/// Backfills staging until it is where prod is; an outcome, if it did not get there. What would be refused anyway is refused
/// before.
pub(super) fn sync(args: &PromoteArgs, both: &Both, emit: Emit<'_>) -> Result<Option<Outcome>> {
    let read = both.read(emit)?;
    let Some(until) = promote::sync_until(&read.facts) else { return Ok(None) };
    planned(args, &read, &promote::as_if_synced(&read.facts, until))?;
    if let Some(folder) = &args.out_dir {
        check_out_dir(folder)?;
    }
    let outcome = run::run_within(&backfill(args, until)?)?;
    Ok((outcome.exit_code() != 0).then_some(outcome))
}

fn backfill(args: &PromoteArgs, until: Timestamp) -> Result<RunArgs> {
    let of_run = settings_of_run(args)?;
    Ok(RunArgs {
        selection: args.selection.clone(),
        windows: WindowArgs {
            limit_days: args.limit_days,
            max_limit_days: of_run.windows.max_limit_days.map(|most| most.max(args.limit_days)),
            start_date: None,
        },
        stop: StopArgs { until: Some(until), once: false, max_runs: None, max_duration: None },
        first_run: FirstRunArgs { full_refresh: false, remove_from_manifest: Vec::new() },
        dbt: args.dbt.clone(),
        threads: of_run.threads,
        dbt_args: of_run.dbt_args,
        dry_run: false,
        // Its result is no part of this command's.
        format: RunFormat::Human,
        journal: None,
        verbose: args.verbose,
    })
}

/// What the environment and the file say of flags that only `run` has.
fn settings_of_run(args: &PromoteArgs) -> Result<RunArgs> {
    let mut words = vec!["run"];
    if let Some(folder) = &args.dbt.project_dir {
        words.extend(["--project-dir", folder.as_str()]);
    }
    // A selection is needed, and this one says nothing.
    words.extend(["--select", "none"]);
    match config::read(&Surroundings::of_this_process()?.with_arguments(&words)) {
        Ok(Request::Command { cli, .. }) => match cli.command {
            Command::Run(args) => Ok(*args),
            _ => bail!("the configuration of run is not that of run"),
        },
        Ok(_) => bail!("the configuration of run is not that of a command"),
        Err(config::Error::Usage(error)) => Err(anyhow!("the configuration of run, for --sync: {error}")),
        Err(config::Error::Configuration(error)) => {
            Err(error.context("the configuration of run, for --sync"))
        }
    }
}
