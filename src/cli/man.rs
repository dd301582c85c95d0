//! Arguments of `man`.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

const EXAMPLES: &str = "\
Examples:
  # read the page of a command
  snowplow-backfill man run | man -l -

  # install all pages
  snowplow-backfill man --dir ~/.local/share/man/man1";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// Print the page of this command instead of the program's
    #[arg(hide_possible_values = true)]
    pub command: Option<String>,

    /// Write all pages to this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub dir: Option<Utf8PathBuf>,
}
