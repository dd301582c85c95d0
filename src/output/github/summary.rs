//! The summary of a workflow's step, in Markdown: a table with a row for each run, and how the backfill
//! ended; the same for the statements of a promotion.
//!
//! Each row is written at once, so that a job that is killed leaves the rows of its runs.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::paths::RepositoryPaths;
use super::promotion;
use crate::event::{Event, LimitRaised, RunFinished, Start};
use crate::failure::Failure;
use crate::history::History;
use crate::outcome::Outcome;
use crate::output::ending::{Ending, Next, ending};
use crate::output::markdown::{code, escaped, inline};
use crate::output::paint::Paint;
use crate::output::text;
use crate::snowplow::Window;
use crate::timestamp::Timestamp;

/// The width of a run's picture, in characters.
const WIDTH: usize = 20;

const HEAD: &str = "\
| run | window (UTC) | state | from start to now | time | models | rows |
|--:|---|---|---|--:|--:|--:|
";

#[derive(Debug)]
pub(super) struct Summary<W> {
    out: W,
    has_title: bool,
    has_table: bool,
    /// Whether the table of a promotion's statements has begun.
    has_statements: bool,
    /// The failure of dbt that it shows.
    told: Option<String>,
}

impl<W: Write> Summary<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, has_title: false, has_table: false, has_statements: false, told: None }
    }

    pub(super) fn tell(
        &mut self,
        event: &Event,
        paths: &RepositoryPaths,
        history: &History,
    ) -> io::Result<()> {
        let text = match event {
            Event::BackfillStarted(start) => {
                self.has_title = true;
                head(start)
            }
            Event::RunFinished(run) => self.rows(run, history),
            Event::LimitRaised(raised) => self.row(&raised_row(raised)),
            Event::DbtFailed { run, failure } => {
                self.told = Some(failure.to_string());
                format!("{}{}", self.title(), self.failure(*run, failure, (paths, history)))
            }
            Event::BackfillFinished(finish) => {
                let ending = ending(finish, history, Paint::default());
                let title = self.title();
                match (ending, &finish.outcome) {
                    (Some(ending), _) => format!("{title}{}", end(&ending)),
                    (None, Outcome::Error { message }) if self.told.as_ref() == Some(message) => {
                        format!("{title}\n**stopped by an error**\n")
                    }
                    (None, Outcome::Error { message }) => {
                        format!("{title}\n**stopped by an error**\n\n{}", code(&paths.shortened(message)))
                    }
                    (None, _) => return Ok(()),
                }
            }
            Event::PromotionStarted(started) => {
                (self.has_title, self.has_statements) = (true, false);
                promotion::summary_head(started)
            }
            Event::StatementFinished(finished) => {
                let is_first = !std::mem::replace(&mut self.has_statements, true);
                let head = if is_first { promotion::STATEMENTS_HEAD } else { "" };
                format!("{head}{}", promotion::summary_row(finished))
            }
            Event::PromotionCompared(compared) => promotion::summary_comparison(compared),
            Event::PromotionFinished(finished) => {
                let is_first = !std::mem::replace(&mut self.has_title, true);
                let title = if is_first { "## Promotion\n" } else { "" };
                format!("{title}{}", promotion::summary_end(finished, paths))
            }
            Event::DbtCalled(_)
            | Event::Warning { .. }
            | Event::Note { .. }
            | Event::StateRead { .. }
            | Event::RunStarted { .. }
            | Event::ModelFinished(_)
            | Event::StatementStarted(_)
            | Event::PromotionLeftNothing(_) => return Ok(()),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// The title of a backfill that ended before it began.
    fn title(&mut self) -> &'static str {
        if std::mem::replace(&mut self.has_title, true) { "" } else { "## Backfill\n" }
    }

    fn rows(&mut self, run: &RunFinished, history: &History) -> String {
        let mut text = String::new();
        for (place, package) in run.packages.iter().enumerate() {
            let window = &package.window;
            let span = history.span().unwrap_or(*window);
            let name = if run.packages.len() > 1 {
                format!(" {}", escaped(&package.package))
            } else {
                String::new()
            };
            let rest = if place == 0 {
                let rows = run.rows.map_or(String::new(), text::thousands);
                format!("{} | {} | {rows}", text::seconds(run.seconds), run.models)
            } else {
                " | | ".to_owned()
            };
            let number = if place == 0 { run.run.to_string() } else { String::new() };
            let (shown, state) = (text::window(window), package.state.describe());
            text += &self
                .row(&format!("{number} | {shown} | {state}{name} | `{}` | {rest}", picture(&span, window)));
        }
        text
    }

    /// A row of the table. The head comes with the first one.
    fn row(&mut self, cells: &str) -> String {
        let head = if std::mem::replace(&mut self.has_table, true) { "" } else { HEAD };
        format!("{head}| {} |\n", cells.trim_end())
    }

    fn failure(
        &mut self,
        run: Option<u32>,
        failure: &Failure,
        (paths, history): (&RepositoryPaths, &History),
    ) -> String {
        let mut text = String::new();
        if let Some(run) = run {
            let package = history.current.as_ref().and_then(|current| current.packages.first());
            let window =
                package.and_then(|package| package.window.as_ref()).map_or(String::new(), text::window);
            let state = package.map_or("", |package| package.state.describe());
            text += &self.row(&format!("{run} | {window} | {state} | :x: {} | | |", failure.kind.describe()));
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}", code(&paths.shortened(&failure.to_string())));
        text
    }
}

fn head(start: &Start) -> String {
    let target = start.target.as_deref().unwrap_or("default target");
    let selection = if start.selection.is_empty() {
        "the whole project".to_owned()
    } else {
        inline(&start.selection.join(" "))
    };
    let tracked: Vec<_> = start
        .packages
        .iter()
        .map(|package| {
            format!(
                "{} of {}",
                text::count(package.tracked.len(), "tracked model"),
                escaped(&package.package)
            )
        })
        .collect();
    format!(
        "## Backfill of {} → {}\n\n{selection}: {}, {}, {} a run ({}, dbt {})\n\n",
        escaped(&start.project),
        escaped(target),
        text::count(start.models.len(), "model"),
        tracked.join(", "),
        text::count(start.limit_days, "day"),
        escaped(&start.adapter),
        escaped(&start.dbt_version),
    )
}

fn raised_row(raised: &LimitRaised) -> String {
    let why = text::stall(raised);
    let days = text::count(raised.to_days, "day");
    format!(
        "| :warning: {} {}: {days} instead of {} | | | | | ",
        escaped(&raised.package),
        escaped(&why),
        raised.from_days
    )
}

fn end(ending: &Ending) -> String {
    let next = match &ending.next {
        Some(Next::Command(command)) => format!("\nnext:\n\n{}", code(command)),
        Some(Next::Advice(advice)) => format!("\nnext: {}\n", escaped(advice)),
        None => String::new(),
    };
    format!("\n**{}**\n\n{}\n{next}", escaped(&ending.head), ending.spent)
}

/// Where a window lies between the start and now: what was done before, this run, what is left.
fn picture(span: &Window, window: &Window) -> String {
    let whole = span.upper.since(span.lower).as_seconds_f64();
    let place = |time: Timestamp| {
        let part = if whole <= 0.0 { 1.0 } else { time.since(span.lower).as_seconds_f64() / whole };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a picture"
        )]
        let place = (part.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
        place
    };
    let end = place(window.upper).max(1);
    // Even a short run must be visible.
    let begin = place(window.lower).min(end - 1);
    ["▒".repeat(begin), "█".repeat(end - begin), "░".repeat(WIDTH - end)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_windows_on_the_way_to_now() {
        let at = |text: &str| text.parse().expect("a time");
        let window = |lower, upper| Window { lower: at(lower), upper: at(upper) };
        let span = window("2024-01-01", "2024-01-21");
        for (lower, upper, expected) in [
            ("2024-01-01", "2024-01-06", "█████░░░░░░░░░░░░░░░"),
            ("2024-01-05 18:00", "2024-01-11", "▒▒▒▒▒█████░░░░░░░░░░"),
            ("2024-01-20 23:50", "2024-01-21", "▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█"),
            ("2023-01-01", "2023-01-02", "█░░░░░░░░░░░░░░░░░░░"),
            ("2024-01-20", "2024-02-01", "▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█"),
        ] {
            assert_eq!(picture(&span, &window(lower, upper)), expected, "{lower}");
        }
        assert_eq!(picture(&window("2024-01-01", "2024-01-01"), &span), "▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█");
    }
}
