//! The end of a backfill: how it ended, what it took, what to do next. Pure.

use std::fmt;

use super::paint::Paint;
use super::text::{count, seconds};
use crate::dbt::quote_for_shell;
use crate::event::{Finish, Start};
use crate::failure::signal_name;
use crate::history::History;
use crate::outcome::Outcome;
use crate::snowplow::Progress;

/// What people read at the end of a backfill.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// How it ended, and where the packages are.
    pub(super) head: String,
    /// The runs and the time that it took.
    pub(super) spent: String,
    pub(super) next: Option<Next>,
    paint: Paint,
}

/// What to do after a backfill.
#[derive(Debug, Clone)]
pub(super) enum Next {
    /// A command, quoted for a shell. It stays on one line, so that it can be copied.
    Command(String),
    Advice(String),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paint = self.paint;
        write!(f, "{}", paint.wrapped(&format!("{}\n{}", self.head, paint.dim(&self.spent))))?;
        let label = paint.dim("next:");
        match &self.next {
            Some(Next::Command(command)) => write!(f, "\n{label} {command}"),
            Some(Next::Advice(advice)) => write!(f, "\n{}", paint.wrapped(&format!("{label} {advice}"))),
            None => Ok(()),
        }
    }
}

/// The end of a backfill; none for an error, which main prints with its causes.
pub(super) fn ending(finish: &Finish, history: &History, paint: Paint) -> Option<Ending> {
    let head = format!("{}{}", headline(finish, history, paint)?, frontiers(finish));
    Some(Ending { head, spent: spent(finish), next: next(finish, history), paint })
}

/// How the backfill ended, in a few words.
fn headline(finish: &Finish, history: &History, paint: Paint) -> Option<String> {
    Some(match &finish.outcome {
        Outcome::CaughtUp => paint.good("up to date"),
        Outcome::NoEvents => format!("{}: nothing was processed", paint.error("no events")),
        Outcome::Reached { until } => format!("{} {until}", paint.good("processed everything up to")),
        Outcome::RanOnce { .. } if has_stalled(history) => paint.warning("one run done, and nothing moved"),
        Outcome::RanOnce { .. } => paint.bold("one run done, more to do"),
        Outcome::Stopped { by } => format!("{} by {by}, not up to date", paint.warning("stopped")),
        Outcome::Refused { reason } => format!("{} {reason}", paint.error("refused:")),
        Outcome::DbtFailed => paint.error("stopped: dbt failed"),
        Outcome::Interrupted { signal } => paint.warning(&format!("interrupted by {}", signal_name(*signal))),
        Outcome::Done | Outcome::Findings | Outcome::Differs => "done".to_owned(),
        Outcome::Error { .. } => return None,
    })
}

/// Where the packages are now, for endings that tell it.
fn frontiers(finish: &Finish) -> String {
    let is_told = matches!(
        finish.outcome,
        Outcome::CaughtUp
            | Outcome::Reached { .. }
            | Outcome::RanOnce { .. }
            | Outcome::Stopped { .. }
            | Outcome::DbtFailed
    );
    if !is_told {
        return String::new();
    }
    let known: Vec<_> = known_frontiers(finish).collect();
    if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) }
}

fn known_frontiers(finish: &Finish) -> impl Iterator<Item = String> {
    finish
        .frontiers
        .iter()
        .filter_map(|(package, frontier)| frontier.map(|frontier| format!("{package} at {frontier}")))
}

fn spent(finish: &Finish) -> String {
    match finish.outcome {
        Outcome::Reached { .. } if finish.runs == 0 => "nothing to run".to_owned(),
        _ => format!("{} completed in {}", count(finish.runs, "run"), seconds(finish.seconds)),
    }
}

/// What to do next, where there is something.
fn next(finish: &Finish, history: &History) -> Option<Next> {
    let start = history.start.as_ref();
    let advice = |words: &str| Some(Next::Advice(words.to_owned()));
    // A row that was removed once would be removed again, and no number of repetitions would get to the end.
    let flag = start.and_then(|start| start.first_run_only.first()).filter(|_| finish.runs > 0);
    match (&finish.outcome, flag) {
        (Outcome::CaughtUp, _) => promote(start),
        (Outcome::RanOnce { .. }, _) if has_stalled(history) => {
            advice("run the same command again: it goes on with a larger limit")
        }
        (Outcome::DbtFailed, Some(flag)) => {
            advice(&format!("fix the error above, then run the same command without {flag} to continue"))
        }
        (Outcome::DbtFailed, None) => {
            advice("fix the error above, then run the same command again to continue")
        }
        (Outcome::RanOnce { .. } | Outcome::Stopped { .. } | Outcome::Interrupted { .. }, Some(flag)) => {
            advice(&format!("run the same command without {flag} to continue; with it, it would start over"))
        }
        (Outcome::RanOnce { .. } | Outcome::Stopped { .. } | Outcome::Interrupted { .. }, None) => {
            advice("run the same command again to continue")
        }
        (Outcome::NoEvents, _) => advice(
            "check the vars that say which events the package reads (snowplow__atomic_schema, snowplow__events_table, \
             snowplow__app_id) and the start date, then run the same command again",
        ),
        // How far a time is from prod is not known.
        (
            Outcome::Reached { .. }
            | Outcome::Refused { .. }
            | Outcome::Done
            | Outcome::Findings
            | Outcome::Differs
            | Outcome::Error { .. },
            _,
        ) => None,
    }
}

/// Whether the last run moved nothing. A package that waits for another one has not stalled.
fn has_stalled(history: &History) -> bool {
    let is = |progress| history.last_packages().iter().any(|run| run.progress == progress);
    is(Progress::Stalled) && !is(Progress::Advanced)
}

/// The command that brings the selection to prod.
fn promote(start: Option<&Start>) -> Option<Next> {
    // Where it is prod already, there is nothing to promote.
    let is_prod = |target: &str| {
        target.split(|c: char| !c.is_alphanumeric()).any(|word| ["prod", "production"].contains(&word))
    };
    let start = start.filter(|start| !start.target.as_deref().is_some_and(is_prod))?;
    // Targets of one warehouse usually have similar names: pg_staging goes to pg_prod.
    let to = start.target.as_deref().filter(|target| target.contains("staging"));
    let to = to.map_or_else(|| "prod".to_owned(), |target| target.replace("staging", "prod"));
    let mut words = vec!["snowplow-backfill", "promote"];
    words.extend(start.selection.iter().map(String::as_str));
    words.extend(start.target.iter().flat_map(|target| ["--target", target]));
    words.extend(["--to", &to]);
    Some(Next::Command(quote_for_shell(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_can_be_pasted() {
        let next = |target: Option<&str>, selection: &[&str]| {
            let start = Start {
                tool_version: String::new(),
                project: "shop".into(),
                adapter: "postgres".into(),
                dbt_version: "1.11.0".into(),
                target: target.map(Into::into),
                selection: selection.iter().map(|&word| word.to_owned()).collect(),
                models: Vec::new(),
                packages: Vec::new(),
                stand_ins: Vec::new(),
                models_to_run: String::new(),
                limit_days: 90,
                first_run_only: Vec::new(),
                journal: None,
            };
            promote(Some(&start)).map(|next| match next {
                Next::Command(text) | Next::Advice(text) => text,
            })
        };
        for (target, selection, expected) in [
            (None, ["--select", "+a"], Some("--select +a --to prod")),
            (
                Some("pg_staging"),
                ["--select", "path:my models"],
                Some("--select 'path:my models' --target pg_staging --to pg_prod"),
            ),
            (Some("dev"), ["--select", "+a"], Some("--select +a --target dev --to prod")),
            (Some("preprod"), ["--select", "+a"], Some("--select +a --target preprod --to prod")),
            (Some("prod"), ["--select", "+a"], None),
            (Some("pg_prod"), ["--select", "+a"], None),
        ] {
            let expected = expected.map(|words| format!("snowplow-backfill promote {words}"));
            assert_eq!(next(target, &selection), expected);
        }
    }
}
