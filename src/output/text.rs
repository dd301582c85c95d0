//! Events as lines of text, at most 80 columns wide where names allow. Pure.

use std::fmt::Write;

use super::paint::Paint;
use crate::event::{LimitRaised, PackageState, RaiseReason, RunFinished, Start};
use crate::snowplow::{State, Window};
use crate::timestamp::Timestamp;

/// What the backfill is about, in a few lines.
pub(super) fn start(start: &Start, paint: Paint) -> String {
    let target = start.target.as_deref().unwrap_or("default target");
    let mut text = format!(
        "{} {}\n",
        paint.bold(&format!("{} → {target}", start.project)),
        paint.dim(&format!("({}, dbt {})", start.adapter, start.dbt_version))
    );
    let mut line = |label: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}  {value}", paint.dim(&format!("{label:<9}")));
    };
    let models = count(start.models.len(), "model");
    match start.selection.as_slice() {
        [] => line("selected", &format!("{models}, the whole project")),
        selection => line("selected", &format!("{models} by {}", selection.join(" "))),
    }
    for package in &start.packages {
        line("package", &format!("{}: {}", package.package, names(&package.tracked)));
    }
    for stand_in in &start.stand_ins {
        line("stand-in", &format!("{} (keeps {}'s hook from failing)", stand_in.model, stand_in.package));
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
    let runs = state.runs_left.map_or(String::new(), |runs| {
        format!("; {} of {} to now", count(runs, "run"), count(limit_days, "day"))
    });
    format!("{}: {}, {place}{runs}", state.package, state.state.describe())
}

/// A good run, with one line for each package.
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

/// A stall, and the next run's limit.
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

/// Where a package stalled, and what is known of the later events.
pub(super) fn stall(raised: &LimitRaised) -> String {
    let at = raised.at.map(Timestamp::to_the_minute);
    let next = raised.next_event.map(Timestamp::to_the_minute);
    let stalled = match &at {
        Some(at) => format!("stalled at {at}"),
        None => "stalled before its first event".to_owned(),
    };
    match (raised.reason, at, next) {
        (RaiseReason::Gap, Some(at), Some(next)) => format!("stalled: no event {at} → {next}"),
        (RaiseReason::Gap, None, Some(next)) => format!("finds no event before {next}"),
        (RaiseReason::NoLaterEvent, _, Some(next)) => {
            format!("{stalled}: the package leaves out the event at {next}, and no later one is known")
        }
        (RaiseReason::NoLaterEvent, Some(at), _) => format!("stalled: no event after {at}"),
        (RaiseReason::NoLaterEvent, None, _) => "finds no event".to_owned(),
        (RaiseReason::Doubled, _, Some(next)) => {
            format!("{stalled}: the package leaves out the event at {next}")
        }
        (RaiseReason::Gap | RaiseReason::Doubled, _, _) => {
            format!("{stalled}: the next event is not known")
        }
    }
}

/// What `plan` shows besides the start of a backfill.
#[derive(Debug)]
pub struct NextRun<'a> {
    /// What each package does.
    pub states: &'a [PackageState],
    /// Why its limit is more than the user's.
    pub raised: Option<&'a LimitRaised>,
    /// The flags that stop the backfill early.
    pub stops: &'a [String],
}

/// What `plan` shows.
pub fn plan(begin: &Start, next: &NextRun<'_>, paint: Paint) -> String {
    let &NextRun { states, raised, stops } = next;
    let mut text = start(begin, paint);
    for package in states {
        let _ = writeln!(text, "  {}  {}", paint.dim("state    "), state(package, begin.limit_days));
        if let Some(next) = &package.window {
            let _ = writeln!(text, "  {}  {}", paint.dim("next run "), window(next));
        }
    }
    if let Some(raised) = raised {
        let days = count(raised.to_days, "day");
        let _ = writeln!(
            text,
            "  {}  {days} for the next run: {} {}",
            paint.dim("limit    "),
            raised.package,
            stall(raised)
        );
    }
    if !stops.is_empty() {
        let _ = writeln!(text, "  {}  {}", paint.dim("stops by "), stops.join(", "));
    }
    let _ = writeln!(text, "  {}\n    {}", paint.dim("models_to_run"), begin.models_to_run);
    // A file has the string on one line, so that it can be copied. A terminal would break it inside a name.
    paint.wrapped(text.trim_end()) + "\n"
}

/// Both limits, as dates if these differ.
pub(super) fn window(window: &Window) -> String {
    if window.lower.date() == window.upper.date() {
        format!("{} → {}", window.lower.to_the_minute(), window.upper.to_the_minute())
    } else {
        format!("{} → {}", window.lower.date(), window.upper.date())
    }
}

/// A date if the time is midnight, otherwise to the second.
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

pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// `8 kB`, `1.2 GB`: powers of 1000.
pub fn size(bytes: u64) -> String {
    let mut unit = 1;
    for name in ["B", "kB", "MB", "GB"] {
        if bytes < unit * 1000 {
            return in_units(bytes, unit, name);
        }
        unit *= 1000;
    }
    in_units(bytes, unit, "TB")
}

/// One digit after the point, where it says something.
fn in_units(bytes: u64, unit: u64, name: &str) -> String {
    let tenths = if unit == 1 { 0 } else { bytes / (unit / 10) % 10 };
    let whole = thousands(bytes / unit);
    if tenths == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenths} {name}") }
}

pub fn count(number: impl TryInto<u64>, thing: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// As many names as fit into a line, at least one, and the number of the others.
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
    use crate::snowplow::Progress;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0, 999, 8_192, 1_000_000, 1_249_999_999, 2_000_000_000_000, 3_456_000_000_000_000];
        let expected = ["0 B", "999 B", "8.1 kB", "1 MB", "1.2 GB", "2 TB", "3,456 TB"];
        assert_eq!(sizes.map(size), expected);
        assert_eq!([5.23, 59.96, 151.0, 7320.0].map(seconds), ["5.2s", "60.0s", "2m 31s", "2h 02m"]);
        assert_eq!((count(1u32, "run"), count(2u32, "run")), ("1 run".to_owned(), "2 runs".to_owned()));
        let long = ["a", "b", &"x".repeat(50), "d"].map(str::to_owned);
        assert_eq!((names(&long[..2]), names(&long)), ("a, b".to_owned(), "a, b and 2 more".to_owned()));
        assert_eq!(names(&long[2..3]), "x".repeat(50));
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
