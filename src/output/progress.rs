//! The progress bar. It measures event time, from where the backfill began to now; in a promotion, statements.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::text;
use crate::dbt::Purpose;
use crate::event::{Event, PackageRun};
use crate::history::History;
use crate::snowplow::Window;
use crate::timestamp::Timestamp;

/// Steps of the bar.
const LENGTH: u64 = 1000;

/// The bar, with what is done beside it.
const BAR: &str = "{bar:24.cyan/dim} {prefix}\n{wide_msg}";

/// A bar on stderr, with the current step below it. Before the first run it is a spinner.
#[derive(Debug)]
pub(super) struct LiveBar {
    bar: ProgressBar,
    span: Option<Span>,
    /// The number and the window of the current run.
    run: String,
    /// Whether it measures the statements of a promotion.
    has_statements: bool,
}

/// What the bar measures.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
    began: Instant,
    reached: Timestamp,
}

impl Span {
    fn part(&self) -> f64 {
        let whole = self.to.since(self.from).as_seconds_f64();
        if whole <= 0.0 {
            1.0
        } else {
            (self.reached.since(self.from).as_seconds_f64() / whole).clamp(0.0, 1.0)
        }
    }

    /// Days of events a minute, and the time left at that rate.
    fn rate(&self) -> Option<(f64, f64)> {
        let done = self.reached.since(self.from).as_seconds_f64();
        let spent = self.began.elapsed().as_secs_f64();
        let left = self.to.since(self.reached).as_seconds_f64().max(0.0);
        (done > 0.0 && spent > 0.0).then(|| (done / 86400.0 / (spent / 60.0), left * spent / done))
    }
}

impl LiveBar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(LENGTH);
        bar.set_style(style("{spinner:.cyan} {wide_msg}"));
        bar.set_message("reading the project");
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, span: None, run: String::new(), has_statements: false }
    }

    pub(super) fn paused<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }

    /// Prints lines above the bar.
    pub(super) fn print(&self, lines: &str) {
        self.paused(|| {
            use std::io::Write;
            // If stderr is closed, nobody reads it.
            let _ = writeln!(std::io::stderr(), "{lines}");
        });
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn show(&mut self, event: &Event, history: &History) {
        let done = history.good_runs();
        match event {
            Event::DbtCalled(call) => match call.purpose {
                Purpose::Selection | Purpose::Parse => self.bar.set_message("reading the project"),
                // The bar measures statements now.
                Purpose::Query if self.has_statements => self.bar.set_message("comparing both sides"),
                Purpose::Query => self.message("reading the incremental manifest", done),
                Purpose::Promotion => self.bar.set_message("executing the promotion"),
                Purpose::Version => self.bar.set_message("asking dbt for its version"),
                Purpose::Run => {}
            },
            Event::StateRead { .. } => self.begin(history.span()),
            Event::RunStarted { run, packages, .. } => {
                let window = packages.iter().find_map(|package| package.window.as_ref()).map(text::window);
                self.run = format!("run {run}  {}", window.unwrap_or_default());
                self.message("starting dbt", done);
            }
            Event::ModelFinished(model) => {
                self.message(&format!("{}/{} models", model.index, model.total), done);
            }
            Event::RunFinished(run) => self.reach(&run.packages),
            Event::PromotionStarted(started) => self.begin_statements(started.total),
            Event::StatementStarted(started) => self.bar.set_message(started.title.clone()),
            Event::StatementFinished(finished) => self.reach_statement(finished.statement, finished.total),
            Event::Warning { .. }
            | Event::Note { .. }
            | Event::BackfillStarted(_)
            | Event::LimitRaised(_)
            | Event::DbtFailed { .. }
            | Event::BackfillFinished(_)
            | Event::PromotionCompared(_)
            | Event::PromotionLeftNothing(_)
            | Event::PromotionFinished(_) => {}
        }
    }

    fn begin(&mut self, span: Option<Window>) {
        let Some(Window { lower, upper }) = span else { return };
        self.span = Some(Span { from: lower, to: upper, began: Instant::now(), reached: lower });
        self.bar.set_style(style(BAR));
    }

    fn begin_statements(&mut self, total: usize) {
        self.has_statements = true;
        self.bar.set_style(style(BAR));
        self.reach_statement(0, total);
    }

    fn reach_statement(&self, done: usize, total: usize) {
        let [reached, all] = [done, total.max(1)].map(|number| u64::try_from(number).unwrap_or(LENGTH));
        self.bar.set_position(LENGTH * reached / all);
        self.bar.set_prefix(format!("{done} of {} done", text::count(total, "statement")));
    }

    fn reach(&mut self, packages: &[PackageRun]) {
        let Some(span) = &mut self.span else { return };
        if let Some(reached) = packages.iter().filter_map(|package| package.after).min() {
            span.reached = span.reached.max(reached);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a bar"
        )]
        self.bar.set_position((span.part() * LENGTH as f64) as u64);
    }

    /// Shows the current step, and the rate so far.
    fn message(&self, what: &str, done: u32) {
        let runs = text::count(done, "run");
        let rate = self.span.and_then(|span| span.rate()).map_or(String::new(), |(days, left)| {
            format!(", {days:.0} days a minute, {} left", text::seconds(left))
        });
        self.bar.set_prefix(format!("{runs} done{rate}"));
        let run = if self.run.is_empty() { String::new() } else { format!("{}  ", self.run) };
        self.bar.set_message(format!("{run}{what}"));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_event_time() {
        let at = |text: &str| text.parse().expect("a time");
        let span = Span {
            from: at("2021-01-01"),
            to: at("2021-01-11"),
            began: Instant::now(),
            reached: at("2021-01-06"),
        };
        assert!((span.part() - 0.5).abs() < 1e-9);
        let nothing = Span { to: span.from, ..span };
        assert!((nothing.part() - 1.0).abs() < 1e-9);
    }
}
