//! `run --format github`: what a workflow's log and a step's summary get.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, tables};

const SELECTED: [&str; 4] = ["shop_manifest", "shop_limits", "shop_events", "carts"];

fn listed() -> Value {
    let carts = model("carts", &["shop_incremental"], "incremental");
    json!({"stdout": listing(&SELECTED), "files": {"manifest.json": manifest("1.11.16", &[carts])}})
}

/// Runs the tool as a step of a workflow would; what it printed, and the summary.
fn step(fake: &FakeDbt, summary: &str) -> (Output, String) {
    let mut command = fake.command(&["run", "--select", "+carts", "--format", "github"]);
    let path = fake.path(summary);
    if !summary.is_empty() {
        command.env("GITHUB_STEP_SUMMARY", &path);
    }
    command.env("GITHUB_WORKSPACE", fake.path(""));
    let output = fake.redact(command.output().expect("the tool").into());
    let text = fs::read_to_string(path).unwrap_or_default();
    (output.clone(), fake.redact(Output { stdout: text, ..output }).stdout)
}

#[test]
fn a_good_backfill() {
    let tables = tables(
        "2024-01-01 00:00:00",
        &[("carts", "2023-12-31 10:00:00")],
        Some(("2023-12-31 04:00:00", "2024-01-01 00:00:00")),
    );
    let fake =
        FakeDbt::new(&json!({"ls": [listed()], "run-operation": [tables], "run": [good_run(&SELECTED)]}));
    fs::write(fake.path("summary.md"), "what another step wrote\n\n").expect("written");
    let (output, summary) = step(&fake, "summary.md");
    assert_snapshot!(output, @"
    exit code: 0
    --- stdout
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
      state      shop: standard, at 2023-12-31 10:00:00; 1 run of 90 days to now
    ::group::run 1  2023-12-31 → 2024-01-01  standard
    ::endgroup::
    run  1  2023-12-31 → 2024-01-01  standard     4 models  [TIME]
    up to date: shop at 2023-12-31 10:00:00
    1 run completed in [TIME]
    next: snowplow-backfill promote --select +carts --to prod
    --- stderr
    ");
    assert_snapshot!(summary, @"
    what another step wrote

    ## Backfill of faked → default target

    `--select +carts`: 4 models, 1 tracked model of shop, 90 days a run (duckdb, dbt 1.11.16)

    | run | window (UTC) | state | from start to now | time | models | rows |
    |--:|---|---|---|--:|--:|--:|
    | 1 | 2023-12-31 → 2024-01-01 | standard | `████████████████████` | [TIME] | 4 | |

    **up to date: shop at 2023-12-31 10:00:00**

    1 run completed in [TIME]

    next:

    ```text
    snowplow-backfill promote --select +carts --to prod
    ```
    ");
    // Without a summary, the log is the same.
    let (without, _) = step(&fake, "");
    assert_eq!(without, output);
}

#[test]
fn a_project_that_does_not_compile_is_shown_at_its_file() {
    let said = "Encountered an error:\nCompilation Error\n  Model 'model.faked.carts' (models/carts.sql) \
                depends on a node named 'nope' which was not found\n";
    let fake = FakeDbt::new(&json!({"ls": [{"stdout": said, "exit": 2}]}));
    fs::create_dir(fake.path("models")).expect("a folder");
    fs::write(fake.path("models/carts.sql"), "select 1").expect("written");
    let (output, summary) = step(&fake, "summary.md");
    assert_snapshot!(output, @"
    exit code: 2
    --- stdout
    ::error file=models/carts.sql,title=dbt ls%3A the project or its configuration is not valid::Encountered an error:%0ACompilation Error%0A  Model 'model.faked.carts' (models/carts.sql) depends on a node named 'nope' which was not found
    | dbt ls failed (exit code 2): the project or its configuration is not valid
    |     Encountered an error:
    |     Compilation Error
    |       Model 'model.faked.carts' (models/carts.sql) depends on a node named 'nope' which was not found
    --- stderr
    ");
    assert_snapshot!(summary, @"
    ## Backfill

    ```text
    dbt ls failed (exit code 2): the project or its configuration is not valid
        Encountered an error:
        Compilation Error
          Model 'model.faked.carts' (models/carts.sql) depends on a node named 'nope' which was not found
    ```

    **stopped by an error**
    ");
}

#[test]
fn a_summary_that_cannot_be_written_is_known_before_the_first_run() {
    let fake = FakeDbt::new(&json!({}));
    let (output, _) = step(&fake, "dbt_project.yml/summary.md");
    assert_snapshot!(output, @"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot write the summary [PROJECT]/dbt_project.yml/summary.md (GITHUB_STEP_SUMMARY)
      caused by: Not a directory (os error 20)
    ");
    assert_eq!(fake.calls(), Vec::<Vec<String>>::new());
}
