//! A report for people, for CI systems, and for programs. What is written here decides nothing.

mod github;
mod human;
mod json;
mod junit;
mod sarif;

use std::cmp::Reverse;

use anyhow::Result;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::finding::Finding;
use super::report::Report;
use crate::dbt::PROJECT_FILE;
use crate::output::Paint;

/// For whom the report is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
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

/// Where the project is, seen from those who read the report.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// The project's folder.
    project: Utf8PathBuf,
    /// The folder that their paths start from.
    base: Utf8PathBuf,
}

impl Root {
    /// A file of the project as it is called there; absolute where it is elsewhere.
    fn path(&self, file: &Utf8Path) -> String {
        let path = without_detours(&self.project.join(file));
        path.strip_prefix(&self.base).unwrap_or(&path).to_string()
    }

    /// File and line of a finding for those who know the repository's files alone: what is elsewhere, such as packages that
    /// are installed outside of it, stands where the project is told of them.
    fn place(&self, finding: &Finding) -> (String, Option<usize>) {
        let path = self.path(&finding.file);
        if Utf8Path::new(&path).is_absolute() {
            (self.path(Utf8Path::new(PROJECT_FILE)), None)
        } else {
            (path, finding.line)
        }
    }
}

/// The same path without `.` and `..`.
fn without_detours(path: &Utf8Path) -> Utf8PathBuf {
    path.components().fold(Utf8PathBuf::new(), |mut path, component| {
        match component {
            Utf8Component::ParentDir => {
                path.pop();
            }
            Utf8Component::CurDir => {}
            other => path.push(other),
        }
        path
    })
}

/// How a report is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// For whom.
    pub format: Format,
    /// The project's folder.
    pub project: &'v Utf8Path,
    /// The folder that the tool was called in.
    pub directory: &'v Utf8Path,
    /// Colours, for people.
    pub paint: Paint,
    /// People want to see what is ignored, too.
    pub with_ignored: bool,
}

/// Writes a report out.
///
/// # Errors
/// It cannot be put into this format.
pub fn render(report: &Report, view: &View<'_>) -> Result<String> {
    let root = view.root();
    match view.format {
        Format::Human => Ok(human::render(report, &root, view.paint, view.with_ignored)),
        Format::Json => json::render(report, &root),
        Format::Github => Ok(github::render(report, &root)),
        Format::Sarif => sarif::render(report, &root),
        Format::Junit => junit::render(report, &root),
    }
}

/// The same in Markdown, for the summary of a workflow's step.
#[must_use]
pub fn summary(report: &Report, view: &View<'_>) -> String {
    github::summary(report, &view.root())
}

impl View<'_> {
    fn root(&self) -> Root {
        let base = match self.format {
            // People: from where they are.
            Format::Human => Some(self.directory).filter(|directory| self.project.starts_with(directory)),
            // Programs: from the repository's root. Outside of a repository, from the project itself.
            _ => self.project.ancestors().find(|folder| folder.join(".git").exists()),
        };
        Root { project: self.project.to_owned(), base: base.unwrap_or(self.project).to_owned() }
    }
}

/// How many findings, in what.
fn counts(report: &Report, paint: Paint) -> String {
    let what = match (report.errors, report.warnings) {
        (0, 0) => paint.good("no findings"),
        (errors, warnings) => {
            let parts = [(errors, "error"), (warnings, "warning")];
            let parts =
                parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(*number, what));
            paint.bold(&parts.collect::<Vec<_>>().join(", "))
        }
    };
    let packages = match report.packages.as_slice() {
        [] => String::new(),
        packages => format!(" ({})", packages.join(", ")),
    };
    let ignored = match report.ignored.len() {
        0 => String::new(),
        number => format!("; {number} ignored"),
    };
    let models = count(report.models, "model");
    format!("{what} in {models} of {}{packages}, by {}{ignored}", report.project, count(report.rules, "rule"))
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The findings that fail a check before all others, else as they are.
fn errors_first(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<_> = report.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

#[cfg(test)]
pub(super) mod testing {
    //! A report with one finding of each kind.

    use super::super::finding::{Finding, Model};
    use super::super::report::{IgnoredBy, Report, Suppressed};
    use super::super::rule::Severity;
    use super::Root;

    pub(in super::super) fn root() -> Root {
        Root { project: "/repository/analytics/dbt".into(), base: "/repository".into() }
    }

    pub(in super::super) fn report() -> Report {
        let model = |name: &str| Some(Model { name: name.into(), unique_id: format!("model.store.{name}") });
        let finding = Finding {
            rule: "ephemeral-tracked-model",
            severity: Severity::Error,
            model: model("never"),
            file: "models/a b,c/never.sql".into(),
            line: Some(3),
            message: "never is ephemeral: 100% <wrong> & \"odd\"\u{1}".into(),
            advice: "Make it a table".into(),
        };
        let warning = Finding {
            rule: "backfill-limit-left-in-project",
            severity: Severity::Warn,
            model: None,
            file: "dbt_project.yml".into(),
            line: None,
            message: "the limit is 365".into(),
            advice: "Lower it".into(),
        };
        let ignored = Suppressed {
            finding: Finding {
                rule: "alias-differs-from-name",
                model: model("old"),
                file: "models/old.sql".into(),
                ..warning.clone()
            },
            reason: "known by its old name".into(),
            by: IgnoredBy::Configuration,
        };
        Report {
            project: "store".into(),
            dbt_version: "1.11.16".into(),
            packages: vec!["shop".into()],
            models: 7,
            rules: 26,
            off: vec!["hook-duplicated"],
            errors: 1,
            warnings: 1,
            findings: vec![warning, finding],
            ignored: vec![ignored],
            notes: vec!["the dbt manifest is old".into()],
        }
    }

    pub(in super::super) fn clean() -> Report {
        Report { errors: 0, warnings: 0, findings: vec![], ignored: vec![], notes: vec![], ..report() }
    }

    /// A finding in a file that is not in the repository.
    pub(in super::super) fn elsewhere() -> Report {
        let mut report = report();
        report.findings.truncate(1);
        report.findings[0].file = "/opt/dbt_packages/shop/models/a.sql".into();
        report.findings[0].line = Some(7);
        report
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{elsewhere, root};
    use super::*;

    #[test]
    fn files_are_named_from_where_their_readers_are() {
        let root = root();
        let path = |file: &str| root.path(Utf8Path::new(file));
        assert_eq!(path("models/a.sql"), "analytics/dbt/models/a.sql");
        assert_eq!(path("./../packages/shop/models/a.sql"), "analytics/packages/shop/models/a.sql");
        assert_eq!(path("../../../elsewhere/a.sql"), "/elsewhere/a.sql");
        let finding = &elsewhere().findings[0];
        assert_eq!(path(finding.file.as_str()), finding.file);
        assert_eq!(root.place(finding), ("analytics/dbt/dbt_project.yml".to_owned(), None));
    }
}
