//! What the loop makes of a package that does not move, on the scripted dbt.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, tables};
use crate::support::scenario::{ARGUMENTS, SELECTED};

const NOW: &str = "2024-02-01 12:00:00";
const ROWS: [(&str, &str); 1] = [("carts", "2024-01-20 10:00:00")];

/// A project whose one window reached now before, and whose tables stay as they are.
fn unmoved(events: &Value) -> FakeDbt {
    let carts = model("carts", &["shop_incremental"], "incremental");
    let files = json!({"manifest.json": manifest("1.11.16", &[carts])});
    let answer = tables(NOW, &ROWS, Some(("2024-01-20 04:00:00", NOW)));
    FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&SELECTED), "files": files}],
        "run-operation": [answer, answer, events],
        "run": [good_run(&SELECTED)],
    }))
}

fn answer(row: &Value) -> Value {
    let lines = [
        json!({"target": {"name": "dev", "type": "duckdb", "schema": "s"}}),
        json!({"query": 0, "row": [row]}),
        json!({"query": 0, "end": true}),
    ];
    let text: String = lines.iter().map(|line| format!("snowplow-backfill:{line}\n")).collect();
    json!({"stdout": text})
}

#[test]
fn an_event_that_nobody_has_processed_is_told_of() {
    let fake = unmoved(&answer(&json!("2024-01-31 01:02:03")));
    assert_snapshot!(fake.tool(&ARGUMENTS), @"
    exit code: 0
    --- stdout
    --- stderr
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
      state      shop: standard, at 2024-01-20 10:00:00; 1 run of 30 days to now
    run  1  2024-01-20 → 2024-02-01  standard     4 models  [TIME]
    warning: shop stays at 2024-01-20 10:00:00, although its events relation has a later event, at 2024-01-31 01:02:03. Either the package leaves it out (snowplow__app_id, its list of event names, late events), or its base models were not rebuilt
    up to date: shop at 2024-01-20 10:00:00
    1 run completed in [TIME]
    next: snowplow-backfill promote --select +carts --to prod
    ");
    // None, none that the window could have held, and none that can be told of.
    for events in [
        answer(&Value::Null),
        answer(&json!("2024-02-01 12:00:01")),
        json!({"stdout": "Runtime Error\n  permission denied for schema atomic\n", "exit": 1}),
    ] {
        let output = unmoved(&events).tool(&ARGUMENTS).success();
        assert!(!output.stderr.contains("stays at"), "{output}");
    }
}
