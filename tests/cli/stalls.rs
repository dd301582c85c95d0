//! What the loop makes of a package that does not move, or that somebody else moves.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, next_event, tables};
use crate::support::scenario::{ARGUMENTS, SELECTED};
use crate::support::{self, Engine, Events, Lab};

const NOW: &str = "2024-02-01 12:00:00";
const ROWS: [(&str, &str); 1] = [("carts", "2024-01-20 10:00:00")];

/// A project whose one window reached now before, and whose tables stay as they are.
pub fn unmoved(events: &Value) -> FakeDbt {
    let carts = model("carts", &["shop_incremental"], "incremental");
    let files = json!({"manifest.json": manifest("1.11.16", &[carts])});
    let answer = tables(NOW, &ROWS, Some(("2024-01-20 04:00:00", NOW)));
    FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&SELECTED), "files": files}],
        "run-operation": [answer, answer, events],
        "run": [good_run(&SELECTED)],
    }))
}

pub fn answer(row: &Value) -> Value {
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

/// The answer to where the events begin: in the first window.
fn begins() -> Value {
    next_event("2023-01-02 10:00:00")
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
    let fake = backfill(&Value::Null, &[tables(NOW, &[], None), begins(), after.clone(), after]);
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
    let words = "the package's own clock is [TIME] behind. It is up to date to that clock";
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
fn the_window_of_another_run_proves_nothing_in_a_first_run_either() {
    let other = ("2024-01-31 04:00:00", NOW);
    // Our run has recorded a row of its own window, and another one its window up to now.
    let fake =
        backfill(&Value::Null, &[tables(NOW, &[], None), begins(), read(Some("2023-01-30 10:00:00"), other)]);
    let arguments = [&RUN[..RUN.len() - 2], &["--max-runs", "1"]].concat();
    ends_with(&fake, &arguments, 3, "holds the window of another run, 2024-01-31 04:00:00");
    // Without a row, three such runs end it: whether there was an event is not known.
    let empty = read(None, other);
    let fake =
        backfill(&Value::Null, &[tables(NOW, &[], None), begins(), empty.clone(), empty.clone(), empty]);
    ends_with(&fake, &RUN, 4, "in 3 runs the limits table of shop did not hold their window");
}

#[test]
fn a_run_that_is_refused_afterwards_is_counted() {
    let first = ("2023-01-01 00:00:00", "2023-01-31 00:00:00");
    let after = read(Some("2023-01-30 10:00:00"), first);
    let fake = backfill(&Value::Null, &[tables(NOW, &[], None), begins(), after.clone(), after]);
    ends_with(&fake, &RUN, 4, "2 runs completed");
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

/// A package whose own clock is hours behind, on real dbt: the limit is raised as far as it can help, and not further.
#[test]
fn a_real_package_whose_clock_is_behind() {
    let lab = Lab::new(Engine::DuckDb, support::NEW, Events::SHORT);
    lab.with_utils("1.0.0");
    let file = "dbt_packages/snowplow_utils/macros/helpers/timestamps.sql";
    let clock = "cast(current_timestamp at time zone 'UTC' as {{ dbt.type_timestamp() }})";
    let text = lab.read(file);
    assert!(text.contains(clock), "{text}");
    lab.write(file, &text.replace(clock, &format!("{clock} - interval '5 hours'")));
    let arguments = ["run", "--select", "+page_engagement", "--start-date", Events::START, "--max-runs", "9"];
    let output = lab.tool(&arguments).success();
    let told = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("the package's own clock is") && told.contains("up to date: snowplow_site"),
        "{output}"
    );
    assert!(told.contains("3 runs completed"), "{output}");
}

/// Another `dbt run` between two runs of the backfill, on real dbt.
#[test]
fn a_real_run_of_somebody_else() {
    let lab = Lab::new(Engine::DuckDb, support::NEW, Events::SHORT);
    let alone = Lab::new(Engine::DuckDb, support::NEW, Events::SHORT);
    let models = alone.tool(&["models", "--select", "+page_engagement"]).success().stdout;
    let dbt = lab.tool_command(&[]).get_envs().find_map(|(name, value)| {
        (name == "SNOWPLOW_BACKFILL_DBT").then(|| value.expect("dbt").to_str().expect("UTF-8").to_owned())
    });
    let script = format!(
        "#!/bin/sh\n{dbt} \"$@\" || exit\ncase \" $* \" in *' run '*) ;; *) exit ;; esac\n\
         [ -e another ] && exit\ntouch another\n\
         {dbt} run --target staging --select +page_engagement --target-path another-target \
         --vars '{{models_to_run: \"{}\", snowplow__backfill_limit_days: 3}}' > another.log\n",
        models.trim(),
        dbt = dbt.expect("dbt"),
    );
    lab.write("with-another", &script);
    let path = lab.project().join("with-another");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let arguments = ["run", "--select", "+page_engagement", "--start-date", Events::START, "--max-runs", "9"];
    let with = ["--dbt", path.to_str().expect("UTF-8")];
    let output = lab.tool(&[&arguments[..], &with].concat()).success();
    assert!(output.stderr.contains("holds the window of another run"), "{output}");
    alone.tool(&arguments).success();
    let rows = |lab: &Lab| lab.lines("select * from staging_derived.page_engagement order by all");
    assert_eq!(rows(&lab), rows(&alone));
}
