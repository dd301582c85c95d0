//! Whether a dbt manifest is older than what it was made from.

use std::fs;
use std::time::SystemTime;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

use crate::dbt::Project;

/// Files beside dbt_project.yml that decide what dbt parses, besides that one.
const BESIDE: [&str; 4] = ["dbt_project.yml", "dependencies.yml", "packages.yml", "selectors.yml"];

/// What dbt reads in its folders.
const ENDINGS: [&str; 5] = ["csv", "py", "sql", "yaml", "yml"];

/// The project's files that were changed after the dbt manifest was written, relative to its folder, the newest first.
///
/// # Errors
/// The manifest or a folder cannot be looked at.
pub fn newer_files(manifest: &Utf8Path, project: &Project) -> Result<Vec<Utf8PathBuf>> {
    let written = changed(manifest)?;
    let mut newer = Vec::new();
    for file in BESIDE.map(|name| project.directory.join(name)) {
        if file.is_file() {
            keep_if_newer(file, written, &mut newer)?;
        }
    }
    for folder in project.source_folders() {
        look_into(&folder, written, &mut newer)?;
    }
    newer.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let relative =
        |file: Utf8PathBuf| file.strip_prefix(&project.directory).map(Utf8Path::to_owned).unwrap_or(file);
    Ok(newer.into_iter().map(|(_, file)| relative(file)).collect())
}

fn look_into(
    folder: &Utf8Path,
    written: SystemTime,
    newer: &mut Vec<(SystemTime, Utf8PathBuf)>,
) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in folder.read_dir_utf8().with_context(|| format!("cannot look into {folder}"))? {
        let entry = entry.with_context(|| format!("cannot look into {folder}"))?;
        let path = entry.path();
        if entry.file_type().with_context(|| format!("cannot look at {path}"))?.is_dir() {
            look_into(path, written, newer)?;
        } else if path.extension().is_some_and(|ending| ENDINGS.contains(&ending)) {
            keep_if_newer(path.to_owned(), written, newer)?;
        }
    }
    Ok(())
}

fn keep_if_newer(
    file: Utf8PathBuf,
    written: SystemTime,
    newer: &mut Vec<(SystemTime, Utf8PathBuf)>,
) -> Result<()> {
    let changed = changed(&file)?;
    if changed > written {
        newer.push((changed, file));
    }
    Ok(())
}

fn changed(file: &Utf8Path) -> Result<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).with_context(|| format!("cannot look at {file}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn names_the_files_that_are_newer() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").canonicalize_utf8().expect("a folder");
        let now = SystemTime::now();
        let write = |path: &str, seconds: u64| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(&path, "name: p\nmacro-paths: [jinja, '{{ x }}']\n").expect("written");
            let file = fs::File::options().write(true).open(&path).expect("a file");
            file.set_modified(now + Duration::from_secs(seconds)).expect("its time");
        };
        for (path, seconds) in [
            ("target/manifest.json", 10),
            ("dbt_project.yml", 0),
            ("models/old.sql", 5),
            ("models/same.sql", 10),
            ("models/deep/new.sql", 20),
            ("models/readme.md", 30),
            ("jinja/newest.sql", 40),
            ("elsewhere/new.sql", 50),
            ("packages.yml", 15),
        ] {
            write(path, seconds);
        }
        let project = Project::read(root.clone()).expect("a project");
        let newer = newer_files(&root.join("target/manifest.json"), &project).expect("files");
        assert_eq!(newer, ["jinja/newest.sql", "models/deep/new.sql", "packages.yml"]);
    }
}
