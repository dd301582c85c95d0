//! Calls of dbt that share a target path take turns.
//!
//! dbt writes its artifacts in place, and what it writes depends on the vars of the call. Reading them during
//! another call could return half a file, or the wrong one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use camino::Utf8Path;

use super::interrupt::Interrupt;
use super::notice::{Listen, Notice};

/// How long a call waits before it tries again.
const POLL: Duration = Duration::from_millis(50);

/// How long it waits before it says so. Most calls of dbt are done by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps other processes of this tool out of a folder until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits until no other process uses the folder.
    ///
    /// # Errors
    /// The folder cannot be written; [`Interrupted`](crate::failure::Interrupted).
    pub(super) fn wait_for(folder: &Utf8Path, interrupt: &Interrupt, listen: Listen<'_>) -> Result<Self> {
        let path = folder.join("turn.lock");
        let file = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().write(true).create(true).truncate(false).open(&path))
            .with_context(|| format!("cannot open the lock {path}"))?;
        let started = Instant::now();
        let mut told = false;
        while let Err(error) = file.try_lock() {
            // A file system without locks has no turns. Single calls still work.
            let TryLockError::WouldBlock = error else { break };
            interrupt.check()?;
            if !told && started.elapsed() >= PATIENCE {
                told = true;
                let message = format!("waiting for another process of this tool that uses {folder}");
                listen(Notice::Warning(message));
            }
            thread::sleep(POLL);
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use camino::Utf8PathBuf;

    use super::super::interrupt::StopSignal;
    use super::*;
    use crate::failure::Interrupted;

    #[test]
    fn the_second_waits_until_the_first_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8PathBuf::from_path_buf(folder.path().join("ls")).expect("UTF-8");
        let interrupt = Interrupt::default();
        let first = Turn::wait_for(&folder, &interrupt, &mut |_| {}).expect("free");
        let (sender, order) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let second = Turn::wait_for(&folder, &interrupt, &mut |_| {}).expect("free by then");
                sender.send("second").expect("it is waited for");
                drop(second);
            });
            thread::sleep(POLL * 3);
            sender.send("first is done").expect("it is waited for");
            drop(first);
        });
        assert_eq!([order.recv(), order.recv()], [Ok("first is done"), Ok("second")]);
    }

    #[test]
    fn a_signal_ends_the_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8Path::from_path(folder.path()).expect("UTF-8");
        let interrupt = Interrupt::default();
        let _first = Turn::wait_for(folder, &interrupt, &mut |_| {}).expect("free");
        interrupt.ask(StopSignal::Interrupt);
        let error = Turn::wait_for(folder, &interrupt, &mut |_| {}).expect_err("interrupted");
        assert_eq!(error.downcast_ref(), Some(&Interrupted { signal: 2 }));
    }
}
