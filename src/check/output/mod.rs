//! A report for people, for CI systems, and for programs. What is written here decides nothing.

mod github;
mod human;
mod json;
mod junit;
mod sarif;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::report::Report;
use crate::report::Paint;

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
pub(super) struct Root(Utf8PathBuf);

impl Root {
    /// A file of the project as it is called there.
    fn path(&self, file: &Utf8Path) -> String {
        self.0.join(file).into_string()
    }
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
    let root = match view.format {
        Format::Human => {
            Root(view.project.strip_prefix(view.directory).unwrap_or(Utf8Path::new("")).to_owned())
        }
        _ => Root(in_repository(view.project)),
    };
    match view.format {
        Format::Human => Ok(human::render(report, &root, view.paint, view.with_ignored)),
        Format::Json => json::render(report, &root),
        Format::Github => Ok(github::render(report, &root)),
        Format::Sarif => sarif::render(report, &root),
        Format::Junit => junit::render(report, &root),
    }
}

/// Where a project is in its repository: CI systems name files from there. Outside of one, from the project itself.
fn in_repository(project: &Utf8Path) -> Utf8PathBuf {
    let repository = project.ancestors().find(|folder| folder.join(".git").exists());
    repository
        .and_then(|repository| project.strip_prefix(repository).ok())
        .unwrap_or(Utf8Path::new(""))
        .to_owned()
}

#[cfg(test)]
pub(super) mod testing {
    //! A report with one finding of each kind.

    use super::super::finding::{Finding, Model};
    use super::super::report::{Report, Suppressed};
    use super::super::rule::Severity;
    use super::Root;

    pub(in super::super) fn root() -> Root {
        Root("analytics/dbt".into())
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
        };
        Report {
            project: "store".into(),
            dbt_version: "1.11.16".into(),
            packages: vec!["shop".into()],
            models: 7,
            rules: 27,
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
}
