//! `--show-config`, which every command on a project has.

use anyhow::Result;

use super::check;
use crate::cli::CHECK;
use crate::config::Shown;
use crate::outcome::Outcome;
use crate::output::stdout;

/// Prints the configuration of a command.
pub fn run(shown: &Shown) -> Result<Outcome> {
    let mut text = shown.flags.clone();
    if shown.command == CHECK {
        text += &check::configured_rules(shown.file.as_ref())?;
    }
    stdout::write(text)?;
    Ok(Outcome::Done)
}
