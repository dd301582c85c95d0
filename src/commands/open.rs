//! Turns the arguments that several commands share into an open project, a selection, and a request.

use anyhow::Result;

use crate::backfill::{FirstRun, Options, Request};
use crate::cli::{BackfillArgs, DbtArgs, DeferArgs, PassedOnArgs, SelectionArgs};
use crate::dbt::{DeferArguments, Interrupt, ProfileArguments, SelectionArguments};
use crate::workspace::{DbtChoice, OpenProject};

/// Opens the project. Its target is chosen later.
pub(super) fn project(args: &DbtArgs) -> Result<OpenProject> {
    let interrupt = Interrupt::listen()?;
    let choice = DbtChoice {
        command: args.dbt.clone(),
        vars: args.vars.clone(),
        project_dir: args.project_dir.clone(),
        profile: ProfileArguments { profiles_dir: args.profiles_dir.clone(), profile: args.profile.clone() },
    };
    OpenProject::open(choice, interrupt)
}

pub(super) fn selection(args: &SelectionArgs) -> SelectionArguments {
    SelectionArguments {
        select: args.select.clone(),
        exclude: args.exclude.clone(),
        selector: args.selector.clone(),
        state: args.state.clone(),
    }
}

pub(super) fn defer(args: &DeferArgs) -> DeferArguments {
    DeferArguments { defer: args.defer, defer_state: args.defer_state.clone(), favor_state: args.favor_state }
}

/// The request, as far as `plan` and `run` have the same flags.
pub(super) fn request(args: &BackfillArgs, passed_on: &PassedOnArgs) -> Request {
    let BackfillArgs { windows, stop, first_run, .. } = args;
    Request {
        selection: selection(&args.selection),
        defer: defer(&args.defer),
        dbt_args: passed_on.dbt_args.clone(),
        start_date: windows.start_date,
        options: Options {
            limit_days: windows.limit_days,
            max_limit_days: windows.max_limit_days,
            until: stop.until,
            once: stop.once,
            max_runs: stop.max_runs,
            max_duration: stop.max_duration,
        },
        first_run: FirstRun {
            full_refresh: first_run.full_refresh,
            remove: first_run.remove_from_manifest.clone(),
        },
        ..Request::default()
    }
}
