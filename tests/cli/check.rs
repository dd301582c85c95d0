//! `check` on projects that real dbt has parsed: silent on the clean ones, and not on the wrong one.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Dbt, Lab, NEW, OLD, Output};

/// What `check --parse` says, its findings in the words of the rules alone.
fn check(project: &str, dbt: Dbt) -> (Lab, Output) {
    let lab = Lab::of_project(project, dbt);
    let output = lab.tool(&["check", "--parse"]);
    (lab, output)
}

#[track_caller]
fn expect_clean(project: &str, summary: &str) {
    for dbt in [NEW, OLD] {
        let (_, output) = check(project, dbt);
        assert_eq!(
            output.to_string(),
            format!("exit code: 0\n--- stdout\n{summary}\n--- stderr\n"),
            "{dbt:?}"
        );
    }
}

#[test]
fn the_shops_project_is_clean() {
    expect_clean(
        "project",
        "no findings in 28 models of storefront (snowplow_shop, snowplow_site), by 31 rules",
    );
}

#[test]
fn the_signals_project_is_clean() {
    for dbt in [NEW, OLD] {
        let lab = Lab::of_project("signals_project", dbt);
        // With the stand-in as it is, the package would get stuck, as it should in other tests.
        lab.with_utils("1.0.1");
        let output = lab.tool(&["check", "--parse"]).to_string();
        let summary = "no findings in 6 models of signals_lab (snowplow_signals), by 31 rules";
        assert_eq!(output, format!("exit code: 0\n--- stdout\n{summary}\n--- stderr\n"), "{dbt:?}");
    }
}

#[test]
fn a_project_with_every_feature_of_dbt_is_clean() {
    expect_clean(
        "features_project",
        "no findings in 35 models of feature_rich (snowplow_shop, snowplow_site), by 31 rules; 1 ignored",
    );
}

/// Where this tool lets dbt parse to.
const PARSED: &str = "target/snowplow-backfill/staging/parse/manifest.json";

/// `dbt parse` takes seconds, so everything about the wrong project is told of one parse a version.
fn wrong_project(dbt: Dbt) {
    let (lab, output) = check("wrong_project", dbt);
    let parsed = [PARSED, PARSED];
    let both = ["--manifest", parsed[0], "--to-manifest", parsed[1]];
    assert_snapshot!("findings_of_the_wrong_project", output.to_string());

    // Every rule has found something.
    let json = lab.tool(&[&["check", "--format", "json"], &both[..]].concat());
    let report: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let fired: BTreeSet<_> =
        findings.iter().map(|finding| finding["rule"].as_str().expect("a rule")).collect();
    let rules = lab.tool(&["check", "--list-rules"]).success().stdout;
    let rules: BTreeSet<_> =
        rules.lines().map(|line| line.split_whitespace().next().expect("a rule")).collect();
    assert_eq!(fired, rules);
    assert_eq!((json.code, report["schema"].as_u64()), (1, Some(1)));

    // The other formats tell of the same.
    let errors = findings.iter().filter(|finding| finding["severity"] == "error").count();
    assert_eq!(report["errors"].as_u64(), u64::try_from(errors).ok());
    let github = lab.tool(&[&["check", "--format", "github"], &both[..]].concat());
    assert_eq!((github.code, github.stderr.as_str()), (1, ""));
    let of_kind = |kind: &str| github.stdout.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!((of_kind("::error file="), of_kind("::")), (errors, findings.len()));
    let sarif = lab.tool(&[&["check", "--format", "sarif"], &both[..]].concat());
    let sarif: Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(findings.len()));
    let junit = lab.tool(&[&["check", "--format", "junit"], &both[..]].concat());
    // A test a rule.
    let failed = findings.iter().filter(|finding| finding["severity"] == "error");
    let failed = failed.map(|finding| finding["rule"].as_str()).collect::<BTreeSet<_>>().len();
    assert!(junit.stdout.contains(&format!("failures=\"{failed}\"")), "{junit}");
    assert_eq!(junit.stdout.matches("<failure ").count(), failed);
}

#[test]
fn every_rule_fires_on_the_wrong_project() {
    wrong_project(NEW);
}

#[test]
fn every_rule_fires_on_the_wrong_project_with_old_dbt() {
    wrong_project(OLD);
}
