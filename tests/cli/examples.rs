//! `fixtures/examples`, executed as they stand: in a dbt project, in a fresh virtual environment.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_yaml::Value;

use crate::support::{Engine, Environment, Events, Lab, NEW, Output, Wheel, fixtures};

const SITE: &str = "staging_snowplow_manifest.snowplow_site_incremental_manifest";

/// A lab in which `dbt deps` can be called, with flags that keep the tests short.
fn lab() -> Lab {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let packages = lab.project().parent().expect("a folder").join("packages");
    std::os::unix::fs::symlink(fixtures().join("packages"), packages).expect("a link");
    lab.write(
        "snowplow-backfill.yml",
        &format!("run:\n  start_date: {}\n  limit_days: 9999\n", Events::START),
    );
    lab
}

fn example(name: &str) -> String {
    fs::read_to_string(fixtures().join("examples").join(name)).expect(name)
}

fn is_caught_up(lab: &Lab) {
    let rows = lab.lines(&format!("select model, last_success from {SITE} where model = 'page_engagement'"));
    assert!(rows.starts_with("page_engagement | 2022-02-28"), "{rows}");
}

#[test]
fn the_makefile() {
    let environment = Environment::with_tool(&Wheel::build());
    let lab = lab();
    lab.write("Makefile", &example("Makefile"));
    let make = |arguments: &[&str]| {
        let mut command = lab.command("make");
        Output::from(command.args(arguments).env("PATH", environment.path()).output().expect("make"))
    };
    let without_model = make(&["backfill"]);
    assert!(
        without_model.code == 2 && without_model.stderr.contains("make backfill MODEL=my_new_model"),
        "{without_model}"
    );

    // Prod as it was before the model was written, which is the only new one.
    for other in ["daily_traffic", "engaged_visitors"] {
        fs::remove_file(lab.project().join(format!("models/site/{other}.sql"))).expect("removed");
    }
    let vars = format!(
        "{{storefront__new_models: false, snowplow__backfill_limit_days: 9999, snowplow__start_date: '{}'}}",
        Events::START
    );
    lab.dbt(&["run", "--target", "prod", "--vars", &vars]).success();

    make(&["check"]).success();
    let model = "MODEL=page_engagement";
    let output = make(&["plan", model]).success();
    assert!(output.stdout.contains("snowplow_site: first run"), "{output}");
    make(&["backfill", model]).success();
    is_caught_up(&lab);
    make(&["promotion", model]).success();
    assert!(lab.read("promotion/promote.sql").contains("page_engagement"));
    make(&["promote", model]).success();
    assert_eq!(
        lab.lines(
            "select (select count(*) from prod_derived.page_engagement) = count(*) from \
                   staging_derived.page_engagement"
        ),
        "True"
    );

    // The tool's exit codes are seen, and 3 is fine where there is more to do.
    let output = make(&["backfill", model, "STAGING=nowhere"]);
    assert!(output.code == 2 && output.stderr.contains("backfill] Error 2"), "{output}");
    let again = "FLAGS=--max-runs 1 --limit-days 7 --remove-from-manifest page_engagement";
    let output = make(&["nightly", model, again]).success();
    assert!(output.stderr.contains("stopped by --max-runs"), "{output}");
}

#[test]
fn the_workflow() {
    let wheel = Wheel::build();
    let environment = Environment::with_dbt();
    let lab = lab();
    // By where it is, as the workflow says: no index has it.
    let place = format!("snowplow-backfill @ file://{}", wheel.file().display());
    lab.write("requirements.txt", &format!("dbt-duckdb\n{place}\n"));
    let workflow: Value = serde_yaml::from_str(&example("github-workflow.yml")).expect("YAML");
    let job = &workflow["jobs"]["backfill"];
    let mut variables: BTreeMap<_, _> = ["OUTPUT", "STEP_SUMMARY"]
        .map(|name| {
            (format!("GITHUB_{name}"), lab.project().join(format!("{name}.md")).display().to_string())
        })
        .into();
    variables.insert("GITHUB_WORKSPACE".into(), lab.project().display().to_string());
    for (name, value) in job["env"].as_mapping().expect("variables") {
        let (name, value) = (name.as_str().expect("a name"), value.as_str().expect("text"));
        let value = value.replace("${{ inputs.select }}", "+page_engagement");
        assert!(!value.contains("${{"), "{name}: {value}");
        variables.insert(name.to_owned(), value);
    }

    let mut outputs = Vec::new();
    for step in job["steps"].as_sequence().expect("steps") {
        let Some(script) = step["run"].as_str() else {
            assert!(step["uses"].is_string(), "{step:?}");
            continue;
        };
        assert!(!script.contains("${{") && step["if"].is_null() && step["shell"].is_null(), "{step:?}");
        lab.write("step.sh", script);
        // Each step has a summary of its own.
        lab.write("STEP_SUMMARY.md", "");
        // As the runner does it.
        let mut command: Command = lab.command("bash");
        command.args(["-e", "step.sh"]).envs(&variables).env("PATH", environment.path());
        command.env("PIP_NO_INDEX", "1");
        outputs.push(lab.redact(command.output().expect("bash").into()).success());
    }

    is_caught_up(&lab);
    let log = outputs.last().expect("steps").stdout.clone();
    assert!(log.contains("::group::run 1  2022-01-01 → ") && log.contains("::endgroup::\nrun  1  "), "{log}");
    assert!(
        log.contains("8/8  success") && log.contains("\nup to date: snowplow_site at 2022-02-28"),
        "{log}"
    );
    let summary = lab.read("STEP_SUMMARY.md");
    assert!(summary.starts_with("## Backfill of storefront → staging\n"), "{summary}");
    assert!(
        summary.contains("| 1 | 2022-01-01 → ") && summary.contains("**up to date: snowplow\\_site at"),
        "{summary}"
    );
}
