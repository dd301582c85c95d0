//! `run` and `plan`.

use serde_json::{Value, json};

use crate::dbt_2::world::{NOW, RUN, backfill};
use crate::support::dbt_2::{dbt_2, recording, warned};
use crate::support::fake::{FakeDbt, next_event, tables};

/// The `DBT_…` variables that each call of dbt had.
fn variables(fake: &FakeDbt) -> Vec<Value> {
    let text = std::fs::read_to_string(fake.path("script.environment")).expect("calls");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_backfill_catches_up() {
    let fake = backfill(&[recording("run-good")]);
    let output = fake.tool(&RUN);
    assert_eq!(warned(&fake), "");
    assert_eq!(output.code, 0, "{}", output.stderr);
    insta::assert_snapshot!(output.stderr);
    // One question, before everything else.
    let calls = fake.calls();
    assert_eq!(calls[0], ["--version"]);
    assert_eq!(calls.iter().filter(|call| *call == &["--version"]).count(), 1);
    for call in calls.iter().skip(1) {
        for flag in ["--no-partial-parse", "--no-manage-state", "--no-defer"] {
            assert!(call.iter().any(|word| word == flag), "{flag}: {call:?}");
        }
    }
    // What dbt 2 takes for a flag and its opposite at once is not set.
    for call in variables(&fake) {
        let names: Vec<_> = call.as_object().expect("variables").keys().cloned().collect();
        let expected = [
            "DBT_ENV_CUSTOM_ENV_SNOWPLOW_BACKFILL",
            "DBT_INDIRECT_SELECTION",
            "DBT_SEND_ANONYMOUS_USAGE_STATS",
        ];
        assert!(names.iter().all(|name| expected.contains(&name.as_str())), "{names:?}");
    }
}

#[test]
fn progress_is_counted_where_dbt_does_not_count() {
    let fake = backfill(&[recording("run-good")]);
    let output = fake.tool(&[&RUN[..], &["--format", "json"]].concat());
    let events = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let places: Vec<_> = events
        .filter(|event| event["event"] == "model_finished" && event["run"] == 1)
        .map(|event| (event["index"].as_u64(), event["total"].as_u64()))
        .collect();
    let expected: Vec<_> = (1..=9).map(|index| (Some(index), Some(9))).collect();
    assert_eq!(places, expected, "{}", output.stdout);
}

#[test]
fn a_plan_asks_and_runs_nothing() {
    let fake = dbt_2(&json!({
        "ls": [recording("ls")],
        "run-operation": [tables(NOW, &[], None), next_event("2025-01-01 09:00:00")],
    }));
    let output = fake.tool(&[&["plan"], &RUN[1..]].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.contains("2 runs"), "{}", output.stdout);
    assert!(fake.calls().iter().all(|call| !call.contains(&"run".to_owned())));
}

#[test]
fn what_dotenv_sets_is_turned_off_or_refused() {
    let fake = backfill(&[recording("run-good")]);
    let dotenv = "DBT_FULL_REFRESH=true\nDBT_QUIET=1\nDBT_LOG_FORMAT=otel\nOTHER=1\n";
    std::fs::write(fake.path(".env"), dotenv).expect("written");
    let output = fake.tool(&RUN);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for call in variables(&fake).iter().skip(1) {
        assert_eq!(call["DBT_FULL_REFRESH"], "false", "{call}");
        assert_eq!(call["DBT_QUIET"], "false", "{call}");
        assert!(call.get("DBT_LOG_FORMAT").is_none(), "{call}");
    }

    let fake = backfill(&[recording("run-good")]);
    std::fs::write(fake.path(".env"), "DBT_SAMPLE=3 days\n").expect("written");
    let output = fake.tool(&RUN);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains(".env sets DBT_SAMPLE"), "{}", output.stderr);
    assert_eq!(fake.calls(), [["--version"]]);
}
