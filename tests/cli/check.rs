//! `check` on projects that real dbt has parsed: silent on the clean ones, and not on the wrong one.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Dbt, Lab, NEW, OLD, Output, PREVIOUS, fixtures};

/// What `check --parse` says, its findings in the words of the rules alone.
fn check(project: &str, dbt: Dbt) -> (Lab, Output) {
    let lab = Lab::of_project(project, dbt);
    let output = lab.tool(&["check", "--parse"]);
    (lab, output)
}

#[track_caller]
fn expect_clean(project: &str, summary: &str) {
    for dbt in [NEW, PREVIOUS, OLD] {
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
        "no findings in 28 models of storefront (snowplow_shop, snowplow_site), by 38 rules",
    );
}

#[test]
fn the_signals_project_is_clean() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::of_project("signals_project", dbt);
        // With the stand-in as it is, the package would get stuck, as it should in other tests.
        lab.with_utils("1.0.1");
        let output = lab.tool(&["check", "--parse"]).to_string();
        let summary = "no findings in 6 models of signals_lab (snowplow_signals), by 38 rules";
        assert_eq!(output, format!("exit code: 0\n--- stdout\n{summary}\n--- stderr\n"), "{dbt:?}");
    }
}

#[test]
fn a_project_with_every_feature_of_dbt_is_clean() {
    expect_clean(
        "features_project",
        "no findings in 35 models of feature_rich (snowplow_shop, snowplow_site), by 38 rules; 1 ignored",
    );
}

/// What people build on the packages' macros by themselves: a package of their own in the root project, under
/// the name that the macros have for it; tables that a macro fills, as a generator of models writes them; a
/// model that replaces the rows of a predicate.
fn home_made(dbt: Dbt) -> Lab {
    let lab = Lab::of_project("features_project", dbt);
    let base = fixtures().join("packages/snowplow_site/models/base");
    for file in ["manifest", "scratch"]
        .map(|folder| fs::read_dir(base.join(folder)).expect("a folder"))
        .into_iter()
        .flatten()
    {
        let file = file.expect("a file").path();
        let name = file.file_name().expect("a name").to_str().expect("UTF-8");
        let text = fs::read_to_string(&file).expect("a model").replace("snowplow_site", "snowplow");
        lab.write(&format!("models/home/{}", name.replace("snowplow_site", "snowplow")), &text);
    }
    let vars = "  feature_rich:\n    snowplow__session_timestamp: collector_tstamp\n    \
                snowplow__atomic_schema: atomic\n    snowplow__events_table: events\n    \
                snowplow__lookback_window_hours: 6\n    snowplow__max_session_days: 3\n    \
                snowplow__session_lookback_days: 730\n    snowplow__days_late_allowed: 3\n    \
                snowplow__allow_refresh: false\n    snowplow__dev_target_name: dev\n    \
                snowplow__backfill_limit_days: 30\n";
    let hook = "on-run-end:\n  - \"{{ snowplow_utils.snowplow_incremental_post_hook('snowplow', \
                'snowplow_incremental_manifest', 'snowplow_base_events_this_run', 'collector_tstamp') }}\"\n";
    let project = lab.read("dbt_project.yml").replacen("vars:\n", &format!("vars:\n{vars}"), 1);
    lab.write("dbt_project.yml", &format!("{project}\n{hook}"));
    lab.write(
        "macros/filtered_events.sql",
        "{% macro filtered_events(name) %}\nselect event_id, collector_tstamp from {{ \
         ref('snowplow_site_base_events_this_run') }}\n\
         where event_name = '{{ name }}' and {{ snowplow_utils.is_run_with_new_events('snowplow_site') \
         }}\n{% endmacro %}\n",
    );
    lab.write(
        "models/generated/link_click_1.sql",
        "{{ config(tags = \"snowplow_site_incremental\", materialized = \"incremental\", unique_key = \
         \"event_id\", meta = {\"upsert_date_key\": \"collector_tstamp\", \"snowplow_optimize\": true}) }}\n{%- set name = \
         'link_click' -%}\n{{ filtered_events(name) }}\n",
    );
    lab.write(
        "models/home/sessions_by_day.sql",
        "{{ config(materialized='incremental', incremental_strategy='replace_where', \
         incremental_predicates=\"start_tstamp > '2022-01-01'\", meta={'upsert_date_key': 'start_tstamp', \
         'snowplow_optimize': true}, \
         tags=['snowplow_incremental']) }}\n\
         select * from {{ ref('snowplow_base_events_this_run') }}\nwhere {{ \
         snowplow_utils.is_run_with_new_events('snowplow') }}\n",
    );
    lab
}

#[test]
fn home_made_packages_and_generated_models_are_clean() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let output = home_made(dbt).tool(&["check", "--parse"]).success();
        assert!(
            output.stdout.starts_with("no findings in 43 models of feature_rich (snowplow, "),
            "{dbt:?}: {output}"
        );
        assert_eq!(output.stderr, "", "{dbt:?}");
    }
}

#[test]
fn what_dbt_has_just_parsed_is_fresh() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::of_project("signals_project", dbt);
        lab.dbt(&["parse"]).success();
        lab.tool(&["check", "--require-fresh"]).success();
        // dbt reads again only what has changed, which must not keep the manifest old.
        lab.write("models/new.sql", "select 1 as one");
        let output = lab.tool(&["check", "--require-fresh"]);
        assert!(output.code == 2 && output.stderr.contains("older than models/new.sql"), "{dbt:?}: {output}");
        lab.dbt(&["parse"]).success();
        lab.tool(&["check", "--require-fresh"]).success();
    }
}

/// Where this tool lets dbt parse to.
const PARSED: &str = "target/snowplow-backfill/staging/parse/manifest.json";

/// `dbt parse` takes seconds, so everything about the wrong project is told of one parse a version.
fn wrong_project(dbt: Dbt) {
    let lab = Lab::of_project("wrong_project", dbt);
    // It does not read settings in meta, and gets stuck.
    lab.with_utils("0.17.4");
    let output = lab.tool(&["check", "--parse"]);
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

/// What `check` says of a project as one version of dbt has parsed it, without that version.
fn parsed_by(project: &str, dbt: Dbt) -> Value {
    let lab = Lab::of_project(project, dbt);
    let output = lab.tool(&["check", "--parse", "--format", "json"]);
    let Ok(mut report) = serde_json::from_str::<Value>(&output.stdout) else { panic!("{dbt:?}: {output}") };
    let version = report.as_object_mut().expect("an object").remove("dbt_version");
    assert!(version.is_some_and(|version| version.is_string()), "{dbt:?}");
    assert_eq!(output.stderr, "", "{dbt:?}");
    report
}

#[test]
fn every_version_of_dbt_leads_to_the_same_findings() {
    for (project, findings) in [("project", 0), ("features_project", 0), ("wrong_project", 39)] {
        let oldest = parsed_by(project, OLD);
        assert_eq!(oldest["findings"].as_array().map(Vec::len), Some(findings), "{project}");
        for dbt in [NEW, PREVIOUS] {
            assert_eq!(parsed_by(project, dbt), oldest, "{project}, {dbt:?}");
        }
    }
}
