//! Where a command's events go: the reporters that were asked for, and the journal.

use std::io;

use anyhow::{Context, Result};
use camino::Utf8Path;

use crate::backfill::Journal;
use crate::cli::RunFormat;
use crate::event::{Event, Record};
use crate::report::{Detail, Github, Human, Json, Reporter};

/// All listeners of a command.
pub(super) struct Output {
    reporters: Vec<Box<dyn Reporter>>,
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
        let human = || {
            let mut human = Human::on_stderr(detail);
            human.is_part = is_part;
            Box::new(human)
        };
        let reporters: Vec<Box<dyn Reporter>> = match format {
            RunFormat::Human => vec![human()],
            RunFormat::Json => vec![human(), Box::new(Json::new(io::stdout()))],
            // Both outputs go to the same log.
            RunFormat::Github => vec![Box::new(Github::on_stdout(project, verbose)?)],
        };
        Ok(Self { reporters, journal: Some(journal), lost: None })
    }

    /// For commands whose result is no series of events: only what goes wrong is told on the way.
    pub(super) fn quiet(verbose: bool) -> Self {
        let detail = if verbose { Detail::Verbose } else { Detail::Trouble };
        Self { reporters: vec![Box::new(Human::on_stderr(detail))], journal: None, lost: None }
    }

    pub(super) fn emit(&mut self, event: Event) {
        let record = Record::now(event);
        let journal = self.journal.as_mut().map(|journal| journal.append(&record));
        let reported = self.reporters.iter_mut().map(|reporter| reporter.report(&record));
        let written: Vec<_> = journal
            .into_iter()
            .chain(reported.map(|result| result.context("cannot write the output")))
            .collect();
        for error in written.into_iter().filter_map(Result::err) {
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
