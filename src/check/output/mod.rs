//! Shows a report to people, CI systems and programs. Nothing is decided here.

mod github;
mod human;
mod json;
mod junit;
mod root;
mod sarif;
#[cfg(test)]
mod testing;
mod totals;

use anyhow::Result;
use camino::Utf8Path;

pub use self::human::IgnoredFindings;
use self::root::Root;
use super::report::Report;
use crate::output::Paint;

/// For whom the report is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckFormat {
    /// For people.
    #[default]
    Human,
    /// One document, for programs.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for CI systems that show tests.
    Junit,
}

/// How a report is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// For whom.
    pub format: CheckFormat,
    /// The project's folder.
    pub project: &'v Utf8Path,
    /// The folder in which the tool was started.
    pub directory: &'v Utf8Path,
    /// Colours, for people.
    pub paint: Paint,
    pub ignored: IgnoredFindings,
}

/// Writes a report in a format.
///
/// # Errors
/// The format cannot express it.
pub fn render(report: &Report, view: &View<'_>) -> Result<String> {
    let root = view.root();
    match view.format {
        CheckFormat::Human => Ok(human::render(report, &root, view.paint, view.ignored)),
        CheckFormat::Json => json::render(report, &root),
        CheckFormat::Github => Ok(github::render(report, &root)),
        CheckFormat::Sarif => sarif::render(report, &root),
        CheckFormat::Junit => junit::render(report, &root),
    }
}

/// A report in Markdown, for the summary of a step in GitHub Actions.
#[must_use]
pub fn summary(report: &Report, view: &View<'_>) -> String {
    github::summary(report, &view.root())
}

impl View<'_> {
    fn root(&self) -> Root {
        let base = match self.format {
            // People read paths from their current folder.
            CheckFormat::Human => {
                Some(self.directory).filter(|directory| self.project.starts_with(directory))
            }
            // Programs read paths from the root of the repository, or of the project if there is no
            // repository.
            _ => self.project.ancestors().find(|folder| folder.join(".git").exists()),
        };
        Root { project: self.project.to_owned(), base: base.unwrap_or(self.project).to_owned() }
    }
}
