//! `run`: the main job.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::output::Output;
use super::plan;
use super::prepare::Setup;
use crate::backfill::{self, Backfill, DbtDriver, FirstRun, Journal, Lock, Options};
use crate::cli::{FirstRunArgs, PlanArgs, RunArgs, WindowArgs};
use crate::dbt::Interrupt;
use crate::event::{Event, Finish};
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;

/// dbt flags that this tool sets itself, or that may hold for the first run only: not behind `--`.
const OWNED_FLAGS: &[(&str, &str)] = &[
    ("--select", "give it before the --"),
    ("--models", "give --select before the --"),
    ("--model", "give --select before the --"),
    ("-s", "give it before the --"),
    ("-m", "give --select before the --"),
    ("--exclude", "give it before the --"),
    ("--selector", "give it before the --"),
    ("--vars", "give it before the --"),
    ("--target", "give it before the --"),
    ("-t", "give it before the --"),
    ("--profile", "give it before the --"),
    ("--profiles-dir", "give it before the --"),
    ("--project-dir", "give it before the --"),
    ("--threads", "give it before the --"),
    ("--full-refresh", "give it before the --, for the first run; here every run would start from nothing"),
    ("-f", "give --full-refresh before the --, for the first run; here every run would start from nothing"),
    ("--empty", "every run would build empty tables"),
    ("--sample", "every run would leave events out"),
    ("--target-path", "this tool keeps a target path a limit"),
    ("--log-path", "this tool keeps a log a run"),
    ("--log-format", "this tool reads dbt's log"),
    ("--no-write-json", "this tool reads what dbt writes"),
    ("--no-partial-parse", "every run would parse the whole project"),
];

/// Runs the command.
///
/// # Errors
/// Usage, configuration, and whatever kept it from doing its job.
pub fn run(args: &RunArgs) -> Result<Outcome> {
    if args.dry_run {
        return plan::run(&PlanArgs {
            selection: args.selection.clone(),
            windows: args.windows.clone(),
            first_run: args.first_run.clone(),
            dbt: args.dbt.clone(),
            format: args.format.of_plan(),
            verbose: args.verbose,
        });
    }
    check_usage(&args.windows)?;
    check_extra(&args.dbt_args)?;
    let setup = Setup::new(&args.dbt, &args.selection, Interrupt::listen()?)?;
    let journal = Journal::create(args.journal.clone().unwrap_or_else(|| setup.workspace.journal()))?;
    let journal_path = journal.path().to_owned();
    let mut output = Output::new(args.format, args.verbose, journal, &setup.project.directory)?;

    let started = Instant::now();
    let mut finished = false;
    let result = drive(args, &setup, &journal_path, &mut |event| {
        finished |= matches!(event, Event::BackfillFinished(_));
        output.emit(event);
    });
    if let Err(error) = &result
        && !finished
    {
        // What failed before the first run: the journal and `--format json` end as they always do.
        let outcome = Outcome::of_error(error);
        output.emit(Event::BackfillFinished(Finish {
            exit_code: outcome.exit_code(),
            outcome: Outcome::Error { message: format!("{error:#}") },
            runs: 0,
            seconds: started.elapsed().as_secs_f64(),
            frontiers: Vec::new(),
        }));
    }
    output.finish()?;
    result
}

fn drive(
    args: &RunArgs,
    setup: &Setup,
    journal: &camino::Utf8Path,
    emit: &mut dyn FnMut(Event),
) -> Result<Outcome> {
    let first_run = first_run(&args.first_run);
    let selected = setup.list(emit)?;
    check_refresh(&selected, &first_run)?;
    let packages = selected.packages(setup, args.windows.start_date)?;
    emit(Event::BackfillStarted(selected.start(setup, args.windows.limit_days, Some(journal.to_owned()))));
    let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let _lock = Lock::take(&setup.workspace.lock(selected.lock_name()), &command)?;
    setup.workspace.forget_old_limits();

    let (observation, _) = packages.reader.observe(emit)?;
    selected.require_manifests(&observation)?;
    let states = |observation| {
        backfill::states(&packages.tracked, &packages.settings, observation, args.windows.limit_days)
    };
    emit(Event::StateRead { now: observation.now, packages: states(&first_run.applied_to(&observation)) });
    backfill::check(
        &packages.tracked,
        &packages.settings,
        &observation,
        &first_run,
        packages.load_family_heals,
    )?;

    let mut driver = DbtDriver {
        reader: &packages.reader,
        workspace: &setup.workspace,
        scope: &selected.scope,
        selection: &setup.selection,
        start_date: args.windows.start_date,
        first_run: &first_run,
        threads: args.threads,
        extra: &args.dbt_args,
    };
    Backfill {
        driver: &mut driver,
        tracked: &packages.tracked,
        settings: &packages.settings,
        options: &options(args),
        first_run: &first_run,
        interrupt: &setup.dbt.interrupt,
    }
    .run(&observation, emit)
}

pub(super) fn first_run(args: &FirstRunArgs) -> FirstRun {
    FirstRun { full_refresh: args.full_refresh, remove: args.remove_from_manifest.clone() }
}

fn options(args: &RunArgs) -> Options {
    Options {
        limit_days: args.windows.limit_days,
        until: args.stop.until,
        once: args.stop.once,
        max_runs: args.stop.max_runs,
        max_duration: args.stop.max_duration,
        max_limit_days: args.windows.max_limit_days,
    }
}

/// What clap cannot check.
pub(super) fn check_usage(args: &WindowArgs) -> Result<()> {
    if let Some(start) = args.start_date
        && start > Timestamp::of_this_machine()
    {
        bail!("--start-date {start} is in the future: there are no events yet");
    }
    if let Some(most) = args.max_limit_days
        && most < args.limit_days
    {
        bail!("--max-limit-days {most} is below --limit-days {}: give at least as much", args.limit_days);
    }
    Ok(())
}

fn check_extra(extra: &[String]) -> Result<()> {
    for word in extra {
        let flag = word.split('=').next().unwrap_or(word);
        if let Some((_, advice)) = OWNED_FLAGS.iter().find(|(owned, _)| *owned == flag) {
            bail!("{flag} cannot be passed to every dbt run: {advice}");
        }
    }
    Ok(())
}

/// `--full-refresh` without the incremental manifest in the selection would drop tables and keep their rows.
pub(super) fn check_refresh(selected: &super::prepare::Selected, first_run: &FirstRun) -> Result<()> {
    if !first_run.full_refresh {
        return Ok(());
    }
    for touched in &selected.scope.packages {
        let id = &touched.package.incremental_manifest;
        if !selected.scope.built.contains(id) {
            let node = selected.listing.manifest.node(id).context("no incremental manifest")?;
            bail!(
                "--full-refresh needs the incremental manifest {} in the selection: tables would be built anew, but only from \
                 where their rows stand. Select with the ancestors, as in --select +my_model",
                node.name
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_would_break_the_loop_cannot_be_passed_through() {
        let check =
            |words: &[&str]| check_extra(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert!(check(&["--fail-fast", "--defer", "--state", "prod"]).is_ok());
        for wrong in ["--full-refresh", "-f", "--vars", "--target-path=x", "--empty"] {
            assert!(check(&[wrong]).is_err(), "{wrong}");
        }
    }
}
