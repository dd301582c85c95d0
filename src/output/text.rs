//! Events as lines of text, at most 80 columns wide where names allow. Pure.

use std::fmt::{self, Write};

use super::paint::Paint;
use crate::dbt::quote_for_shell;
use crate::event::{Finish, LimitRaised, PackageState, RaiseReason, RunFinished, Start};
use crate::failure::signal_name;
use crate::history::History;
use crate::outcome::Outcome;
use crate::snowplow::{Progress, State, Window};
use crate::timestamp::Timestamp;

/// What is going to be done, in a few lines.
pub(super) fn start(start: &Start, paint: Paint) -> String {
    let target = start.target.as_deref().unwrap_or("the default target");
    let mut text = format!(
        "{} {}\n",
        paint.bold(&format!("{} → {target}", start.project)),
        paint.dim(&format!("({}, dbt {})", start.adapter, start.dbt_version))
    );
    let mut line = |label: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}  {value}", paint.dim(&format!("{label:<9}")));
    };
    let selection =
        if start.selection.is_empty() { "the whole project".to_owned() } else { start.selection.join(" ") };
    line("selected", &format!("{} by {selection}", count(start.models.len(), "model")));
    for package in &start.packages {
        line("package", &format!("{}: {}", package.package, names(&package.tracked)));
    }
    for stand_in in &start.stand_ins {
        line(
            "stand-in",
            &format!("{} for {}, whose hook would fail without one", stand_in.model, stand_in.package),
        );
    }
    if let Some(journal) = &start.journal {
        line("journal", journal.as_str());
    }
    text
}

/// Where a package stands before the first run.
pub(super) fn state(state: &PackageState, limit_days: u32) -> String {
    let place = match (state.state, state.frontier) {
        (State::FirstRun | State::NewModel, Some(start)) => format!("from {}", short(start)),
        (State::FirstRun | State::NewModel, None) => "from its start date".to_owned(),
        (_, Some(frontier)) => format!("at {}", frontier.to_the_second()),
        (_, None) => String::new(),
    };
    let runs = state
        .runs_left
        .map_or(String::new(), |runs| format!("; {} of {limit_days} days to now", count(runs, "run")));
    format!("{}: {}, {place}{runs}", state.package, state.state.describe())
}

/// One line a package for a run that has ended well.
pub(super) fn run_finished(run: &RunFinished, paint: Paint) -> String {
    let several = run.packages.len() > 1;
    let lines = run.packages.iter().enumerate().map(|(place, package)| {
        let mut line = if place == 0 { format!("run {:>2}", run.run) } else { " ".repeat(6) };
        let _ = write!(line, "  {}  {:<11}", window(&package.window), package.state.describe());
        if place == 0 {
            let _ = write!(line, "  {}", count(run.models, "model"));
            if let Some(rows) = run.rows {
                let _ = write!(line, ", {} rows", thousands(rows));
            }
            let _ = write!(line, "  {}", paint.dim(&seconds(run.seconds)));
        }
        if several {
            let _ = write!(line, "  {}", paint.dim(&package.package));
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A stall, and what is done about it.
pub(super) fn limit_raised(raised: &LimitRaised, paint: Paint) -> String {
    format!(
        "        {} {}\n        {}",
        raised.package,
        stall(raised).replacen("stalled", &paint.warning("stalled"), 1),
        paint.dim(&format!(
            "limit of the next run: {} instead of {}",
            count(raised.to_days, "day"),
            raised.from_days
        ))
    )
}

/// Where a package stalled, and what is known of the events behind.
pub(super) fn stall(raised: &LimitRaised) -> String {
    let at = raised.at.map(Timestamp::to_the_minute);
    let next = raised.next_event.map(Timestamp::to_the_minute);
    let place = at.as_ref().map_or("before its first event".to_owned(), |at| format!("at {at}"));
    let why = match (raised.reason, at, next) {
        (RaiseReason::Gap, Some(at), Some(next)) => format!("no event {at} → {next}"),
        (RaiseReason::Gap, None, Some(next)) => format!("no event before {next}"),
        (RaiseReason::NoLaterEvent, _, Some(next)) => {
            format!("{place}, as the package leaves out the event at {next}, and no later one is known")
        }
        (RaiseReason::NoLaterEvent, Some(at), _) => format!("no event after {at}"),
        (RaiseReason::NoLaterEvent, None, _) => "no event at all".to_owned(),
        (RaiseReason::Doubled, _, Some(next)) => {
            format!("{place}, as the package leaves out the event at {next}")
        }
        (RaiseReason::Gap | RaiseReason::Doubled, _, _) => {
            format!("{place}, and the next event is not known")
        }
    };
    format!("stalled: {why}")
}

/// The end of a backfill, in parts.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// How it ended.
    pub(super) head: String,
    /// What it took.
    pub(super) spent: String,
    /// What to do next, where there is something.
    pub(super) next: Option<Next>,
    paint: Paint,
}

/// What to do after a backfill.
#[derive(Debug, Clone)]
pub(super) enum Next {
    /// A command, quoted for a shell: it stays on one line, so that it can be copied.
    Command(String),
    /// A sentence.
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

/// How it ended and what to do next; none for an error, which main prints with its causes. The history tells what was asked for.
pub(super) fn ending(finish: &Finish, history: &History, paint: Paint) -> Option<Ending> {
    let start = history.start.as_ref();
    let spent = format!("{} in {}", count(finish.runs, "good run"), seconds(finish.seconds));
    let frontiers: Vec<_> = finish
        .frontiers
        .iter()
        .filter_map(|(package, frontier)| frontier.map(|frontier| format!("{package} at {frontier}")))
        .collect();
    let at = if frontiers.is_empty() { String::new() } else { format!(": {}", frontiers.join(", ")) };
    let advice = |words: &str| Some(Next::Advice(words.to_owned()));
    let again = match start.map(|start| start.first_run_only.as_slice()) {
        // Rows that were forgotten once would be forgotten again, and no number of calls would ever get to the end.
        Some([flag, ..]) if finish.runs > 0 => {
            advice(&format!("call again without {flag} to go on from there; with it, it would start over"))
        }
        _ => advice("call again to go on from there"),
    };
    let (head, next) = match &finish.outcome {
        // Without a single event there is nothing to promote.
        Outcome::CaughtUp if frontiers.is_empty() => (paint.good("caught up"), None),
        Outcome::CaughtUp => (format!("{}{at}", paint.good("caught up")), promote(start)),
        Outcome::Reached { until } => {
            (format!("{} {until}{at}", paint.good("processed everything up to")), promote(start))
        }
        Outcome::RanOnce { .. } if has_stalled(history) => (
            format!("{}{at}", paint.warning("one run done, and nothing moved")),
            advice("call again; without --once it gets over gaps by itself"),
        ),
        Outcome::RanOnce { .. } => (format!("{}{at}", paint.bold("one run done, more to do")), again),
        Outcome::Stopped { by } => {
            (format!("{} by {by}, not caught up yet{at}", paint.warning("stopped")), again)
        }
        Outcome::Refused { reason } => (format!("{} {reason}", paint.error("refused:")), None),
        Outcome::DbtFailed => (
            format!("{}{at}", paint.error("ended by a failure of dbt")),
            match start.map(|start| start.first_run_only.as_slice()) {
                _ if finish.runs == 0 => advice("mend what it says, then call again"),
                Some([flag, ..]) => advice(&format!(
                    "mend what it says and call again without {flag}: it goes on from the last good run"
                )),
                _ => advice("mend what it says and call again: it goes on from the last good run"),
            },
        ),
        Outcome::Interrupted { signal } => {
            (paint.warning(&format!("interrupted by {}", signal_name(*signal))), again)
        }
        Outcome::Done | Outcome::Findings | Outcome::Differs => ("done".to_owned(), None),
        Outcome::Error { .. } => return None,
    };
    Some(Ending { head, spent, next, paint })
}

fn has_stalled(history: &History) -> bool {
    history.last_packages().iter().any(|run| run.progress == Progress::Stalled)
}

/// The command that brings the selection to prod.
fn promote(start: Option<&Start>) -> Option<Next> {
    // Where it is prod already, there is nothing to promote.
    let is_prod = |target: &str| {
        target.split(|c: char| !c.is_alphanumeric()).any(|word| ["prod", "production"].contains(&word))
    };
    let start = start.filter(|start| !start.target.as_deref().is_some_and(is_prod))?;
    // Targets of one warehouse are mostly named alike: pg_staging goes to pg_prod.
    let to = start.target.as_deref().filter(|target| target.contains("staging"));
    let to = to.map_or_else(|| "prod".to_owned(), |target| target.replace("staging", "prod"));
    let mut words = vec!["snowplow-backfill", "promote"];
    words.extend(start.selection.iter().map(String::as_str));
    words.extend(start.target.iter().flat_map(|target| ["--target", target]));
    words.extend(["--to", &to]);
    Some(Next::Command(quote_for_shell(words)))
}

/// What `plan` shows.
#[must_use]
pub fn plan(begin: &Start, states: &[PackageState], paint: Paint) -> String {
    let mut text = start(begin, paint);
    for package in states {
        let _ = writeln!(text, "  {}  {}", paint.dim("state    "), state(package, begin.limit_days));
        if let Some(next) = &package.window {
            let _ = writeln!(text, "  {}  {}", paint.dim("next run "), window(next));
        }
    }
    // The string is there to be copied, and stays on one line.
    let mut text = paint.wrapped(text.trim_end()) + "\n";
    let _ = writeln!(text, "  {}\n    {}", paint.dim("models_to_run"), begin.models_to_run);
    text
}

/// Both ends, to the day where the days differ.
pub(super) fn window(window: &Window) -> String {
    if window.lower.date() == window.upper.date() {
        format!("{} → {}", window.lower.to_the_minute(), window.upper.to_the_minute())
    } else {
        format!("{} → {}", window.lower.date(), window.upper.date())
    }
}

/// A day where it is midnight, else to the second.
fn short(time: Timestamp) -> String {
    if time == time.start_of_day() { time.date().to_string() } else { time.to_the_second().to_string() }
}

/// `5.2s`, `2m 31s`, `3h 02m`.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1}s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a duration, to the second")]
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}h {minutes:02}m") } else { format!("{minutes}m {seconds:02}s") }
}

pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

pub(super) fn count(number: impl TryInto<u64>, thing: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// As many names as fit into a line, at least one, and how many more.
fn names(names: &[String]) -> String {
    const WIDTH: usize = 44;
    let mut shown = 0;
    let mut width = 0;
    for name in names {
        width += name.len() + 2;
        if shown > 0 && width > WIDTH {
            break;
        }
        shown += 1;
    }
    match names.len() - shown {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..shown].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PackageRun;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([5.23, 59.96, 151.0, 7320.0].map(seconds), ["5.2s", "60.0s", "2m 31s", "2h 02m"]);
        assert_eq!((count(1u32, "run"), count(2u32, "run")), ("1 run".to_owned(), "2 runs".to_owned()));
        let long = ["a", "b", &"x".repeat(50), "d"].map(str::to_owned);
        assert_eq!((names(&long[..2]), names(&long)), ("a, b".to_owned(), "a, b and 2 more".to_owned()));
        assert_eq!(names(&long[2..3]), "x".repeat(50));
    }

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

    #[test]
    fn a_run_fits_into_eighty_columns() {
        let window = Window {
            lower: "2021-01-01 18:00".parse().expect("a time"),
            upper: "2021-01-31 23:59:59".parse().expect("a time"),
        };
        let run = RunFinished {
            run: 12,
            limit_days: 30,
            seconds: 75.4,
            models: 17,
            rows: Some(123_456),
            packages: vec![PackageRun {
                package: "snowplow_site".into(),
                state: State::OutOfSync,
                window,
                before: None,
                after: None,
                progress: Progress::Advanced,
            }],
            now: window.upper,
        };
        let line = run_finished(&run, Paint::default());
        assert_eq!(line, "run 12  2021-01-01 → 2021-01-31  out of sync  17 models, 123,456 rows  1m 15s");
        assert!(line.chars().count() <= 80);
    }
}
