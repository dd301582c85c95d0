//! Lines for people, on stderr. On a terminal, a progress bar stays below them.

use std::io::{self, IsTerminal, Write};

use super::Reporter;
use super::ending::ending;
use super::paint::Paint;
use super::progress::LiveBar;
use super::{promotion, text};
use crate::event::{Envelope, Event};
use crate::history::History;

/// How much people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Full,
    /// Everything, with the command line of every call of dbt.
    Verbose,
    /// What went wrong, and on a terminal what it is doing now.
    Waiting,
    /// Only what went wrong: the rest is on stdout, for programs.
    Trouble,
}

/// Whether a backfill is all that its command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It is: the command ends with it.
    Whole,
    /// The command continues by itself afterwards.
    OfAnotherCommand,
}

#[derive(Debug)]
pub struct Human {
    paint: Paint,
    detail: Detail,
    bar: Option<LiveBar>,
    /// The working directory, with a trailing slash.
    directory: Option<String>,
    part: Part,
}

impl Human {
    pub fn on_stderr(detail: Detail, part: Part) -> Self {
        let alive = io::stderr().is_terminal()
            && std::env::var_os("CI").is_none()
            && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let bar = (alive && detail != Detail::Trouble).then(LiveBar::new);
        let directory =
            std::env::current_dir().ok().and_then(|path| path.to_str().map(|path| format!("{path}/")));
        Self { paint: Paint::for_stderr(), detail, bar, directory, part }
    }

    pub(super) fn paused<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.paused(act),
            None => act(),
        }
    }

    /// Shows paths from the working directory on, except in commands, which may be pasted elsewhere.
    fn lines(&self, event: &Event, history: &History) -> Option<String> {
        let lines = self.full_lines(event, history)?;
        let from_here = |lines: String| match &self.directory {
            Some(directory) => shortened(&lines, directory),
            None => lines,
        };
        Some(match event {
            Event::DbtCalled(_) => lines,
            // Wrapped already, all but its command.
            Event::BackfillFinished(_) => from_here(lines),
            _ => self.paint.wrapped(&from_here(lines)),
        })
    }

    fn full_lines(&self, event: &Event, history: &History) -> Option<String> {
        let paint = self.paint;
        let full = matches!(self.detail, Detail::Full | Detail::Verbose);
        match event {
            Event::Warning { message } => Some(format!("{} {message}", paint.warning("warning:"))),
            Event::Note { message } if full => Some(paint.dim(&format!("note: {message}"))),
            Event::DbtFailed { run, failure } => {
                let run = run.map_or(String::new(), |run| format!("run {run}: "));
                Some(format!("{}{failure}", paint.error(&run)))
            }
            Event::BackfillFinished(finish) => {
                let mut ending = ending(finish, history, paint);
                if let Some(ending) = &mut ending
                    && self.part == Part::OfAnotherCommand
                    && finish.exit_code == 0
                {
                    ending.next = None;
                }
                ending.filter(|_| full || finish.exit_code != 0).map(|ending| ending.to_string())
            }
            Event::DbtCalled(call) if self.detail == Detail::Verbose => {
                Some(paint.dim(&format!("$ {}", call.command)))
            }
            Event::PromotionCompared(compared) if full || !compared.is_equal() => {
                Some(promotion::compared(compared, paint))
            }
            Event::PromotionFinished(finished) if full || finished.is_equal == Some(false) => {
                promotion::finished(finished, paint)
            }
            _ if !full => None,
            Event::BackfillStarted(start) => Some(text::start(start, paint).trim_end().to_owned()),
            Event::StateRead { packages, .. } => {
                let limit_days = history.start.as_ref().map_or(0, |start| start.limit_days);
                let states = packages.iter().map(|package| {
                    format!("  {}  {}", paint.dim("state    "), text::state(package, limit_days))
                });
                Some(states.collect::<Vec<_>>().join("\n"))
            }
            Event::RunFinished(run) => Some(text::run_finished(run, paint)),
            Event::LimitRaised(raised) => Some(text::limit_raised(raised, paint)),
            Event::PromotionStarted(started) => Some(promotion::started(started, paint)),
            Event::StatementFinished(finished) => Some(promotion::statement_finished(finished, paint)),
            Event::PromotionLeftNothing(left) => Some(promotion::left_nothing(left)),
            Event::DbtCalled(_)
            | Event::Note { .. }
            | Event::RunStarted { .. }
            | Event::ModelFinished(_)
            | Event::StatementStarted(_)
            | Event::PromotionCompared(_)
            | Event::PromotionFinished(_) => None,
        }
    }
}

/// Takes the directory away from the paths that begin with it.
fn shortened(text: &str, directory: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(directory) {
        short.push_str(before);
        let begins_here = !short.ends_with(|c: char| c.is_alphanumeric() || "/.-_~".contains(c));
        if !begins_here {
            short.push_str(directory);
        }
        rest = after;
    }
    short + rest
}

impl Reporter for Human {
    fn report(&mut self, envelope: &Envelope, history: &History) -> io::Result<()> {
        let event = &envelope.event;
        let lines = self.lines(event, history);
        if matches!(event, Event::BackfillFinished(_) | Event::PromotionFinished(_))
            && let Some(bar) = self.bar.take()
        {
            bar.clear();
        }
        match (&mut self.bar, lines) {
            (Some(bar), lines) => {
                if let Some(lines) = lines {
                    bar.print(&lines);
                }
                bar.show(event, history);
                Ok(())
            }
            (None, Some(lines)) => writeln!(io::stderr(), "{lines}"),
            (None, None) => Ok(()),
        }
    }
}

impl Drop for Human {
    fn drop(&mut self) {
        // After an error there is no last event, which would clear the bar.
        if let Some(bar) = &self.bar {
            bar.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_begin_with_the_directory_are_shortened() {
        for (text, short) in [
            ("journal /app/target/j.jsonl", "journal target/j.jsonl"),
            ("'/app/a', (/app/b) and /mnt/app/c", "'a', (b) and /mnt/app/c"),
            ("/app/x/app/y", "x/app/y"),
            ("see /app", "see /app"),
        ] {
            assert_eq!(shortened(text, "/app/"), short);
        }
    }
}
