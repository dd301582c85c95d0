//! `completions`: the completion script of a shell.

use anyhow::{Context, Result};

use clap_complete::Shell;

use crate::cli::{self, CompletionsArgs};
use crate::outcome::Outcome;
use crate::output::stdout;

pub fn run(args: &CompletionsArgs) -> Result<Outcome> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    // Into memory first, because the generator panics if it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, &name, &mut script);
    let mut script = String::from_utf8(script).context("the completions are not UTF-8")?;
    if args.shell == Shell::Bash {
        script = with_one_spelling(&script, &name);
    }
    stdout::write(script)?;
    Ok(Outcome::Done)
}

/// The generator spells a program's name that has a hyphen in two ways, so the flags of commands are never
/// completed (clap-rs/clap#6421).
fn with_one_spelling(script: &str, name: &str) -> String {
    script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"))
}
