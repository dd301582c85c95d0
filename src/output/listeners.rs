//! Passes the events of a command on to the reporters and the journal.

use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8Path;

use super::Reporter;
use super::github::Github;
use super::human::{Detail, Human, Part};
use super::json::Json;
use crate::event::{Envelope, Event, Finish, PromotionFinished, PromotionTask};
use crate::failure::Failure;
use crate::history::History;
use crate::outcome::Outcome;
use crate::workspace::Journal;

pub struct Listeners {
    human: Option<Human>,
    programs: Option<Box<dyn Reporter>>,
    journal: Option<Journal>,
    history: History,
    /// The first write that failed. The backfill continues without it.
    lost: Option<anyhow::Error>,
}

impl Listeners {
    fn new(human: Option<Human>, programs: Option<Box<dyn Reporter>>) -> Self {
        Self { human, programs, journal: None, history: History::default(), lost: None }
    }

    /// For people, on stderr.
    #[must_use]
    pub fn people(detail: Detail, part: Part) -> Self {
        Self::new(Some(Human::on_stderr(detail, part)), None)
    }

    /// For programs, as lines of JSON on stdout. People read on stderr what goes wrong.
    #[must_use]
    pub fn json(detail: Detail) -> Self {
        let json = Json::new(io::stdout());
        Self::new(Some(Human::on_stderr(detail, Part::Whole)), Some(Box::new(json)))
    }

    /// For a GitHub workflow, whose log holds everything. `project` is the dbt project's folder.
    pub fn github(project: &Utf8Path, detail: Detail) -> Result<Self> {
        let github = Github::on_stdout(project, detail)?;
        Ok(Self::new(None, Some(Box::new(github))))
    }

    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    pub fn emit(&mut self, event: Event) {
        let envelope = Envelope::now(event);
        self.history.add(&envelope.event);
        if let Some(human) = &mut self.human {
            let reported = human.report(&envelope, &self.history);
            self.keep_error(reported.context("cannot write the output"));
        }
        self.tell_programs(&envelope);
    }

    /// Writes the last events for the journal and for programs. Main prints the error for people.
    pub fn end_before_the_first_run(&mut self, error: &anyhow::Error, took: Duration) {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            self.tell_programs(&Envelope::now(Event::DbtFailed { run: None, failure: failure.clone() }));
        }
        let outcome = Outcome::of_error(error);
        self.tell_programs(&Envelope::now(Event::BackfillFinished(Finish {
            exit_code: outcome.exit_code(),
            outcome,
            runs: 0,
            seconds: took.as_secs_f64(),
            frontiers: Vec::new(),
        })));
    }

    /// Writes the last event of a promotion that was never begun, for programs. Main prints the error for people.
    pub fn end_before_the_first_statement(&mut self, task: PromotionTask, error: &anyhow::Error) {
        let error = Some(format!("{error:#}"));
        let finished = PromotionFinished { task, error, ..Default::default() };
        self.tell_programs(&Envelope::now(Event::PromotionFinished(finished)));
    }

    /// Does something while no progress bar is drawn.
    pub fn paused<T>(&mut self, act: impl FnOnce() -> T) -> T {
        match &self.human {
            Some(human) => human.paused(act),
            None => act(),
        }
    }

    fn tell_programs(&mut self, envelope: &Envelope) {
        if let Some(journal) = &mut self.journal {
            let written = journal.append(envelope);
            self.keep_error(written);
        }
        if let Some(programs) = &mut self.programs {
            let reported = match programs.report(envelope, &self.history) {
                // The reader closed the pipe, as `| head` does. The command continues.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                reported => reported,
            };
            self.keep_error(reported.context("cannot write the output"));
        }
    }

    fn keep_error(&mut self, written: Result<()>) {
        if let Err(error) = written {
            self.lost.get_or_insert(error);
        }
    }

    /// An error, if something could not be written.
    pub fn finish(self) -> Result<()> {
        match self.lost {
            Some(error) => Err(error.context("the output of this command is incomplete")),
            None => Ok(()),
        }
    }
}
