//! The words after `--`, which go to `dbt run`. Flags that would break the loop are refused.

use anyhow::{Result, bail};
use clap::Args;

use crate::dbt::{Handling, flags_in};

/// What follows `--`.
#[derive(Debug, Clone, Default, Args)]
pub struct PassedOnArgs {
    /// Pass these arguments to every `dbt run`
    #[arg(last = true, value_name = "DBT ARGS")]
    pub dbt_args: Vec<String>,
}

impl PassedOnArgs {
    /// Refuses words that are, or contain, a flag of dbt that cannot be passed on.
    ///
    /// # Errors
    /// Usage. The error says what to do instead.
    pub fn check(&self) -> Result<()> {
        for (written, flag) in self.dbt_args.iter().flat_map(|word| flags_in(word)) {
            match flag.handling {
                Handling::PassedOn(_) => {}
                Handling::Own(_) if written.starts_with("--no-") => {
                    bail!(
                        "{written} cannot be passed to every dbt run: leave it out, because it is the default"
                    );
                }
                Handling::Own(_) => {
                    let name = flag.names[0];
                    bail!("{written} cannot be passed to every dbt run: give --{name} before the --");
                }
                Handling::Refused(why) => bail!("{written} cannot be passed to every dbt run: {why}"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_would_break_the_loop_cannot_be_passed_on() {
        let check = |words: &[&str]| {
            PassedOnArgs { dbt_args: words.iter().map(|&word| word.to_owned()).collect() }.check()
        };
        assert!(
            check(&["--fail-fast", "-x", "-dx", "--no-version-check", "--new-in-dbt", "prod", "-"]).is_ok()
        );
        for (wrong, told) in [
            (
                "--full-refresh",
                "--full-refresh cannot be passed to every dbt run: give --full-refresh before",
            ),
            ("-xf", "-f cannot be passed to every dbt run: give --full-refresh before"),
            ("--models", "--models cannot be passed to every dbt run: give --select before"),
            ("-dxtprod", "-t cannot be passed to every dbt run: give --target before"),
            ("--defer", "--defer cannot be passed to every dbt run: give --defer before"),
            ("--target-path=x", "--target-path cannot be passed to every dbt run: this tool sets"),
            ("--no-write-json", "--no-write-json cannot be passed to every dbt run: this tool reads"),
            ("--empty", "--empty cannot be passed to every dbt run: every run would build empty tables"),
        ] {
            let error = check(&["--fail-fast", wrong]).expect_err(wrong).to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
