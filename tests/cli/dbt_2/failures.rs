//! Runs that do not end well: each recording of one, and what was not recorded.

use serde_json::{Value, json};

use crate::dbt_2::world::{RUN, backfill, failing};
use crate::support::dbt_2::{recording, warned};

/// Runs a backfill whose first run is answered so, and looks for texts in what the tool says.
fn expect(run: &Value, code: i32, said: &[&str], not_said: &[&str]) {
    let fake = failing(run);
    let output = fake.tool(&RUN);
    assert_eq!(output.code, code, "{run}: {}", output.stderr);
    for text in said {
        assert!(output.stderr.contains(text), "{run}: no {text:?} in\n{}", output.stderr);
    }
    for text in not_said {
        assert!(!output.stderr.contains(text), "{run}: {text:?} in\n{}", output.stderr);
    }
    assert_eq!(warned(&fake), "", "{run}");
}

/// Dbt 2 then calls every model an error, and says more of none.
const EVERY_MODEL: &str = "Compilation Error\n";

#[test]
fn a_model_fails() {
    let said = [
        "dbt run failed (exit code 1): a model failed\n  model.storefront.page_engagement_this_run\n    Database Error",
        "Catalog Error: Table with name nope does not exist!",
    ];
    expect(&recording("run-model-fails"), 1, &said, &["[error]", "is expected if you are compiling"]);
}

#[test]
fn a_hook_fails() {
    let start = ["dbt run failed (exit code 1): a hook failed\n    Catalog Error: Table with name nope_hook"];
    expect(&recording("run-start-hook-fails"), 1, &start, &[EVERY_MODEL, "[error]"]);
    let end = ["a hook failed\n  operation.storefront.storefront-on-run-end-0\n", "hook is down"];
    expect(&recording("run-end-hook-raises"), 1, &end, &[]);
}

#[test]
fn the_warehouse_cannot_be_reached() {
    let said = ["the warehouse could not be reached", "Could not set lock on file", "end that process"];
    expect(&recording("run-database-locked"), 1, &said, &[EVERY_MODEL]);
    let driver = json!({"recording": "none", "exit": 1, "stderr": "\
        \n=================== Errors and Warnings ====================\n\
        [error] [DbDriverFailed (dbt1308)]: Failed to load `duckdb` driver from name, then failed to load it from the \
        CDN.\nDriver installation error: HTTP error: io: failed to lookup address information\n"});
    expect(&driver, 1, &["Driver installation error: HTTP error", "give it access to the network"], &[]);
}

#[test]
fn the_project_cannot_be_read() {
    let said =
        ["Ref 'nowhere' not found in project", "models/site/scratch/page_engagement_this_run.sql:30:4"];
    expect(&recording("run-does-not-parse"), 1, &said, &[EVERY_MODEL]);
}

#[test]
fn dbt_breaks() {
    let panic =
        "panic: panicked at crates/dbt-adapter/src/adapter_impl.rs:5037:9:\nnot implemented: parse_index\n";
    let said = ["exit code 2", "not implemented: parse_index", "report it to dbt Labs"];
    expect(&json!({"recording": "none", "exit": 2, "stderr": panic}), 1, &said, &[]);
    expect(
        &json!({"recording": "run-good", "kill": 15}),
        1,
        &["signal 15", "dbt ended without saying why"],
        &[],
    );
}

#[test]
fn a_model_that_was_not_built_is_no_success() {
    let run = |status: &str| json!({"recording": "run-good", "statuses": {"model.storefront.page_engagement": status}});
    let said = [
        "did not build what was selected",
        "no success for these selected models: model.storefront.page_engagement",
    ];
    for status in ["reused", "skipped", "a-word-of-later"] {
        expect(&run(status), 1, &said, &[]);
    }
}

/// Snowplow records no model with a warning, so no run can bring it up to date.
#[test]
fn a_tracked_model_with_a_warning_is_not_recorded() {
    let said = [
        "a tracked model was built with a warning, so its package does not record it",
        "model.storefront.page_engagement_this_run\n    careful",
    ];
    expect(&recording("run-model-warns"), 1, &said, &["is expected if you are compiling"]);
    let other = json!({"recording": "run-good", "statuses": {"model.snowplow_site.snowplow_site_base_events_this_run": "warn"}});
    let output = backfill(&[other]).tool(&RUN);
    assert_eq!(output.code, 0, "{output}");
}

/// A hook or a model that warns is heard. What is said while the project is parsed is not.
#[test]
fn warnings_of_a_run_are_told_once() {
    let warns = json!({"info": {"name": "JinjaWarn", "level": "warn", "msg": "[warning] [JinjaWarn (dbt1071)]: 7 rows are late"}, "data": {}});
    let of_model = json!({"info": {"name": "JinjaWarn", "level": "warn", "msg": "careful"},
        "data": {"node_info": {"unique_id": "model.storefront.page_engagement"}}});
    let output = backfill(&[json!({"recording": "run-good", "events": [warns, of_model]})]).tool(&RUN);
    assert_eq!(output.stderr.matches("warning: dbt: page_engagement: careful").count(), 1, "{output}");
    assert_eq!(output.stderr.matches("warning: dbt: 7 rows are late").count(), 1, "{output}");
    assert!(!output.stderr.contains("is expected if you are compiling"), "{output}");
}

#[test]
fn interrupted_models_are_no_failures() {
    let fake = failing(&json!({"recording": "run-interrupted", "hang": true}));
    let tool = fake.command(&RUN).stderr(std::process::Stdio::piped()).spawn().expect("the tool");
    fake.wait_until_hanging();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(tool.id()).expect("a process"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it is running");
    let output = tool.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(!stderr.contains(EVERY_MODEL) && !stderr.contains("Operation cancelled"), "{stderr}");
    assert!(stderr.contains("0 runs completed"), "{stderr}");
}

#[test]
fn what_is_not_known_yet_does_no_harm() {
    let event = |name: &str, level: &str| {
        let info = json!({"name": name, "level": level, "msg": name, "code": "9999", "later": {"a": [1]}});
        json!({"info": info, "data": {"index": "first", "total": null, "node_info": {"unique_id": 7}}})
    };
    let run = json!({"recording": "run-good", "events": [event("OfLater", "info"), {"otel": true}, event("LogModelResult", "info")]});
    let output = backfill(&[run]).tool(&RUN);
    assert_eq!(output.code, 0, "{}", output.stderr);
}
