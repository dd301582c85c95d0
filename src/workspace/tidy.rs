//! Deletes old folders, because every call adds some.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

/// How many calls keep dbt's logs.
const CALLS: usize = 20;

/// How many limits keep their target path: the user's limit, and those of the last stalls.
const LIMITS: usize = 6;

/// The file that marks a folder as used: a call locks it as long as it uses the folder.
const IN_USE: &str = "in-use";

/// Marks a folder as used as long as the file lives; none if the file system has no locks.
#[must_use]
pub fn mark(folder: &Utf8Path) -> Option<File> {
    fs::create_dir_all(folder).ok()?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(IN_USE)).ok()?;
    file.try_lock().ok().map(|()| file)
}

fn is_in_use(folder: &Utf8Path) -> bool {
    match File::open(folder.join(IN_USE)).map(|file| file.try_lock()) {
        Ok(Ok(())) | Err(_) => false,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) => true,
    }
}

/// Deletes the logs of old calls. The names of the folders begin with the time.
pub(super) fn old_calls(logs: &Utf8Path) {
    let mut calls = folders(logs, "");
    calls.sort();
    for call in calls.iter().rev().skip(CALLS) {
        if !is_in_use(call) {
            delete(call);
        }
    }
}

/// Deletes the target paths of limits that have not been used recently. Vars or the environment can give one
/// target several schemas, so another call may use one of these limits.
pub(super) fn old_limits(target: &Utf8Path) {
    let mut limits: Vec<_> = ["limit-", "first-run-limit-"]
        .into_iter()
        .flat_map(|prefix| folders(target, prefix))
        .map(|limit| (last_use(&limit), limit))
        .collect();
    limits.sort();
    for (_, limit) in limits.iter().rev().skip(LIMITS) {
        if !is_in_use(limit) {
            delete(limit);
        }
    }
}

fn folders(of: &Utf8Path, prefix: &str) -> Vec<Utf8PathBuf> {
    let entries = of.read_dir_utf8().into_iter().flatten().filter_map(Result::ok);
    entries
        .filter(|entry| entry.file_name().starts_with(prefix))
        .map(|entry| entry.path().to_owned())
        .filter(|path| path.is_dir())
        .collect()
}

/// dbt overwrites its files in place, so the folder's own time does not change.
fn last_use(target_path: &Utf8Path) -> Option<SystemTime> {
    let of = |path: &Utf8Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    of(&target_path.join("run_results.json")).max(of(target_path))
}

/// Best effort: a folder that cannot be deleted only takes space.
fn delete(folder: &Utf8Path) {
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        (folder, path)
    }

    fn left(of: &Utf8Path) -> Vec<String> {
        let mut names: Vec<_> =
            folders(of, "").iter().filter_map(|path| path.file_name().map(str::to_owned)).collect();
        names.sort();
        names
    }

    #[test]
    fn keeps_the_last_calls_and_those_that_are_running() {
        let (_folder, logs) = folder();
        let names: Vec<_> = (10..40).map(|second| format!("20240101T0000{second}Z-dev")).collect();
        for name in &names {
            fs::create_dir(logs.join(name)).expect("a folder");
        }
        let running = mark(&logs.join(&names[0])).expect("locked");
        drop(mark(&logs.join(&names[1])));
        old_calls(&logs);
        assert_eq!(left(&logs), [&names[..1], &names[10..]].concat());
        drop(running);
        old_calls(&logs);
        assert_eq!(left(&logs), names[10..]);
    }

    #[test]
    fn keeps_the_limits_that_were_used_last() {
        let (_folder, target) = folder();
        let now = SystemTime::now();
        for age in 0..9u32 {
            let limit = target.join(format!("limit-{age}"));
            fs::create_dir(&limit).expect("a folder");
            let file = File::create(limit.join("run_results.json")).expect("a file");
            let time = now + std::time::Duration::from_secs(u64::from(100 - age));
            file.set_modified(time).expect("a time");
        }
        fs::create_dir(target.join("ls")).expect("a folder");
        let running = mark(&target.join("limit-8")).expect("locked");
        old_limits(&target);
        assert!(target.join("limit-8").is_dir() && !target.join("limit-7").exists());
        drop(running);
        old_limits(&target);
        assert_eq!(left(&target), ["limit-0", "limit-1", "limit-2", "limit-3", "limit-4", "limit-5", "ls"]);
    }
}
