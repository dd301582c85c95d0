//! Runs a backfill with its journal and the reporter that was asked for.

use std::time::Instant;

use anyhow::Result;
use camino::Utf8PathBuf;

use crate::backfill::{Backfill, Request};
use crate::event::Event;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output::{self, Detail, Listeners, Paint, Part};
use crate::workspace::{Journal, OpenTarget};

/// Who reads about the backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    People,
    /// People, for `--sync`: the command continues by itself afterwards.
    PeopleDuringSync,
    Json,
    Github,
}

impl Audience {
    fn listeners(self, target: &OpenTarget<'_>, verbose: bool) -> Result<Listeners> {
        let (people, programs) =
            if verbose { (Detail::Verbose, Detail::Verbose) } else { (Detail::Full, Detail::Trouble) };
        Ok(match self {
            Self::People => Listeners::people(people, Part::Whole),
            Self::PeopleDuringSync => Listeners::people(people, Part::OfAnotherCommand),
            Self::Json => Listeners::json(programs),
            Self::Github => Listeners::github(&target.project().directory, programs)?,
        })
    }
}

/// Opens and runs a backfill.
pub(super) fn run(
    target: &OpenTarget<'_>,
    request: &Request,
    report: Audience,
    journal: Option<Utf8PathBuf>,
    verbose: bool,
) -> Result<Outcome> {
    let journal = Journal::create(journal.unwrap_or_else(|| target.workspace.journal()))?;
    let journal_path = journal.path().to_owned();
    let mut listeners = report.listeners(target, verbose)?.with_journal(journal);

    let started = Instant::now();
    let mut finished = false;
    let emit = &mut |event| {
        finished |= matches!(event, Event::BackfillFinished(_));
        listeners.emit(event);
    };
    let result =
        Backfill::open(target, request, emit).and_then(|backfill| backfill.run(Some(&journal_path), emit));
    if let Err(error) = &result
        && !finished
    {
        listeners.end_before_the_first_run(error, started.elapsed());
    }
    // The backfill decides the exit code, even if its output is incomplete.
    if let Err(error) = listeners.finish() {
        output::say(&format!("{} {error:#}\n", Paint::for_stderr().warning("warning:")));
    }
    match result {
        // The workflow's log has this error already.
        Err(error) if report == Audience::Github => match Outcome::of_error(&error) {
            Outcome::Error { .. } if !error.is::<Failure>() => Err(error),
            told => Ok(told),
        },
        result => result,
    }
}
