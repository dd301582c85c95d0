//! `promote`: finished models go from staging to prod, as SQL or executed.

mod apply;
mod compare;
mod execute;
mod list;
mod online;
mod rollback;
mod sync;
mod unfinished;
mod without_connection;
mod write;

use anyhow::{Result, bail};

use self::write::write;
use super::output::Output;
use crate::cli::PromoteArgs;
use crate::outcome::Outcome;
use crate::promote::{Plan, Scripts, Wishes};
use crate::timestamp::Timestamp;

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a refusal, and whatever kept it from doing its job.
pub fn run(args: &PromoteArgs) -> Result<Outcome> {
    if args.rollback {
        return rollback::roll_back(args);
    }
    if args.list {
        return list::list(args);
    }
    if args.manifest.is_some() {
        if args.apply {
            bail!("--apply needs a connection: give --target and --to instead of two dbt manifests");
        }
        if args.replace {
            bail!(
                "--replace needs a connection, because it is guarded by the rows that prod has now: give --target and --to"
            );
        }
        let facts = without_connection::facts(args)?;
        let plan = Plan::of(&facts, wishes(args), Timestamp::of_this_machine())?;
        return write(args, &plan, &Scripts::of(&plan)?);
    }
    online::run(args)
}

fn wishes(args: &PromoteArgs) -> Wishes {
    Wishes { strategy: args.strategy, replace: args.replace, resume: args.resume, sync: args.sync }
}

/// Only what goes wrong is told on the way, unless the user wants to see dbt's calls.
fn output(args: &PromoteArgs) -> Output {
    Output::quiet(args.verbose)
}
