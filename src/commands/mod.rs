//! One file a command: the only place that knows both the engine and the output.

mod check;
mod models;
mod output;
mod plan;
mod prepare;
mod run;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::outcome::Outcome;

/// Runs the command that was asked for.
///
/// # Errors
/// Whatever kept it from doing its job.
pub fn dispatch(cli: &Cli) -> Result<Outcome> {
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Models(args) => models::run(args),
        Command::Check(args) => check::run(args),
    }
}
