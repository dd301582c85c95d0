//! Everyone who is told of a command's events: reporters, and the journal.

use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8Path;

use super::Reporter;
use super::github::Github;
use super::human::{Detail, Human, Part};
use super::json::Json;
use crate::event::{Envelope, Event, Finish};
use crate::failure::Failure;
use crate::history::History;
use crate::outcome::Outcome;
use crate::workspace::Journal;

/// All listeners of a command.
pub struct Listeners {
    human: Option<Human>,
    programs: Option<Box<dyn Reporter>>,
    journal: Option<Journal>,
    history: History,
    /// What could not be written, once: a backfill does not stop because nobody reads about it.
    lost: Option<anyhow::Error>,
}

impl Listeners {
    fn new(human: Option<Human>, programs: Option<Box<dyn Reporter>>) -> Self {
        Self { human, programs, journal: None, history: History::default(), lost: None }
    }

    /// People, on stderr.
    #[must_use]
    pub fn people(detail: Detail, part: Part) -> Self {
        Self::new(Some(Human::on_stderr(detail, part)), None)
    }

    /// Programs that read JSON lines on stdout; people read on stderr what goes wrong.
    #[must_use]
    pub fn json(detail: Detail) -> Self {
        let json = Json::new(io::stdout());
        Self::new(Some(Human::on_stderr(detail, Part::Whole)), Some(Box::new(json)))
    }

    /// A GitHub workflow. Its log holds everything. `project` is the dbt project's folder.
    ///
    /// # Errors
    /// What GitHub names as the summary of the step cannot be written.
    pub fn github(project: &Utf8Path, detail: Detail) -> Result<Self> {
        let github = Github::on_stdout(project, detail)?;
        Ok(Self::new(None, Some(Box::new(github))))
    }

    /// Adds a journal.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// Tells everyone of an event.
    pub fn emit(&mut self, event: Event) {
        let envelope = Envelope::now(event);
        self.history.add(&envelope.event);
        if let Some(human) = &mut self.human {
            let reported = human.report(&envelope, &self.history);
            self.note(reported.context("cannot write the output"));
        }
        self.tell_programs(&envelope);
    }

    /// Ends the journal and what programs read as they always end; people are told by main, which prints the error.
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

    fn tell_programs(&mut self, envelope: &Envelope) {
        if let Some(journal) = &mut self.journal {
            let written = journal.append(envelope);
            self.note(written);
        }
        if let Some(programs) = &mut self.programs {
            let reported = match programs.report(envelope, &self.history) {
                // Whoever listened has gone, as after `| head`, and misses nothing.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                reported => reported,
            };
            self.note(reported.context("cannot write the output"));
        }
    }

    fn note(&mut self, written: Result<()>) {
        if let Err(error) = written {
            self.lost.get_or_insert(error);
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// Something was not written on the way.
    pub fn finish(self) -> Result<()> {
        match self.lost {
            Some(error) => Err(error.context("the command went on, but its output is incomplete")),
            None => Ok(()),
        }
    }
}
