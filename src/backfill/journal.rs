//! The journal: every event of a backfill as a line of JSON, appended as it happens.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::event::Record;
use crate::failure::Refusal;

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: Utf8PathBuf,
}

impl Journal {
    /// Opens it before anything expensive begins; an existing file is added to, unless another process is adding to it:
    /// whoever reads it could not tell their lines apart.
    ///
    /// # Errors
    /// It cannot be written. A [`Refusal`] where another process is writing it.
    pub fn create(path: Utf8PathBuf) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        let file = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .with_context(|| format!("cannot write the journal {path}"))?;
        // A device is nobody's own. Where the file system knows no locks, there is none.
        if file.metadata().is_ok_and(|metadata| metadata.is_file())
            && let Err(TryLockError::WouldBlock) = file.try_lock()
        {
            bail!(Refusal(format!(
                "another backfill or promotion is writing the journal {path}. Wait for it, or name another with --journal"
            )));
        }
        Ok(Self { file, path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Adds a line, in one write, so that a reader never sees half of one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn append(&mut self, record: &Record) -> Result<()> {
        let mut line = serde_json::to_vec(record).context("cannot write JSON")?;
        line.push(b'\n');
        self.file.write_all(&line).with_context(|| format!("cannot write the journal {}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn lines_are_added_to_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a/j.jsonl")).expect("UTF-8");
        for message in ["one", "two"] {
            let mut journal = Journal::create(path.clone()).expect("writable");
            journal.append(&Record::now(Event::Warning { message: message.into() })).expect("written");
        }
        let text = fs::read_to_string(&path).expect("readable");
        let records: Vec<Record> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(matches!(&records[1].event, Event::Warning { message } if message == "two"));
        assert_eq!(records.len(), 2);
    }

    #[test]
    fn one_writer_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("j.jsonl")).expect("UTF-8");
        let first = Journal::create(path.clone()).expect("writable");
        let error = Journal::create(path.clone()).expect_err("it is being written");
        assert!(error.to_string().contains("name another with --journal"), "{error}");
        drop(first);
        Journal::create(path).expect("free again");
        let device = || Journal::create("/dev/null".into()).expect("writable");
        let _both = (device(), device());
    }
}
