//! The words after `--`, which go to every `dbt run`. Flags that would break the loop are refused.

use anyhow::{Result, bail};

/// A flag of `dbt run` that cannot be passed on, and why.
#[derive(Debug)]
struct OwnedFlag {
    long: &'static str,
    short: Option<char>,
    why: &'static str,
}

const fn owned(long: &'static str, short: Option<char>, why: &'static str) -> OwnedFlag {
    OwnedFlag { long, short, why }
}

const BEFORE: &str = "give it before the --";
const SELECT: &str = "give --select before the --";
const SELECTED: &str = "the selection decides what is built";
const INCOMPLETE: &str = "every run would leave events out";
const LOG: &str = "this tool reads dbt's log";
const REFRESH: &str = "give it before the --, so that only the first run starts from scratch";

/// Flags that this tool sets itself, that are for the first run only, or that would change what a run does.
const OWNED: &[OwnedFlag] = &[
    owned("--select", Some('s'), BEFORE),
    owned("--models", Some('m'), SELECT),
    owned("--model", None, SELECT),
    owned("--exclude", None, BEFORE),
    owned("--selector", None, BEFORE),
    owned("--resource-type", None, SELECTED),
    owned("--resource-types", None, SELECTED),
    owned("--exclude-resource-type", None, SELECTED),
    owned("--exclude-resource-types", None, SELECTED),
    owned("--vars", None, BEFORE),
    owned("--target", Some('t'), BEFORE),
    owned("--profile", None, BEFORE),
    owned("--profiles-dir", None, BEFORE),
    owned("--project-dir", None, BEFORE),
    owned("--threads", None, BEFORE),
    owned("--full-refresh", Some('f'), REFRESH),
    owned("--empty", None, "every run would build empty tables"),
    owned("--sample", None, INCOMPLETE),
    owned("--event-time-start", None, INCOMPLETE),
    owned("--event-time-end", None, INCOMPLETE),
    owned("--target-path", None, "this tool sets a target path for each limit"),
    owned("--log-path", None, "this tool sets a log path for each run"),
    owned("--log-format", None, LOG),
    owned("--log-level", None, LOG),
    owned("--quiet", Some('q'), LOG),
    owned("--no-quiet", None, LOG),
    owned("--log-format-file", None, LOG),
    owned("--log-level-file", None, LOG),
    owned("--use-colors", None, LOG),
    owned("--use-colors-file", None, LOG),
    owned("--indirect-selection", None, "it is about tests, and dbt run runs none"),
    owned("--no-write-json", None, "this tool reads the artifacts that dbt writes"),
    owned("--no-partial-parse", None, "every run would parse the whole project"),
];

/// dbt's other short flags; none of them takes a value.
const OTHER_SHORT: &[char] = &['d', 'h', 'x', 'V'];

/// Refuses words after `--` that are, or contain, a flag that cannot be passed on.
pub fn check_passed_on(words: &[String]) -> Result<()> {
    for word in words {
        if let Some((flag, owned)) = owned_flag(word) {
            bail!("{flag} cannot be passed to every dbt run: {}", owned.why);
        }
    }
    Ok(())
}

/// The first such flag of a word. dbt reads one out of `--target=prod`, `-tprod` and `-xf`, too.
fn owned_flag(word: &str) -> Option<(String, &'static OwnedFlag)> {
    if word.starts_with("--") {
        let name = word.split('=').next().unwrap_or(word);
        return OWNED.iter().find(|owned| owned.long == name).map(|owned| (name.to_owned(), owned));
    }
    for short in word.strip_prefix('-')?.chars() {
        if let Some(owned) = OWNED.iter().find(|owned| owned.short == Some(short)) {
            return Some((format!("-{short}"), owned));
        }
        // The characters after an unknown flag may be its value.
        if !OTHER_SHORT.contains(&short) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_would_break_the_loop_cannot_be_passed_on() {
        let check =
            |words: &[&str]| check_passed_on(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert!(check(&["--fail-fast", "-x", "-dx", "--defer", "--state", "prod", "-"]).is_ok());
        for (wrong, flag) in [
            ("--full-refresh", "--full-refresh"),
            ("-f", "-f"),
            ("-xf", "-f"),
            ("--vars", "--vars"),
            ("--target-path=x", "--target-path"),
            ("-tprod", "-t"),
            ("-dxtprod", "-t"),
            ("-s+model", "-s"),
            ("--empty", "--empty"),
        ] {
            let error = check(&["--fail-fast", wrong]).expect_err(wrong).to_string();
            assert!(error.starts_with(&format!("{flag} cannot be passed to every dbt run: ")), "{error}");
        }
    }
}
