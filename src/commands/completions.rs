//! `completions`: for a shell.

use std::io::{self, Write};

use anyhow::{Context, Result};

use crate::cli::{self, CompletionsArgs};
use crate::outcome::Outcome;

/// Runs the command.
///
/// # Errors
/// The output cannot be written.
pub fn run(args: &CompletionsArgs) -> Result<Outcome> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    io::stdout().write_all(&script).context("cannot write the completions")?;
    Ok(Outcome::Done)
}
