//! The journal: every event of a backfill as a line of JSON, appended as it happens.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::event::Envelope;
use crate::failure::Refusal;
use crate::history::History;

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: Utf8PathBuf,
}

impl Journal {
    /// Opens the journal before anything expensive begins. Lines are added to an existing file, unless
    /// another process is adding to it: a reader could not tell their lines apart.
    ///
    /// # Errors
    /// It cannot be written. A [`Refusal`] where another process is writing it.
    pub fn create(path: Utf8PathBuf) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let file = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .with_context(|| format!("cannot write the journal {path}"))?;
        // A device belongs to nobody. If the file system has no locks, the journal is not locked.
        if file.metadata().is_ok_and(|metadata| metadata.is_file())
            && let Err(TryLockError::WouldBlock) = file.try_lock()
        {
            bail!(Refusal(format!(
                "another backfill or promotion is writing the journal {path}. Wait for it to end, or name \
                 another file with --journal"
            )));
        }
        Ok(Self { file, path })
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Adds a line with one write, so that a reader never sees half of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn append(&mut self, envelope: &Envelope) -> Result<()> {
        let mut line = serde_json::to_vec(envelope).context("cannot write JSON")?;
        line.push(b'\n');
        self.file.write_all(&line).with_context(|| format!("cannot write the journal {}", self.path))
    }
}

/// Reads a journal back: a history for each backfill that it holds, the last one last.
///
/// # Errors
/// It cannot be read, or a line is not an event. A last line without its end is left out: it is still being
/// written.
pub fn read(path: &Utf8Path) -> Result<Vec<History>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the journal {path}"))?;
    let mut histories: Vec<History> = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if !line.ends_with('\n') {
            break;
        }
        let envelope: Envelope = serde_json::from_str(line)
            .with_context(|| format!("line {} of the journal {path} is not an event", number + 1))?;
        match histories.last_mut() {
            Some(history) if !history.ends_before(&envelope.event) => history.add(&envelope.event),
            _ => {
                let mut history = History::default();
                history.add(&envelope.event);
                histories.push(history);
            }
        }
    }
    Ok(histories)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Finish};
    use crate::outcome::Outcome;

    fn warning(message: &str) -> Envelope {
        Envelope::now(Event::Warning { message: message.to_owned() })
    }

    #[test]
    fn a_journal_is_read_back_as_a_history_for_each_backfill() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("j.jsonl")).expect("UTF-8");
        let finish = |outcome: Outcome| {
            let exit_code = outcome.exit_code();
            let finish = Finish { outcome, runs: 0, seconds: 1.5, exit_code, frontiers: Vec::new() };
            Envelope::now(Event::BackfillFinished(finish))
        };
        let mut journal = Journal::create(path.clone()).expect("writable");
        let refused = Outcome::Refused { reason: "locked".into() };
        for envelope in [warning("one"), finish(refused.clone()), warning("two"), warning("three")] {
            journal.append(&envelope).expect("written");
        }
        let told = |histories: &[History]| -> Vec<_> {
            let told = histories.iter().map(|it| (it.warnings.join(" "), it.finish.clone()));
            told.map(|(warnings, finish)| (warnings, finish.map(|finish| finish.outcome))).collect()
        };
        let expected = [("one".to_owned(), Some(refused)), ("two three".to_owned(), None)];
        assert_eq!(told(&read(&path).expect("a journal")), expected);

        // Another process has written half a line.
        let half = "{\"version\": 1, \"ti";
        let whole = fs::read_to_string(&path).expect("a journal");
        fs::write(&path, whole.clone() + half).expect("written");
        assert_eq!(told(&read(&path).expect("a journal")), expected);
        fs::write(&path, format!("{whole}{half}\n")).expect("written");
        let error = read(&path).expect_err("half a line").to_string();
        assert!(error.starts_with("line 5 of the journal"), "{error}");
    }

    #[test]
    fn lines_are_added_to_an_existing_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a/j.jsonl")).expect("UTF-8");
        for message in ["one", "two"] {
            let mut journal = Journal::create(path.clone()).expect("writable");
            journal.append(&warning(message)).expect("written");
        }
        let text = fs::read_to_string(&path).expect("readable");
        let envelopes: Vec<Envelope> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(matches!(&envelopes[1].event, Event::Warning { message } if message == "two"));
        assert_eq!(envelopes.len(), 2);
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("j.jsonl")).expect("UTF-8");
        let first = Journal::create(path.clone()).expect("writable");
        let error = Journal::create(path.clone()).expect_err("it is being written");
        assert!(error.to_string().contains("name another file with --journal"), "{error}");
        drop(first);
        Journal::create(path).expect("free again");
        let device = || Journal::create("/dev/null".into()).expect("writable");
        let _both = (device(), device());
    }
}
