//! What clap cannot check of the flags of `plan` and `run`.

use anyhow::{Result, bail};

use super::open::BackfillArgs;
use crate::cli::{DeferArgs, SelectionArgs};
use crate::dbt::Vars;
use crate::timestamp::Timestamp;

/// Checks flags against each other, the vars, and the clock.
pub(super) fn check(args: BackfillArgs<'_>) -> Result<()> {
    let BackfillArgs { first_run, .. } = args;
    args.passed_on.check()?;
    check_defer(args.selection, args.defer)?;
    let vars = Vars::parse(args.dbt.vars.as_deref().unwrap_or_default())?;
    let args = args.windows;
    let both = [
        (args.start_date.is_some(), "snowplow__start_date", "--start-date"),
        (first_run.full_refresh, "snowplow__allow_refresh", "--full-refresh"),
    ];
    if let Some((_, var, flag)) = both.iter().find(|(given, var, _)| *given && vars.get(var).is_some()) {
        bail!("both --vars and {flag} set {var}: leave one of them out");
    }
    if let Some(start) = args.start_date
        && start > Timestamp::of_this_machine()
    {
        bail!("--start-date {start} is in the future: there are no events yet");
    }
    if let Some(most) = args.max_limit_days
        && most < args.limit_days
    {
        bail!(
            "--max-limit-days {most} is below --limit-days {}: it must be at least as large",
            args.limit_days
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
