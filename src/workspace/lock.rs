//! One backfill or promotion at a time, per project and target.
//!
//! The operating system locks a file, so a killed process leaves no lock behind. The file's text is only for
//! the message.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::failure::Refusal;
use crate::timestamp::Timestamp;

/// A lock that is held as long as this value lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Who holds a lock.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    since: Timestamp,
    command: String,
}

impl Lock {
    /// Takes the lock. If another process holds it, the error says which.
    ///
    /// # Errors
    /// A [`Refusal`] if another process holds it. The file cannot be written.
    pub fn take(path: &Utf8Path, command: &str) -> Result<Self> {
        let folder = path.parent().unwrap_or(Utf8Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("cannot create {folder}"))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| format!("cannot open the lock {path}"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(Refusal(held_by(&mut file, path))),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| {
                    format!(
                        "cannot lock {path}. Without a lock, two backfills could change the same tables. If \
                         this file system has no locks, choose another one with DBT_TARGET_PATH"
                    )
                });
            }
        }
        let holder = Holder {
            pid: std::process::id(),
            since: Timestamp::of_this_machine(),
            command: command.to_owned(),
        };
        file.set_len(0)
            .and_then(|()| file.write_all(serde_json::to_string(&holder)?.as_bytes()))
            .with_context(|| format!("cannot write the lock {path}"))?;
        Ok(Self { _file: file })
    }
}

fn held_by(file: &mut File, path: &Utf8Path) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let holder = read.ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok());
    let who = match holder {
        Some(Holder { pid, since, command }) => {
            format!("process {pid}, since {} UTC: {command}", since.to_the_second())
        }
        None => "another process".to_owned(),
    };
    format!(
        "a backfill or promotion of this project and target is already running ({who}). Wait for it to end, \
         or stop it. Its lock is {path}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    #[test]
    fn a_lock_says_who_holds_it_until_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a/b.lock")).expect("UTF-8");
        let first = Lock::take(&path, "run --select +a").expect("free");
        let error = Lock::take(&path, "run").expect_err("held");
        let text = error.downcast_ref::<Refusal>().expect("a refusal").to_string();
        assert!(text.contains(&std::process::id().to_string()) && text.contains("run --select +a"), "{text}");
        drop(first);
        Lock::take(&path, "run").expect("free again");
    }
}
