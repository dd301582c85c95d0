//! JUnit's XML: one test per rule, with the same name whether it passes or not, so that CI systems can show a
//! trend. Each ignored finding is a skipped test.

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report as JunitDocument, TestCase, TestCaseStatus, TestSuite};

use super::root::Root;
use crate::check::finding::Finding;
use crate::check::report::{Report, Suppressed};
use crate::check::rule::Rule;
use crate::check::rules::RULES;
use crate::check::severity::Severity;
use crate::output::count;

pub(super) fn render(report: &Report, root: &Root) -> Result<String> {
    let mut suite = TestSuite::new("snowplow-backfill check");
    for rule in RULES {
        let mut cases = vec![of_rule(rule, report, root)];
        let ignored = report.ignored.iter().filter(|ignored| ignored.finding.rule == rule.id);
        cases.extend(ignored.map(|ignored| of_ignored(ignored, root)));
        for case in &mut cases {
            case.set_classname(report.project.as_str());
        }
        suite.add_test_cases(cases);
    }
    if !report.notes.is_empty() {
        suite.set_system_err(report.notes.join("\n"));
    }
    let mut document = JunitDocument::new("snowplow-backfill");
    document.add_test_suite(suite);
    document.to_string().context("cannot write the report as XML")
}

fn of_rule(rule: &Rule, report: &Report, root: &Root) -> TestCase {
    if report.off.contains(&rule.id) {
        let mut status = TestCaseStatus::skipped();
        status.set_message("turned off in the configuration");
        return TestCase::new(rule.id, status);
    }
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.rule == rule.id).collect();
    let text = findings.iter().map(|finding| description(finding, root)).collect::<Vec<_>>().join("\n\n");
    // All findings of a rule have the same severity. A warning must not fail a pipeline that this command
    // lets pass.
    let mut case = match findings.as_slice() {
        [first, others @ ..] if first.severity == Severity::Error => {
            let message =
                if others.is_empty() { first.message.clone() } else { count(findings.len(), "finding") };
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(message).set_type(rule.id).set_description(text);
            TestCase::new(rule.id, status)
        }
        [] => TestCase::new(rule.id, TestCaseStatus::success()),
        _ => {
            let mut case = TestCase::new(rule.id, TestCaseStatus::success());
            case.set_system_out(text);
            case
        }
    };
    if let Some(first) = findings.first() {
        case.extra.insert("file".into(), root.place(first).0.into());
    }
    case
}

fn of_ignored(ignored: &Suppressed, root: &Root) -> TestCase {
    let finding = &ignored.finding;
    let (file, _) = root.place(finding);
    let subject = finding.model.as_ref().map_or(&file, |model| &model.unique_id);
    let mut status = TestCaseStatus::skipped();
    status.set_message(ignored.reason.as_str()).set_description(description(finding, root));
    let mut case = TestCase::new(format!("{}: {subject}", finding.rule), status);
    case.extra.insert("file".into(), file.into());
    case
}

fn description(finding: &Finding, root: &Root) -> String {
    let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
    format!("{}{line}\n{}\n{}", root.path(&finding.file), finding.message, finding.advice)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::testing::{clean, report, root};
    use super::*;

    /// Without the rules that found nothing.
    fn shown(report: &Report) -> String {
        let xml = render(report, &root()).expect("XML");
        let passed = regex::Regex::new(r#" *<testcase name="[a-z-]*" classname="store">\s*</testcase>\n"#);
        passed.expect("a pattern").replace_all(&xml, "").into_owned()
    }

    #[test]
    fn fails_for_errors_only() {
        assert_snapshot!(shown(&report()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="snowplow-backfill" tests="39" failures="1" errors="0">
            <testsuite name="snowplow-backfill check" tests="39" disabled="2" errors="0" failures="1">
                <testcase name="ephemeral-tracked-model" classname="store" file="analytics/dbt/models/a b,c/never.sql">
                    <failure message="never is ephemeral: 100% &lt;wrong&gt; &amp; &quot;odd&quot;" type="ephemeral-tracked-model">analytics/dbt/models/a b,c/never.sql:3
        never is ephemeral: 100% &lt;wrong&gt; &amp; &quot;odd&quot;
        Make it a table</failure>
                </testcase>
                <testcase name="alias-differs-from-name: model.store.old" classname="store" file="analytics/dbt/models/old.sql">
                    <skipped message="known by its old name">analytics/dbt/models/old.sql
        the limit is 365
        Lower it</skipped>
                </testcase>
                <testcase name="hook-duplicated" classname="store">
                    <skipped message="turned off in the configuration"/>
                </testcase>
                <testcase name="backfill-limit-left-in-project" classname="store" file="analytics/dbt/dbt_project.yml">
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
                .contains("tests=\"38\" disabled=\"1\" errors=\"0\" failures=\"0\"")
        );
    }

    #[test]
    fn a_rule_has_one_name_whatever_it_finds() {
        let names = |report: &Report| {
            let xml = render(report, &root()).expect("XML");
            let name = regex::Regex::new(r#"<testcase name="([^"]*)" classname="store""#).expect("a pattern");
            name.captures_iter(&xml).map(|found| found[1].to_owned()).collect::<Vec<_>>()
        };
        let mut report = report();
        report.ignored.clear();
        report.findings.push(report.findings[1].clone());
        assert_eq!(names(&report), names(&clean()));
        assert!(render(&report, &root()).expect("XML").contains("<failure message=\"2 findings\""));
    }
}
