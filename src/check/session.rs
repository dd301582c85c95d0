//! Checking a project: its dbt manifest, and prod's where it is given, are read and every rule looks at them.

use std::thread::{self, ScopedJoinHandle};

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::freshness::{Changes, Files};
use super::report::{self, Report};
use super::settings::RuleSettings;
use super::subject::{Given, Subject};
use crate::dbt::{Manifest, PROJECT_FILE, Project, ReadFor, Standing, Vars, standing};

#[derive(Debug)]
pub struct CheckSession {
    /// The project's dbt manifest.
    pub path: Utf8PathBuf,
    /// The dbt manifest of prod.
    pub prod: Option<Utf8PathBuf>,
    /// What happens if the project's dbt manifest is older than its files.
    pub freshness: Freshness,
    pub project: Project,
    pub vars: Vars,
    /// The name of the prod target.
    pub prod_target: String,
}

/// What happens if a dbt manifest is older than the files that it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing: dbt has just written it.
    Fresh,
    /// A note says so.
    Noted,
    /// It is an error.
    Required,
}

impl CheckSession {
    /// Checks the project.
    ///
    /// # Errors
    /// A dbt manifest cannot be used: it cannot be read, is of another project, or must be fresh and is not.
    pub fn check(self, settings: &RuleSettings) -> Result<(Subject, Report)> {
        let Self { path, prod, freshness, project, vars, prod_target } = self;
        // Each takes its time, and none needs another.
        let (manifest, prod, files) = thread::scope(|scope| {
            let files = (freshness != Freshness::Fresh).then(|| scope.spawn(|| Files::of(&project)));
            let prod = prod.as_ref().map(|path| scope.spawn(|| Manifest::read(path, ReadFor::Checks)));
            (Manifest::read(&path, ReadFor::Checks), prod.map(joined), files.map(joined))
        });
        let manifest = manifest?.with_default_selector_of(&project.directory);
        refuse_another_project(&path, &manifest, &project)?;
        let is_parsed_here = freshness == Freshness::Fresh;
        let prod = prod.transpose()?;
        let subject = Subject::new(Given { manifest, prod, project, vars, prod_target, is_parsed_here })?;
        let mut report = report::check(&subject, settings)?;
        if let Standing::Untried(warning) = standing(&subject.manifest.metadata.dbt_version)? {
            report.notes.push(warning);
        }
        if let Some(files) = files {
            let changes = files.changes_since(&path, &subject.manifest, &subject.project)?;
            report.notes.extend(staleness(&path, &changes, freshness)?);
        }
        Ok((subject, report))
    }
}

/// The result of a thread; if the thread panicked, so does this.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Findings about one project at places in another would only mislead.
fn refuse_another_project(path: &Utf8Path, manifest: &Manifest, project: &Project) -> Result<()> {
    match manifest.metadata.project_name.as_deref() {
        Some(name) if name != project.name && !project.name.contains("{{") => bail!(
            "the dbt manifest {path} belongs to the project {name}, but {} belongs to {}: give the folder of \
             {name} with --project-dir",
            project.directory.join(PROJECT_FILE),
            project.name
        ),
        _ => Ok(()),
    }
}

/// What to say about a dbt manifest that is older than the project's files, or whose age says nothing.
fn staleness(path: &Utf8Path, changes: &Changes, freshness: Freshness) -> Result<Vec<String>> {
    let newer = first_and_others(&changes.newer).map(|files| format!("is older than {files}"));
    let gone =
        first_and_others(&changes.gone).map(|files| format!("knows models whose files are gone ({files})"));
    let reasons: Vec<_> = newer.into_iter().chain(gone).collect();
    let older = (!reasons.is_empty()).then(|| {
        format!(
            "the dbt manifest {path} {}: it may not describe the project as it is now. Run `dbt parse`, or give \
             --parse",
            reasons.join(", and ")
        )
    });
    let unknown: Vec<_> = changes.unknown.iter().map(ToString::to_string).collect();
    let unknown = (!unknown.is_empty()).then(|| {
        format!(
            "cannot tell whether the dbt manifest {path} is older than the project: {}. To be sure, give \
             --parse",
            unknown.join("; ")
        )
    });
    let said: Vec<_> = older.into_iter().chain(unknown).collect();
    if freshness == Freshness::Required && !said.is_empty() {
        bail!(said.join("\n"));
    }
    Ok(said)
}

fn first_and_others(files: &[Utf8PathBuf]) -> Option<String> {
    let (first, others) = files.split_first()?;
    Some(match others.len() {
        0 => first.to_string(),
        1 => format!("{first} and one more file"),
        number => format!("{first} and {number} more files"),
    })
}
