//! For people: file and line, the rule, what is wrong, and what to do.

use std::fmt::Write;

use super::root::Root;
use super::totals::{counts, errors_first};
use crate::check::finding::Finding;
use crate::check::report::Report;
use crate::check::severity::Severity;
use crate::output::Paint;

/// Whether people see the findings that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredFindings {
    Hide,
    Show,
}

pub(super) fn render(report: &Report, root: &Root, paint: Paint, shown: IgnoredFindings) -> String {
    let mut text: String = report.findings.iter().map(|finding| lines(finding, root, paint) + "\n").collect();
    // Writing to a string cannot fail.
    for ignored in report.ignored.iter().filter(|_| shown == IgnoredFindings::Show) {
        let finding = &ignored.finding;
        let (place, rule) = (place(finding, root), paint.bold(finding.rule));
        let _ = write!(text, "{place}: {} {rule}\n  {}\n", paint.dim("ignored"), finding.message);
        let _ = write!(text, "  {}\n\n", paint.dim(&format!("because: {}", ignored.reason)));
    }
    text.push_str(&counts(report, paint));
    if let Some(finding) = errors_first(report).first() {
        let call = format!("snowplow-backfill check --explain {}", finding.rule);
        let _ = write!(text, "\n{}", paint.dim(&format!("what a rule means: {call}")));
    }
    paint.wrapped(&text) + "\n"
}

fn lines(finding: &Finding, root: &Root, paint: Paint) -> String {
    let severity = match finding.severity {
        Severity::Error => paint.error("error"),
        Severity::Warn => paint.warning("warn"),
        Severity::Hint => paint.dim("hint"),
    };
    let (place, rule) = (place(finding, root), paint.bold(finding.rule));
    let advice = paint.dim(&format!("→ {}", finding.advice));
    format!("{place}: {severity} {rule}\n  {}\n  {advice}\n", finding.message)
}

fn place(finding: &Finding, root: &Root) -> String {
    let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
    format!("{}{line}", root.path(&finding.file))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::testing::{clean, hint, report, root};
    use super::*;

    #[test]
    fn says_where_what_and_what_to_do() {
        let text = render(&report(), &root(), Paint::default(), IgnoredFindings::Show);
        assert_snapshot!(text.replace('\u{1}', "[SOH]"), @r#"
        analytics/dbt/dbt_project.yml: warn backfill-limit-left-in-project
          the limit is 365
          → Lower it

        analytics/dbt/models/a b,c/never.sql:3: error ephemeral-tracked-model
          never is ephemeral: 100% <wrong> & "odd"[SOH]
          → Make it a table

        analytics/dbt/models/old.sql: ignored alias-differs-from-name
          the limit is 365
          because: known by its old name

        1 error, 1 warning in 7 models of store (shop), by 26 rules; 1 ignored
        what a rule means: snowplow-backfill check --explain ephemeral-tracked-model
        "#);
        assert_snapshot!(render(&clean(), &root(), Paint::default(), IgnoredFindings::Hide), @"no findings in 7 models of store (shop), by 26 rules");
    }

    #[test]
    fn hints_are_told_apart() {
        let text = render(&hint(), &root(), Paint::default(), IgnoredFindings::Hide);
        assert!(text.contains("dbt_project.yml: hint backfill-limit-left-in-project\n"), "{text}");
        assert!(text.contains("\n1 hint in 7 models of store"), "{text}");
    }
}
