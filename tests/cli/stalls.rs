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
    note: the last event of shop is at 2024-01-20 10:00:00, and its events relation has a later one, at 2024-01-31 01:02:03. Usually the package's own filters leave it out (snowplow__app_id, event names, late events)
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
        assert!(!output.stderr.contains("has a later one"), "{output}");
    }
}

/// What the scripted dbt needs for a backfill whose tables are read as given, before and after each run.
fn backfill(config: &Value, reads: &[Value]) -> FakeDbt {
    let carts = model("carts", &["shop_incremental"], "incremental");
    let mut text: Value = serde_json::from_str(&manifest("1.11.16", &[carts])).expect("a dbt manifest");
    if let Some(config) = config.as_object() {
        let node = &mut text["nodes"]["model.faked.shop_manifest"]["config"];
        config.iter().for_each(|(key, value)| node[key] = value.clone());
    }
    FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&SELECTED), "files": {"manifest.json": text.to_string()}}],
        "run-operation": reads,
        "run": [good_run(&SELECTED)],
    }))
}

/// The tables with one row and a window, as the tool reads them.
fn read(row: Option<&str>, window: (&str, &str)) -> Value {
    let rows: Vec<_> = row.map(|time| ("carts", time)).into_iter().collect();
    tables(NOW, &rows, Some(window))
}

const RUN: [&str; 9] =
    ["run", "--select", "+carts", "--limit-days", "30", "--start-date", "2023-01-01", "--max-runs", "9"];

#[track_caller]
fn ends_with(fake: &FakeDbt, arguments: &[&str], code: i32, words: &str) {
    let output = fake.tool(arguments);
    let told = output.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("exit code: {code}")) && told.contains(words), "{output}");
}

#[test]
fn a_manifest_that_every_run_drops_is_refused_before_the_first_run() {
    let fake = backfill(&json!({"full_refresh": true}), &[tables(NOW, &[], None)]);
    ends_with(&fake, &RUN, 4, "every run drops the incremental manifest shop_manifest");
    ends_with(&fake, &["plan", "--select", "+carts"], 4, "every run drops the incremental manifest");
    assert!(fake.calls().iter().all(|call| !call.contains(&"run".to_owned())));
}

#[test]
fn a_run_that_starts_over_ends_the_backfill() {
    let first = ("2023-01-01 00:00:00", "2023-01-31 00:00:00");
    let after = read(Some("2023-01-30 10:00:00"), first);
    let fake = backfill(&Value::Null, &[tables(NOW, &[], None), after.clone(), after]);
    ends_with(&fake, &RUN, 4, "shop started over: its window begins at 2023-01-01 00:00:00");
}

#[test]
fn a_row_that_goes_back_ends_the_backfill() {
    let window = ("2023-03-01 04:00:00", "2023-03-31 10:00:00");
    let fake = backfill(
        &Value::Null,
        &[
            tables(NOW, &[("carts", "2023-03-01 10:00:00")], None),
            read(Some("2023-03-30 10:00:00"), window),
            read(Some("2023-03-02 10:00:00"), ("2023-03-30 04:00:00", "2023-04-29 10:00:00")),
        ],
    );
    let words = "carts went back from 2023-03-30 10:00:00 to 2023-03-02 10:00:00";
    ends_with(&fake, &RUN, 4, words);
}

#[test]
fn a_package_whose_clock_is_behind_is_up_to_date_to_it() {
    let row = Some("2024-01-20 10:00:00");
    let fake = backfill(
        &Value::Null,
        &[
            tables(NOW, &[("carts", "2024-01-20 10:00:00")], None),
            read(row, ("2024-01-20 04:00:00", "2024-02-01 07:00:00.5")),
        ],
    );
    let words = "the package's own clock is 4h 59m 59s behind. It is up to date to that clock";
    ends_with(&fake, &RUN, 0, words);
}

#[test]
fn the_window_of_another_run_is_named_and_not_counted() {
    let row = Some("2023-03-01 10:00:00");
    let other = read(row, ("2023-11-20 04:00:00", NOW));
    let mut reads = vec![tables(NOW, &[("carts", "2023-03-01 10:00:00")], None)];
    reads.extend([other.clone(), other.clone(), other]);
    let fake = backfill(&Value::Null, &reads);
    ends_with(&fake, &RUN, 4, "holds the window of another run, 2023-11-20 04:00:00 to 2024-02-01 12:00:00");
    assert_eq!(fake.calls().iter().filter(|call| call.contains(&"run".to_owned())).count(), 3);
}

#[test]
fn a_backfill_without_any_event_has_an_exit_code_of_its_own() {
    let fake = backfill(
        &Value::Null,
        &[tables(NOW, &[], None), read(None, ("2024-01-10 00:00:00", "2024-02-01 12:00:00"))],
    );
    let arguments = ["run", "--select", "+carts", "--start-date", "2024-01-10", "--max-runs", "9"];
    ends_with(&fake, &arguments, 5, "no events: nothing was processed");
}
