//! Arguments of `completions`.

use clap::Args;
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  # bash, zsh: for this session
  source <(snowplow-backfill completions bash)

  # fish: from the next session on
  snowplow-backfill completions fish \\
    > ~/.config/fish/completions/snowplow-backfill.fish

  # PowerShell: in $PROFILE
  snowplow-backfill completions powershell | Out-String | Invoke-Expression";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// Print the script for this shell
    #[arg(value_enum)]
    pub shell: Shell,
}
