//! What is asked of dbt, on the scripted one.

use insta::assert_snapshot;

use crate::support::fake::FakeDbt;
use crate::support::scenario::{ARGUMENTS, over_a_gap};

/// Every call of a subcommand.
fn calls(fake: &FakeDbt, subcommand: &str) -> String {
    let calls = fake.calls().into_iter().filter(|call| call.iter().any(|word| word == subcommand));
    let folder = fake.path("").canonicalize().expect("a folder");
    let folder = folder.to_str().expect("UTF-8");
    let started = regex::Regex::new(r"\d{8}T\d{6}Z").expect("a pattern");
    let lines =
        calls.map(|call| started.replace_all(&call.join(" "), "[STARTED]").replace(folder, "[PROJECT]"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn flags_reach_dbt_where_they_belong() {
    let fake = over_a_gap();
    let flags = "--exclude some tag:other --selector mine --target staging --profile shop --profiles-dir \
                 profiles --threads 3 --vars {\"my_var\":1} --max-runs 2 --full-refresh -- --fail-fast";
    let flags: Vec<_> = flags.split(' ').collect();
    let output = fake.tool(&[&ARGUMENTS[..], &flags].concat());
    assert_eq!(output.code, 3, "{output}");
    assert_snapshot!(calls(&fake, "ls"), @r#"--log-format text ls --log-level info --log-format-file text --log-level-file debug --no-use-colors --no-use-colors-file --write-json --partial-parse --printer-width 80 --no-debug --quiet --no-print --resource-type model --output json --output-keys unique_id --select +carts --exclude some tag:other --selector mine --vars {"my_var":1} --project-dir [PROJECT] --profiles-dir profiles --profile shop --target staging --target-path [PROJECT]/target/snowplow-backfill/staging/ls --log-path [PROJECT]/target/snowplow-backfill/logs/[STARTED]-staging/ls"#);
    assert_snapshot!(calls(&fake, "run"), @r#"
    --log-format json run --log-level info --log-format-file text --log-level-file debug --no-use-colors --no-use-colors-file --write-json --partial-parse --printer-width 80 --select +carts --exclude some tag:other --selector mine --vars {"models_to_run": "carts shop_events shop_limits shop_manifest", "snowplow__backfill_limit_days": 30, "snowplow__start_date": "2024-01-01 00:00:00", "snowplow__allow_refresh": true, "my_var":1} --full-refresh --threads 3 --fail-fast --project-dir [PROJECT] --profiles-dir profiles --profile shop --target staging --target-path [PROJECT]/target/snowplow-backfill/staging/first-run-limit-30 --log-path [PROJECT]/target/snowplow-backfill/logs/[STARTED]-staging/run-0001
    --log-format json run --log-level info --log-format-file text --log-level-file debug --no-use-colors --no-use-colors-file --write-json --partial-parse --printer-width 80 --select +carts --exclude some tag:other --selector mine --vars {"models_to_run": "carts shop_events shop_limits shop_manifest", "snowplow__backfill_limit_days": 30, "snowplow__start_date": "2024-01-01 00:00:00", "my_var":1} --threads 3 --fail-fast --project-dir [PROJECT] --profiles-dir profiles --profile shop --target staging --target-path [PROJECT]/target/snowplow-backfill/staging/limit-30 --log-path [PROJECT]/target/snowplow-backfill/logs/[STARTED]-staging/run-0002
    "#);
}

#[test]
fn the_limit_goes_up_for_one_run_and_all_else_stays() {
    let fake = over_a_gap();
    fake.tool(&ARGUMENTS).success();
    let vars = fake.calls().into_iter().filter(|call| call.iter().any(|word| word == "run")).map(|call| {
        let at = call.iter().position(|word| word == "--vars").expect("vars");
        call[at + 1].clone()
    });
    assert_snapshot!(vars.collect::<Vec<_>>().join("\n"), @r#"
    {"models_to_run": "carts shop_events shop_limits shop_manifest", "snowplow__backfill_limit_days": 30, "snowplow__start_date": "2024-01-01 00:00:00"}
    {"models_to_run": "carts shop_events shop_limits shop_manifest", "snowplow__backfill_limit_days": 30, "snowplow__start_date": "2024-01-01 00:00:00"}
    {"models_to_run": "carts shop_events shop_limits shop_manifest", "snowplow__backfill_limit_days": 30, "snowplow__start_date": "2024-01-01 00:00:00"}
    {"models_to_run": "carts shop_events shop_limits shop_manifest", "snowplow__backfill_limit_days": 72, "snowplow__start_date": "2024-01-01 00:00:00"}
    "#);
}

#[test]
fn a_stall_beyond_the_maximum_limit_is_refused() {
    let fake = over_a_gap();
    let output = fake.tool(&[&ARGUMENTS[..], &["--max-limit-days", "60"]].concat());
    assert_snapshot!(output, @"
    exit code: 4
    --- stdout
    --- stderr
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
      state      shop: first run, from 2024-01-01; 4 runs of 30 days to now
    run  1  2024-01-01 → 2024-01-31  first run    4 models  [TIME]
    run  2  2024-01-30 → 2024-02-29  standard     4 models  [TIME]
    run  3  2024-01-31 → 2024-03-01  standard     4 models  [TIME]
    refused: shop stalled at 2024-01-31 10:00:00.500. It needs a window of 72 days to continue (its next event is at 2024-04-05 01:02:03), but --max-limit-days allows 60. Raise --max-limit-days, or leave it out
    3 runs completed in [TIME]
    ");
}
