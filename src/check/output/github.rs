//! Annotations of GitHub Actions: one workflow command a finding, on the model's file.

use super::Root;
use crate::check::report::Report;
use crate::check::rule::Severity;

pub(super) fn render(report: &Report, root: &Root) -> String {
    let findings = report.findings.iter().map(|finding| {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warn => "warning",
        };
        let file = property(&root.path(&finding.file));
        let line = finding.line.map_or_else(String::new, |line| format!(",line={line}"));
        let message = data(&format!("{}\n{}", finding.message, finding.advice));
        format!("::{command} file={file}{line},title={}::{message}\n", property(finding.rule))
    });
    let notes =
        report.notes.iter().map(|note| format!("::notice title=snowplow-backfill check::{}\n", data(note)));
    findings.chain(notes).collect()
}

/// What stands behind the two colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value of a property, which must not end before its time.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
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
