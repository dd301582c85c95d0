//! JUnit's XML: a test a rule, and one a finding.

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::Root;
use crate::check::finding::Finding;
use crate::check::report::Report;
use crate::check::rule::Severity;
use crate::check::rules::RULES;

pub(super) fn render(report: &Report, root: &Root) -> Result<String> {
    let mut suite = TestSuite::new("snowplow-backfill check");
    for rule in RULES {
        let findings: Vec<_> = report.findings.iter().filter(|finding| finding.rule == rule.id).collect();
        if findings.is_empty() {
            let mut passed = TestCase::new(report.project.as_str(), TestCaseStatus::success());
            passed.set_classname(rule.id);
            suite.add_test_case(passed);
        }
        suite.add_test_cases(findings.into_iter().map(|finding| case(finding, root)));
    }
    if !report.notes.is_empty() {
        suite.set_system_err(report.notes.join("\n"));
    }
    let mut document = Document::new("snowplow-backfill");
    document.add_test_suite(suite);
    document.to_string().context("cannot write the report as XML")
}

fn case(finding: &Finding, root: &Root) -> TestCase {
    let file = root.path(&finding.file);
    let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
    let text = format!("{file}{line}\n{}\n{}", finding.message, finding.advice);
    // A warning must not fail the pipeline that this command lets pass.
    let mut case = match finding.severity {
        Severity::Error => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(finding.message.as_str()).set_type(finding.rule).set_description(text);
            TestCase::new(subject(finding, &file), status)
        }
        Severity::Warn => {
            let mut case = TestCase::new(subject(finding, &file), TestCaseStatus::success());
            case.set_system_out(text);
            case
        }
    };
    case.set_classname(finding.rule);
    case.extra.insert("file".into(), file.into());
    case
}

fn subject<'f>(finding: &'f Finding, file: &'f str) -> &'f str {
    finding.model.as_ref().map_or(file, |model| &model.unique_id)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::testing::{clean, report, root};
    use super::*;

    /// Without the rules that found nothing.
    fn shown(report: &Report) -> String {
        let xml = render(report, &root()).expect("XML");
        let passed = regex::Regex::new(r#" *<testcase name="store" classname="[a-z-]*">\s*</testcase>\n"#);
        passed.expect("a pattern").replace_all(&xml, "").into_owned()
    }

    #[test]
    fn fails_for_errors_only() {
        assert_snapshot!(shown(&report()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="snowplow-backfill" tests="31" failures="1" errors="0">
            <testsuite name="snowplow-backfill check" tests="31" disabled="0" errors="0" failures="1">
                <testcase name="model.store.never" classname="ephemeral-tracked-model" file="analytics/dbt/models/a b,c/never.sql">
                    <failure message="never is ephemeral: 100% &lt;wrong&gt; &amp; &quot;odd&quot;" type="ephemeral-tracked-model">analytics/dbt/models/a b,c/never.sql:3
        never is ephemeral: 100% &lt;wrong&gt; &amp; &quot;odd&quot;
        Make it a table</failure>
                </testcase>
                <testcase name="analytics/dbt/dbt_project.yml" classname="backfill-limit-left-in-project" file="analytics/dbt/dbt_project.yml">
                    <system-out>analytics/dbt/dbt_project.yml
        the limit is 365
        Lower it</system-out>
                </testcase>
                <system-err>the dbt manifest is old</system-err>
            </testsuite>
        </testsuites>
        "#);
        assert!(
            render(&clean(), &root())
                .expect("XML")
                .contains("tests=\"31\" disabled=\"0\" errors=\"0\" failures=\"0\"")
        );
    }
}
