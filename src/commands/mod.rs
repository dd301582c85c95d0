//! A file for each command. Only here do the engines and the output meet.

mod check;
mod completions;
mod man;
mod models;
mod open;
mod plan;
mod promote;
mod reported;
mod run;
mod show_config;
mod usage;
mod version;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::outcome::Outcome;
use crate::output::{Detail, Listeners, Part};

pub use show_config::run as show_config;
pub use version::run as version;

pub fn dispatch(cli: &Cli) -> Result<Outcome> {
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Models(args) => models::run(args),
        Command::Promote(args) => promote::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
        Command::Check(args) => check::run(args),
    }
}

/// For commands whose result is not a series of events: people only read what goes wrong, and dbt's calls
/// with `--verbose`.
fn quiet(verbose: bool) -> Listeners {
    let detail = if verbose { Detail::Verbose } else { Detail::Trouble };
    Listeners::people(detail, Part::Whole)
}

/// The same for commands that ask dbt for some seconds before they show anything: a terminal shows that they
/// work.
fn waiting(verbose: bool) -> Listeners {
    let detail = if verbose { Detail::Verbose } else { Detail::Waiting };
    Listeners::people(detail, Part::Whole)
}
