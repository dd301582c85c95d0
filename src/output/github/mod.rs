//! For GitHub Actions: a group of lines for each run, annotations on failures, and a summary of the step.

mod paths;
mod promotion;
mod summary;
pub mod workflow;

use std::fs::File;
use std::io::{self, Stdout, Write};

use anyhow::Result;
use camino::Utf8Path;

use self::paths::RepositoryPaths;
use self::summary::Summary;
use self::workflow::{Annotation, Level};
use super::Reporter;
use super::ending::ending;
use super::human::Detail;
use super::paint::Paint;
use super::{promotion as lines_of, text};
use crate::dbt::ModelFinished;
use crate::event::{Envelope, Event, PackageState, PromotionFinished};
use crate::failure::{Failure, signal_name};
use crate::history::History;
use crate::outcome::Outcome;

/// Reports to a workflow's log, and to its summary where there is one.
#[derive(Debug)]
pub struct Github<W, S> {
    out: W,
    summary: Option<Summary<S>>,
    paths: RepositoryPaths,
    detail: Detail,
    in_group: bool,
    /// dbt's last failure, which has its annotations.
    told: Option<String>,
}

impl Github<Stdout, File> {
    /// Writes to stdout, and to the summary that GitHub's environment names. `project` is the dbt project's
    /// folder.
    pub fn on_stdout(project: &Utf8Path, detail: Detail) -> Result<Self> {
        let paths = RepositoryPaths::of_this_process(project);
        Ok(Self::new(io::stdout(), workflow::summary_file()?, paths, detail))
    }
}

impl<W: Write, S: Write> Github<W, S> {
    fn new(out: W, summary: Option<S>, paths: RepositoryPaths, detail: Detail) -> Self {
        let summary = summary.map(Summary::new);
        Self { out, summary, paths, detail, in_group: false, told: None }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", self.paths.shortened(text))
    }

    fn annotate(&mut self, annotation: &Annotation<'_>) -> io::Result<()> {
        writeln!(self.out, "{annotation}")
    }

    fn begin_group(&mut self, run: u32, packages: &[PackageState]) -> io::Result<()> {
        let parts = packages.iter().map(|package| {
            let window = package.window.as_ref().map(text::window);
            format!("{}{}", window.map_or(String::new(), |window| window + "  "), package.state.describe())
        });
        self.in_group = true;
        let title = format!("run {run}  {}", parts.collect::<Vec<_>>().join(", "));
        writeln!(self.out, "{}", workflow::group(&title))
    }

    fn end_group(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.in_group) {
            writeln!(self.out, "{}", workflow::END_GROUP)
        } else {
            Ok(())
        }
    }

    fn fail(&mut self, run: Option<u32>, failure: &Failure, history: &History) -> io::Result<()> {
        self.end_group()?;
        self.told = Some(failure.to_string());
        let call = run.map_or_else(|| failure.call.clone(), |run| format!("run {run}"));
        for complaint in &failure.complaints {
            let (node, project) =
                (complaint.node.as_deref(), history.start.as_ref().map(|start| start.project.as_str()));
            let name = node.and_then(|node| node.rsplit('.').next());
            let title = match name {
                Some(name) => format!("{call}: {name} failed"),
                None => format!("{call}: {}", failure.kind.describe()),
            };
            let hint = failure.hint.as_ref().map_or(String::new(), |hint| format!("\n{hint}"));
            let file = self.paths.file_named_in(&complaint.message, node, project);
            self.annotate(&Annotation {
                level: Level::Error,
                file: file.as_deref().map(Utf8Path::as_str),
                line: None,
                title: &title,
                message: &format!("{}{hint}", complaint.message),
            })?;
        }
        self.line(&workflow::quoted(&failure.to_string()))
    }

    fn finish(&mut self, outcome: &Outcome) -> io::Result<()> {
        let (level, title, message) = match outcome {
            Outcome::Refused { reason } => (Level::Error, "refused".to_owned(), reason.clone()),
            Outcome::NoEvents => (
                Level::Error,
                "no events".to_owned(),
                "the backfill found no event at all, so it processed nothing".to_owned(),
            ),
            Outcome::Error { message } if self.told.as_ref() == Some(message) => return Ok(()),
            Outcome::Error { message } => (Level::Error, "snowplow-backfill".to_owned(), message.clone()),
            Outcome::Interrupted { signal } => (
                Level::Warning,
                format!("interrupted by {}", signal_name(*signal)),
                "run the same command again to continue".to_owned(),
            ),
            Outcome::Stopped { by } => (
                Level::Notice,
                format!("stopped by {by}"),
                "not up to date: run the same command again to continue".to_owned(),
            ),
            // dbt's failure has annotations already. The others are told by the last lines of the log.
            Outcome::DbtFailed
            | Outcome::Done
            | Outcome::Findings
            | Outcome::Differs
            | Outcome::CaughtUp
            | Outcome::Reached { .. }
            | Outcome::RanOnce { .. } => return Ok(()),
        };
        let file = match outcome {
            Outcome::Error { message } => self.paths.file_named_in(message, None, None),
            _ => None,
        };
        let file = file.as_deref().map(Utf8Path::as_str);
        self.annotate(&Annotation { level, file, line: None, title: &title, message: &message })
    }

    fn finish_promotion(&mut self, finished: &PromotionFinished) -> io::Result<()> {
        self.end_group()?;
        if let Some(error) = &finished.error {
            let error = self.paths.shortened(error);
            return self.annotate(&promotion::error(promotion::failed(finished.task), &error));
        }
        match lines_of::finished(finished, Paint::default()) {
            Some(lines) => self.line(&lines),
            None => Ok(()),
        }
    }

    fn model(&mut self, model: &ModelFinished) -> io::Result<()> {
        let ModelFinished { index, total, model, status, seconds, .. } = model;
        self.line(&format!("{index:>4}/{total}  {status:<8} {:>7}  {model}", text::seconds(*seconds)))
    }

    fn log(&mut self, event: &Event, history: &History) -> io::Result<()> {
        let paint = Paint::default();
        match event {
            Event::DbtCalled(call) if self.detail == Detail::Verbose => {
                writeln!(self.out, "$ {}", call.command)
            }
            Event::DbtCalled(_) | Event::StatementStarted(_) => Ok(()),
            Event::Note { message } => self.line(&format!("note: {message}")),
            Event::Warning { message } => self.annotate(&Annotation {
                level: Level::Warning,
                file: None,
                line: None,
                title: "snowplow-backfill",
                message,
            }),
            Event::BackfillStarted(start) => self.line(text::start(start, paint).trim_end()),
            Event::StateRead { packages, .. } => {
                let limit_days = history.start.as_ref().map_or(0, |start| start.limit_days);
                packages.iter().try_for_each(|package| {
                    self.line(&format!("  state      {}", text::state(package, limit_days)))
                })
            }
            Event::RunStarted { run, packages, .. } => self.begin_group(*run, packages),
            Event::ModelFinished(model) => self.model(model),
            Event::RunFinished(run) => {
                self.end_group()?;
                self.line(&text::run_finished(run, paint))
            }
            Event::LimitRaised(raised) => self.line(&text::limit_raised(raised, paint)),
            Event::DbtFailed { run, failure } => self.fail(*run, failure, history),
            Event::PromotionStarted(started) => {
                self.line(&lines_of::started(started, paint))?;
                self.in_group = true;
                writeln!(self.out, "{}", workflow::group(&text::count(started.total, "statement")))
            }
            Event::StatementFinished(finished) => self.line(&lines_of::statement_finished(finished, paint)),
            Event::PromotionCompared(compared) => {
                self.end_group()?;
                if let Some(differences) = promotion::differences(compared) {
                    self.annotate(&promotion::error("both sides differ", &differences))?;
                }
                self.line(&lines_of::verdict(compared, paint))
            }
            Event::PromotionLeftNothing(left) => self.line(&lines_of::left_nothing(left)),
            Event::PromotionFinished(finished) => self.finish_promotion(finished),
            Event::BackfillFinished(finish) => {
                self.end_group()?;
                self.finish(&finish.outcome)?;
                match ending(finish, history, paint) {
                    Some(ending) => self.line(&ending.to_string()),
                    None => Ok(()),
                }
            }
        }
    }
}

impl<W: Write, S: Write> Reporter for Github<W, S> {
    fn report(&mut self, envelope: &Envelope, history: &History) -> io::Result<()> {
        self.log(&envelope.event, history)?;
        self.out.flush()?;
        match &mut self.summary {
            Some(summary) => summary.tell(&envelope.event, &self.paths, history),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
