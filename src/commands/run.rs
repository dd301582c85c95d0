//! `run`: the main job.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::output::Output;
use super::plan;
use super::prepare::Setup;
use crate::backfill::{self, Backfill, DbtDriver, FirstRun, Journal, Lock, Options};
use crate::cli::{DbtArgs, FirstRunArgs, PlanArgs, RunArgs, RunFormat, WindowArgs, check_passed_on};
use crate::dbt::{Interrupt, Vars};
use crate::event::Event;
use crate::outcome::Outcome;
use crate::report::{self, Paint};
use crate::timestamp::Timestamp;

/// Runs the command.
///
/// # Errors
/// Usage, configuration, and whatever kept it from doing its job.
pub fn run(args: &RunArgs) -> Result<Outcome> {
    backfill(args, false)
}

/// Runs it as a part of another command, which goes on by itself when it is done.
///
/// # Errors
/// Those of [`run`].
pub(super) fn run_within(args: &RunArgs) -> Result<Outcome> {
    backfill(args, true)
}

fn backfill(args: &RunArgs, is_part: bool) -> Result<Outcome> {
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
    check_usage(&args.windows, &args.first_run, &args.dbt)?;
    check_passed_on(&args.dbt_args)?;
    let setup = Setup::new(&args.dbt, &args.selection, Interrupt::listen()?)?;
    let journal = Journal::create(args.journal.clone().unwrap_or_else(|| setup.workspace.journal()))?;
    let journal_path = journal.path().to_owned();
    let mut output = Output::new((args.format, is_part), args.verbose, journal, &setup.project.directory)?;

    let started = Instant::now();
    let mut finished = false;
    let result = drive(args, &setup, &journal_path, &mut |event| {
        finished |= matches!(event, Event::BackfillFinished(_));
        output.emit(event);
    });
    if let Err(error) = &result
        && !finished
    {
        output.end_before_the_first_run(error, started.elapsed());
    }
    // What became of the backfill counts, whoever did not read of it to the end.
    if let Err(error) = output.finish() {
        report::say(&format!("{} {error:#}\n", Paint::for_stderr().warning("warning:")));
    }
    match result {
        // Its log has it already.
        Err(error) if args.format == RunFormat::Github => match Outcome::of_error(&error) {
            Outcome::Error { .. } => Err(error),
            told => Ok(told),
        },
        result => result,
    }
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
    emit(Event::BackfillStarted(selected.start(
        setup,
        args.windows.limit_days,
        &first_run,
        Some(journal.to_owned()),
    )));
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
pub(super) fn check_usage(args: &WindowArgs, first_run: &FirstRunArgs, dbt: &DbtArgs) -> Result<()> {
    let vars = Vars::parse(dbt.vars.as_deref().unwrap_or_default())?;
    let both = [
        (args.start_date.is_some(), "snowplow__start_date", "--start-date"),
        (first_run.full_refresh, "snowplow__allow_refresh", "--full-refresh"),
    ];
    if let Some((_, var, flag)) = both.iter().find(|(given, var, _)| *given && vars.get(var).is_some()) {
        bail!("--vars sets {var}, and so does {flag}: leave one of them out");
    }
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
