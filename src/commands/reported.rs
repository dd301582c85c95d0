//! Runs a backfill with its journal and the reporter that was asked for.

use std::io::{self, IsTerminal};
use std::time::Instant;

use anyhow::{Result, bail};
use camino::Utf8PathBuf;
use dialoguer::Input;
use dialoguer::console::Term;

use crate::backfill::{Backfill, Request};
use crate::event::Event;
use crate::failure::{Failure, Interrupted, Unwritten};
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

/// Whether the user wants to run a whole project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    Given,
    /// To be asked for, if there is a terminal.
    Asked,
}

/// How a backfill is reported.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) audience: Audience,
    pub(super) consent: Consent,
    /// `--journal`.
    pub(super) journal: Option<Utf8PathBuf>,
    pub(super) verbose: bool,
}

/// Opens and runs a backfill.
pub(super) fn run(target: &OpenTarget<'_>, request: &Request, settings: Settings) -> Result<Outcome> {
    let Settings { audience, consent, journal, verbose } = settings;
    let journal = Journal::create(journal.unwrap_or_else(|| target.workspace.journal()))?;
    let journal_path = journal.path().to_owned();
    let mut listeners = audience.listeners(target, verbose)?.with_journal(journal);

    let started = Instant::now();
    let mut finished = false;
    let opened = Backfill::open(target, request, &mut |event| listeners.emit(event));
    let wanted = opened.and_then(|backfill| {
        if consent == Consent::Asked && backfill.is_whole_project() {
            let confirmed = listeners.paused(|| confirm_whole_project(&backfill));
            // Ctrl-C is no answer.
            target.dbt().interrupt().check()?;
            confirmed?;
        }
        Ok(backfill)
    });
    let emit = &mut |event| {
        finished |= matches!(event, Event::BackfillFinished(_));
        listeners.emit(event);
    };
    let result = wanted.and_then(|backfill| backfill.run(Some(&journal_path), emit));
    if let Err(error) = &result
        && !finished
    {
        listeners.end_before_the_first_run(error, started.elapsed());
    }
    let result = match result {
        // The workflow's log has this error already.
        Err(error) if audience == Audience::Github => match Outcome::of_error(&error) {
            Outcome::Error { .. } if !error.is::<Failure>() => Err(error),
            told => Ok(told),
        },
        result => result,
    };
    // The backfill decides the exit code, even if its output is incomplete, and how it ended is told first.
    match (listeners.finish(), result) {
        (Err(unwritten), Err(error)) => Err(error.context(Unwritten(format!("{unwritten:#}")))),
        (Err(unwritten), result) => {
            output::say(&format!("{} {unwritten:#}\n", Paint::for_stderr().warning("warning:")));
            result
        }
        (Ok(()), result) => result,
    }
}

/// Asks the user whether the whole project is meant, if there is a terminal to ask on.
///
/// # Errors
/// Usage: it is not meant.
fn confirm_whole_project(backfill: &Backfill<'_>) -> Result<()> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !is_terminal || std::env::var_os("CI").is_some() {
        return Ok(());
    }
    let models = output::count(backfill.start(None).models.len(), "model");
    let question = format!("No model is selected. Run the whole project, with {models}? [y/N]");
    let answer = Input::<String>::new().with_prompt(question).allow_empty(true);
    let answer = match answer.interact_text_on(&Term::stderr()) {
        // Ctrl-C. The signal itself can arrive later than the key.
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
            bail!(Interrupted::BY_KEY)
        }
        answer => answer.unwrap_or_default(),
    };
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    bail!("nothing was run: select models with --select, or give --yes to run the whole project")
}
