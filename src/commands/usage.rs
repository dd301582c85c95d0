//! What clap cannot check of the flags of `plan` and `run`.

use anyhow::{Result, bail};

use crate::cli::{DbtArgs, FirstRunArgs, WindowArgs};
use crate::dbt::Vars;
use crate::timestamp::Timestamp;

/// Checks flags against each other, the vars, and the clock.
pub(super) fn check(args: &WindowArgs, first_run: &FirstRunArgs, dbt: &DbtArgs) -> Result<()> {
    let vars = Vars::parse(dbt.vars.as_deref().unwrap_or_default())?;
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
