//! For GitHub Actions: one annotation per finding on the model's file, and a table for the summary of the
//! step.

use std::fmt::Write;

use super::root::Root;
use super::totals::{counts, errors_first};
use crate::check::finding::Finding;
use crate::check::report::Report;
use crate::check::severity::Severity;
use crate::output::Paint;
use crate::output::github::workflow::{Annotation, Level};
use crate::output::markdown::{escaped, inline};

/// GitHub does not show a summary of more than one megabyte.
const MOST_ROWS: usize = 1000;

const HEAD: &str = "| | rule | model | file | finding | what to do |\n|---|---|---|---|---|---|\n";

/// GitHub shows only the first ten annotations per level and step, so the findings that fail the step come
/// first.
pub(super) fn render(report: &Report, root: &Root) -> String {
    let findings = errors_first(report).into_iter().map(|finding| {
        let level = match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warn => Level::Warning,
            Severity::Hint => Level::Notice,
        };
        let (file, line) = root.place(finding);
        let message = format!("{}\n{}", finding.message, finding.advice);
        let (file, title) = (Some(file.as_str()), finding.rule);
        format!("{}\n", Annotation { level, file, line, title, message: &message })
    });
    let notes = report.notes.iter().map(|message| {
        let title = "snowplow-backfill check";
        format!("{}\n", Annotation { level: Level::Notice, file: None, line: None, title, message })
    });
    let end = counts(report, Paint::default()) + "\n";
    findings.chain(notes).chain([end]).collect()
}

pub(super) fn summary(report: &Report, root: &Root) -> String {
    let mut text = format!("## Check of {}\n\n", escaped(&report.project));
    let findings = errors_first(report);
    if !findings.is_empty() {
        text += HEAD;
        text.extend(findings.iter().take(MOST_ROWS).map(|finding| row(finding, root)));
        text.push('\n');
    }
    // Writing to a string cannot fail.
    if let Some(more @ 1..) = findings.len().checked_sub(MOST_ROWS) {
        let _ = write!(text, "{more} more findings are not shown here.\n\n");
    }
    text.extend(report.notes.iter().map(|note| format!("- {}\n", escaped(note))));
    let gap = if report.notes.is_empty() { "" } else { "\n" };
    let _ = write!(text, "{gap}**{}**\n\n", escaped(&counts(report, Paint::default())));
    text
}

fn row(finding: &Finding, root: &Root) -> String {
    let mark = match finding.severity {
        Severity::Error => ":x:",
        Severity::Warn => ":warning:",
        Severity::Hint => ":bulb:",
    };
    let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
    let file = inline(&format!("{}{line}", root.path(&finding.file)));
    let model = finding.model.as_ref().map_or_else(String::new, |model| escaped(&model.name));
    let [rule, message, advice] = [finding.rule, &finding.message, &finding.advice].map(escaped);
    format!("| {mark} | {rule} | {model} | {file} | {message} | {advice} |\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::testing::{clean, elsewhere, hint, report, root};
    use super::*;

    #[test]
    fn annotates_files() {
        assert_snapshot!(render(&report(), &root()).replace('\u{1}', "[SOH]"), @r#"
        ::error file=analytics/dbt/models/a b%2Cc/never.sql,line=3,title=ephemeral-tracked-model::never is ephemeral: 100%25 <wrong> & "odd"[SOH]%0AMake it a table
        ::warning file=analytics/dbt/dbt_project.yml,title=backfill-limit-left-in-project::the limit is 365%0ALower it
        ::notice title=snowplow-backfill check::the dbt manifest is old
        1 error, 1 warning in 7 models of store (shop), by 26 rules; 1 ignored
        "#);
        assert_snapshot!(render(&clean(), &root()), @"no findings in 7 models of store (shop), by 26 rules");
    }

    #[test]
    fn hints_are_notices() {
        let text = render(&hint(), &root());
        assert!(text.starts_with("::notice file=analytics/dbt/dbt_project.yml,title="), "{text}");
        assert!(summary(&hint(), &root()).contains("| :bulb: | backfill-limit-left-in-project |"));
    }

    #[test]
    fn annotates_nothing_outside_of_the_repository() {
        let text = render(&elsewhere(), &root());
        assert!(text.starts_with("::warning file=analytics/dbt/dbt_project.yml,title="), "{text}");
    }

    #[test]
    fn sums_up_in_a_table() {
        assert_snapshot!(summary(&report(), &root()).replace('\u{1}', "[SOH]"), @r#"
        ## Check of store

        | | rule | model | file | finding | what to do |
        |---|---|---|---|---|---|
        | :x: | ephemeral-tracked-model | never | `analytics/dbt/models/a b,c/never.sql:3` | never is ephemeral: 100% \<wrong\> & "odd"[SOH] | Make it a table |
        | :warning: | backfill-limit-left-in-project |  | `analytics/dbt/dbt_project.yml` | the limit is 365 | Lower it |

        - the dbt manifest is old

        **1 error, 1 warning in 7 models of store (shop), by 26 rules; 1 ignored**
        "#);
        assert_snapshot!(summary(&clean(), &root()), @"
        ## Check of store

        **no findings in 7 models of store (shop), by 26 rules**
        ");
        let mut report = report();
        report.findings = vec![report.findings[0].clone(); MOST_ROWS + 2];
        let text = summary(&report, &root());
        assert!(text.contains("2 more findings are not shown"), "{text}");
        assert_eq!(text.matches("| :warning: |").count(), MOST_ROWS);
    }
}
