//! Where a command's events go: the reporters that were asked for, and the journal.

use std::io::{self, ErrorKind};
use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8Path;

use crate::backfill::Journal;
use crate::cli::RunFormat;
use crate::event::{Event, Finish, Record};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::report::{Detail, Github, Human, Json, Reporter};

/// All listeners of a command.
pub(super) struct Output {
    human: Option<Human>,
    programs: Option<Box<dyn Reporter>>,
    journal: Option<Journal>,
    /// What could not be written, once: a backfill does not stop because nobody reads about it.
    lost: Option<anyhow::Error>,
}

impl Output {
    /// Of `run`, or of a run that is part of another command. `project` is the dbt project's folder.
    ///
    /// # Errors
    /// What GitHub names as the step's summary cannot be written.
    pub(super) fn new(
        (format, is_part): (RunFormat, bool),
        verbose: bool,
        journal: Journal,
        project: &Utf8Path,
    ) -> Result<Self> {
        let detail = match (format, verbose) {
            (_, true) => Detail::Verbose,
            (RunFormat::Human, false) => Detail::Full,
            (RunFormat::Json | RunFormat::Github, false) => Detail::Trouble,
        };
        let mut human = Human::on_stderr(detail);
        human.is_part = is_part;
        let (human, programs): (_, Option<Box<dyn Reporter>>) = match format {
            RunFormat::Human => (Some(human), None),
            RunFormat::Json => (Some(human), Some(Box::new(Json::new(io::stdout())))),
            // Both outputs go to the same log.
            RunFormat::Github => (None, Some(Box::new(Github::on_stdout(project, verbose)?))),
        };
        Ok(Self { human, programs, journal: Some(journal), lost: None })
    }

    /// For commands whose result is no series of events: only what goes wrong is told on the way.
    pub(super) fn quiet(verbose: bool) -> Self {
        let detail = if verbose { Detail::Verbose } else { Detail::Trouble };
        Self { human: Some(Human::on_stderr(detail)), programs: None, journal: None, lost: None }
    }

    pub(super) fn emit(&mut self, event: Event) {
        let record = Record::now(event);
        if let Some(human) = &mut self.human {
            let reported = human.report(&record);
            self.note(reported.context("cannot write the output"));
        }
        self.tell_programs(&record);
    }

    /// Ends the journal and what programs read as they always end; people are told by main, which prints the error.
    pub(super) fn end_before_the_first_run(&mut self, error: &anyhow::Error, took: Duration) {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            self.tell_programs(&Record::now(Event::DbtFailed { run: None, failure: failure.clone() }));
        }
        let outcome = Outcome::of_error(error);
        self.tell_programs(&Record::now(Event::BackfillFinished(Finish {
            exit_code: outcome.exit_code(),
            outcome,
            runs: 0,
            seconds: took.as_secs_f64(),
            frontiers: Vec::new(),
        })));
    }

    fn tell_programs(&mut self, record: &Record) {
        if let Some(journal) = &mut self.journal {
            let written = journal.append(record);
            self.note(written);
        }
        if let Some(programs) = &mut self.programs {
            let reported = match programs.report(record) {
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
    pub(super) fn finish(self) -> Result<()> {
        match self.lost {
            Some(error) => Err(error.context("the command went on, but its output is incomplete")),
            None => Ok(()),
        }
    }
}
