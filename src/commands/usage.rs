//! What clap cannot check of the flags of `plan` and `run`.

use anyhow::{Result, bail};

use crate::cli::{BackfillArgs, DeferArgs, PassedOnArgs, SelectionArgs};
use crate::dbt::Vars;
use crate::snowplow::values;
use crate::timestamp::Timestamp;

/// Checks flags against each other, the vars, and the clock.
pub(super) fn check(args: &BackfillArgs, passed_on: &PassedOnArgs) -> Result<()> {
    let BackfillArgs { windows, first_run, .. } = args;
    passed_on.check()?;
    check_defer(&args.selection, &args.defer)?;
    let vars = Vars::parse(args.dbt.vars.as_deref().unwrap_or_default())?;
    let both = [
        (windows.start_date.is_some(), values::START_DATE, "--start-date"),
        (first_run.full_refresh, "snowplow__allow_refresh", "--full-refresh"),
    ];
    if let Some((_, var, flag)) = both.iter().find(|(given, var, _)| *given && vars.get(var).is_some()) {
        bail!("both --vars and {flag} set {var}: leave one of them out");
    }
    if let Some(start) = windows.start_date
        && start > Timestamp::of_this_machine()
    {
        bail!("--start-date {start} is in the future: there are no events yet");
    }
    if let Some(most) = windows.max_limit_days
        && most < windows.limit_days
    {
        bail!(
            "--max-limit-days {most} is below --limit-days {}: it must be at least as large",
            windows.limit_days
        );
    }
    Ok(())
}

fn check_defer(selection: &SelectionArgs, args: &DeferArgs) -> Result<()> {
    if args.defer && selection.state.is_none() && args.defer_state.is_none() {
        bail!(
            "--defer needs --state or --defer-state: the directory with the manifest.json of the environment \
             that it reads from"
        );
    }
    Ok(())
}
