//! Annotations of GitHub Actions: one workflow command a finding, on the model's file.

use super::Root;
use crate::check::report::Report;
use crate::check::rule::Severity;
use crate::workflow::{Annotation, Level};

pub(super) fn render(report: &Report, root: &Root) -> String {
    let findings = report.findings.iter().map(|finding| {
        let level = match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warn => Level::Warning,
        };
        let file = root.path(&finding.file);
        let message = format!("{}\n{}", finding.message, finding.advice);
        let (file, title) = (Some(file.as_str()), finding.rule);
        format!("{}\n", Annotation { level, file, line: finding.line, title, message: &message })
    });
    let notes = report.notes.iter().map(|message| {
        let title = "snowplow-backfill check";
        format!("{}\n", Annotation { level: Level::Notice, file: None, line: None, title, message })
    });
    findings.chain(notes).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::testing::{clean, report, root};
    use super::*;

    #[test]
    fn annotates_files() {
        assert_snapshot!(render(&report(), &root()).replace('\u{1}', "[SOH]"), @r#"
        ::warning file=analytics/dbt/dbt_project.yml,title=backfill-limit-left-in-project::the limit is 365%0ALower it
        ::error file=analytics/dbt/models/a b%2Cc/never.sql,line=3,title=ephemeral-tracked-model::never is ephemeral: 100%25 <wrong> & "odd"[SOH]%0AMake it a table
        ::notice title=snowplow-backfill check::the dbt manifest is old
        "#);
        assert_eq!(render(&clean(), &root()), "");
    }
}
