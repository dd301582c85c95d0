//! Wrong inputs, without a database: one clear message, its exit code, nothing changed. The whole output is
//! compared.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, listing, manifest, model, tables};

/// A dbt that lists these models, out of those that the project has besides the package's own.
fn listed(version: &str, models: &[Value], selected: &[&str]) -> FakeDbt {
    let files = json!({"manifest.json": manifest(version, models)});
    FakeDbt::new(&json!({"ls": [{"stdout": listing(selected), "files": files}]}))
}

fn tracked(name: &str, materialized: &str) -> Value {
    model(name, &["shop_incremental"], materialized)
}

/// The package's base models.
const BASE: [&str; 3] = ["shop_manifest", "shop_limits", "shop_events"];

fn good() -> FakeDbt {
    listed("1.11.16", &[tracked("carts", "incremental")], &[&BASE[..], &["carts"]].concat())
}

/// Runs the tool; whatever it finds wrong, it has built nothing.
fn tool(fake: &FakeDbt, arguments: &[&str]) -> Output {
    let output = fake.tool(arguments);
    assert!(fake.calls().iter().flatten().all(|word| word != "run"), "{output}");
    output
}

/// Runs with wrong arguments, for which dbt is not even called.
fn usage(arguments: &[&str]) -> Output {
    let fake = good();
    let output = fake.tool(&[&["run", "--select", "+carts"], arguments].concat());
    assert_eq!(fake.calls(), Vec::<Vec<String>>::new());
    assert!(!fake.path("target").exists(), "nothing is written");
    output
}

#[test]
fn dbt_is_not_found() {
    assert_snapshot!(tool(&good(), &["run", "--dbt", "no-such-dbt --flag"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot start `no-such-dbt --flag`: there is no such program. Activate the environment that dbt is installed in, or say with --dbt how to start dbt
    ");
}

#[test]
fn dbt_is_not_executable() {
    let fake = good();
    fs::write(fake.path("not-dbt"), "").expect("written");
    assert_snapshot!(tool(&fake, &["run", "--dbt", "./not-dbt"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot start `./not-dbt`: it is not executable. Say with --dbt how to start dbt
    ");
}

#[test]
fn dbt_with_unmatched_quotes() {
    assert_snapshot!(usage(&["--dbt", "uv 'run dbt"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --dbt: the quotes in `uv 'run dbt` do not match. Give a path, or words such as `uv run dbt`
    ");
}

#[test]
fn dbt_is_something_else() {
    let fake = FakeDbt::new(&json!({"ls": [{"stdout": "hello\n"}]}));
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: `[PROJECT]/dbt ls` succeeded but wrote no manifest.json. Is it dbt-core? The dbt Cloud CLI runs remotely and is not supported
    ");
}

#[test]
fn dbt_is_too_old() {
    let fake = listed("1.6.19", &[], &["carts"]);
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt 1.6.19 is too old: this tool works with dbt-core 1.7 and newer. Upgrade it, or use another dbt
    ");
}

#[test]
fn dbt_is_so_old_that_it_does_not_know_the_arguments() {
    let fake = FakeDbt::new(&json!({
        "ls": [{"stderr": "dbt: error: unrecognized arguments: --no-print\n", "exit": 2}],
        "--version": [{"stdout": "Core:\n  - installed: 1.4.9\n  - latest:    1.11.16 - Update \
                                  available!\n"}],
    }));
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt 1.4.9 is too old: this tool works with dbt-core 1.7 and newer. Upgrade it, or use another dbt
    ");
}

#[test]
fn dbt_is_of_another_generation() {
    let fake = listed("2.0.0-preview.12", &[], &["carts"]);
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt 2.0.0-preview.12 is not supported: of dbt 2, this tool works with 2.0.0-beta.2 and newer. Upgrade it, or use dbt-core 1
    ");
}

#[test]
fn dbt_dies_without_a_word() {
    let fake = FakeDbt::new(&json!({"ls": [{"exit": 1}]}));
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 1
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 1): dbt ended without saying why
        (dbt printed nothing)
    ");
}

#[test]
fn the_manifest_is_garbage() {
    let fake = FakeDbt::new(
        &json!({"ls": [{"stdout": listing(&["a"]), "files": {"manifest.json": "{\"nodes\": 1"}}]}),
    );
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/snowplow-backfill/default-target/ls/manifest.json is not a dbt manifest that this tool can read
      caused by: it is not JSON as dbt writes it: expected an object at byte 10
    ");
}

#[test]
fn no_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_snowplow-backfill"))
        .args(["run", "--select", "+carts"])
        .current_dir(folder.path())
        .output()
        .expect("the tool");
    let text = Output::from(output).to_string();
    let path = folder.path().canonicalize().expect("a folder");
    assert_snapshot!(text.replace(path.to_str().expect("UTF-8"), "[FOLDER]"), @"
    exit code: 2
    --- stdout
    --- stderr
    error: no dbt_project.yml in [FOLDER] or above it: run this inside a dbt project, or give --project-dir
    ");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn the_project_directory_has_no_project() {
    assert_snapshot!(usage(&["--project-dir", "models"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: no dbt_project.yml in [PROJECT]/models: --project-dir must name the folder that holds it
    ");
}

#[test]
fn malformed_vars() {
    assert_snapshot!(usage(&["--vars", "{my_var: 1, other: [1, 2}"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars is not valid YAML or JSON: did not find expected ',' or ']' at line 1 column 25, while parsing a flow sequence at line 1 column 20
      {my_var: 1, other: [1, 2}
                              ^
    ");
    assert_snapshot!(usage(&["--vars", "{my_var: 1"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars is not valid YAML or JSON: did not find expected ',' or '}' at line 2 column 1, while parsing a flow mapping
      {my_var: 1
                ^
    ");
}

#[test]
fn malformed_vars_in_json() {
    assert_snapshot!(usage(&["--vars", r#"{"my_var": 1, "other": ]"#]), @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars is not valid YAML or JSON: did not find expected node content at line 1 column 24, while parsing a flow node
      {"my_var": 1, "other": ]
                             ^
    "#);
    assert_snapshot!(usage(&["--vars", r#"{"my_var": "a}"#]), @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars is not valid YAML or JSON: found unexpected end of stream at line 1 column 15, while scanning a quoted scalar at line 1 column 12
      {"my_var": "a}
                    ^
    "#);
}

#[test]
fn vars_that_cannot_be_added_to() {
    assert_snapshot!(usage(&["--vars", "&all\nmy_var: no"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: this tool cannot add its own vars to --vars: give one plain mapping, such as '{a: 1, b: 2}'; got: &all
    my_var: no
    ");
}

#[test]
fn vars_that_a_flag_sets_too() {
    let start = ["--start-date", "2022-01-01", "--vars", "{snowplow__start_date: 2020-01-01, my_var: no}"];
    assert_snapshot!(usage(&start), @"
    exit code: 2
    --- stdout
    --- stderr
    error: both --vars and --start-date set snowplow__start_date: leave one of them out
    ");
    assert_snapshot!(usage(&["--full-refresh", "--vars", "snowplow__allow_refresh: true"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: both --vars and --full-refresh set snowplow__allow_refresh: leave one of them out
    ");
}

#[test]
fn vars_that_are_no_mapping() {
    assert_snapshot!(usage(&["--vars", "my_var"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars must be a mapping of names to values, such as '{my_var: 1}'; got: my_var
    ");
}

#[test]
fn vars_with_owned_keys() {
    assert_snapshot!(usage(&["--vars", "{models_to_run: my_model}"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars sets models_to_run, which this tool sets itself: leave it out and use --select, --exclude or --selector
    ");
    assert_snapshot!(usage(&["--vars", "snowplow__backfill_limit_days: 30"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars sets snowplow__backfill_limit_days, which this tool sets itself: leave it out and use --limit-days
    ");
    assert_snapshot!(usage(&["--vars", r#"{"models_to_remove": ["a"]}"#]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --vars sets models_to_remove, which this tool sets itself: leave it out and use --remove-from-manifest
    ");
}

#[test]
fn limits_that_are_none() {
    assert_snapshot!(usage(&["--limit-days", "0"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value '0' for '--limit-days <DAYS>': must be a whole number of days from 1 to 36500

    For more information, try '--help'.
    ");
    assert_snapshot!(usage(&["--limit-days", "-5"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value '-5' for '--limit-days <DAYS>': must be a whole number of days from 1 to 36500

    For more information, try '--help'.
    ");
    assert_snapshot!(usage(&["--limit-days", "many"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value 'many' for '--limit-days <DAYS>': must be a whole number of days from 1 to 36500

    For more information, try '--help'.
    ");
    assert_snapshot!(usage(&["--limit-days", "90", "--max-limit-days", "60"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --max-limit-days 60 is below --limit-days 90: it must be at least as large
    ");
}

#[test]
fn numbers_that_are_none() {
    for flag in ["--max-runs", "--threads"] {
        let output = usage(&[flag, "0"]);
        assert_eq!(output.code, 2, "{output}");
        assert_eq!(
            output.stderr,
            format!(
                "error: invalid value '0' for '{flag} <N>': must be a whole number, 1 or greater\n\nFor more \
                 information, try '--help'.\n"
            )
        );
    }
}

#[test]
fn start_dates_that_are_none() {
    assert_snapshot!(usage(&["--start-date", "last week"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value 'last week' for '--start-date <DATE>': 'last week' is neither a date (2024-01-31) nor a UTC time (2024-01-31 12:00:00)

    For more information, try '--help'.
    ");
    assert_snapshot!(usage(&["--start-date", "2999-01-01"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --start-date 2999-01-01 00:00:00 is in the future: there are no events yet
    ");
    assert_snapshot!(usage(&["--start-date", "2024-01-01T00:00:00+02:00"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value '2024-01-01T00:00:00+02:00' for '--start-date <DATE>': '2024-01-01T00:00:00+02:00' is not in UTC: give the UTC time, without a zone

    For more information, try '--help'.
    ");
}

#[test]
fn flags_that_exclude_each_other() {
    assert_snapshot!(usage(&["--once", "--max-runs", "3"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the argument '--once' cannot be used with '--max-runs <N>'

    Usage: snowplow-backfill run --select <SELECTOR>... --once [-- <DBT ARGS>...]

    For more information, try '--help'.
    ");
    assert_snapshot!(usage(&["--", "--full-refresh"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --full-refresh cannot be passed to every dbt run: give --full-refresh before the --
    ");
}

#[test]
fn flags_that_dbt_would_read_out_of_one_word() {
    assert_snapshot!(usage(&["--", "-xtprod"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: -t cannot be passed to every dbt run: give --target before the --
    ");
}

#[test]
fn programs_are_told_how_it_ended_before_the_first_run() {
    let last = |fake: &FakeDbt| {
        let output = tool(fake, &["run", "--format", "json"]);
        let events = output.json_lines();
        let end = events.last().expect("an end").clone();
        assert_eq!(end["event"], "backfill_finished", "{output}");
        let failed = events.iter().any(|event| event["event"] == "dbt_failed");
        (output.code, end["outcome"].clone(), end["exit_code"].clone(), failed)
    };
    let ephemeral = listed("1.11.16", &[tracked("carts", "ephemeral")], &[&BASE[..], &["carts"]].concat());
    assert_eq!(last(&ephemeral), (4, json!("refused"), json!(4), false));
    let dead = FakeDbt::new(&json!({"ls": [{"exit": 1}]}));
    assert_eq!(last(&dead), (1, json!("dbt_failed"), json!(1), true));
    let too_old = listed("1.6.19", &[], &["carts"]);
    assert_eq!(last(&too_old), (2, json!("error"), json!(2), false));
}

#[test]
fn a_mistyped_flag() {
    assert_snapshot!(usage(&["--limit-day", "3"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: unexpected argument '--limit-day' found

      tip: a similar argument exists: '--limit-days'
      tip: to pass '--limit-day' as a value, use '-- --limit-day'

    Usage: snowplow-backfill run --select <SELECTOR>... --limit-days <DAYS> [-- <DBT ARGS>...]

    For more information, try '--help'.
    ");
}

#[test]
fn an_unwritable_journal() {
    let fake = good();
    assert_snapshot!(tool(&fake, &["run", "--journal", "dbt_project.yml/journal.jsonl"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot write the journal dbt_project.yml/journal.jsonl
      caused by: File exists (os error 17)
    ");
    assert_eq!(fake.calls(), Vec::<Vec<String>>::new());
}

#[test]
fn an_unwritable_target_path() {
    let fake = good();
    fs::write(fake.path("target"), "a file").expect("written");
    assert_snapshot!(tool(&fake, &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot write to [PROJECT]/target/snowplow-backfill/default-target, which is under dbt's target path
      caused by: Not a directory (os error 20)
    ");
    assert_eq!(fake.calls(), Vec::<Vec<String>>::new());
}

#[test]
fn nothing_tracked() {
    let fake = listed("1.11.16", &[tracked("carts", "incremental")], &BASE);
    assert_snapshot!(tool(&fake, &["run", "--select", "tag:base"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the selection holds no tracked model: no model in it has the tag shop_incremental. Select a model with that tag, or add the tag to yours
    ");
}

#[test]
fn the_base_models_are_not_selected() {
    let fake = listed("1.11.16", &[tracked("carts", "incremental")], &["carts"]);
    assert_snapshot!(tool(&fake, &["run", "--select", "carts"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the selection holds tracked models of shop but not all models that they are built from (shop_events, shop_limits), which carts needs: it would read what an earlier run left there. Select the ancestors too, and exclude none of them: --select +carts
    ");
}

#[test]
fn no_snowplow_package() {
    let metadata = json!({"dbt_version": "1.11.16", "adapter_type": "duckdb"});
    let nodes = json!({"metadata": metadata, "nodes": {"model.faked.a": model("a", &[], "view")}});
    let reply = json!({"stdout": listing(&["a"]), "files": {"manifest.json": nodes.to_string()}});
    assert_snapshot!(tool(&FakeDbt::new(&json!({"ls": [reply]})), &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: no Snowplow package found: no on-run-end hook of this project calls snowplow_incremental_post_hook (did `dbt deps` run? is the package enabled for this target?)
    ");
}

#[test]
fn a_tracked_ephemeral_model() {
    let fake = listed("1.11.16", &[tracked("carts", "ephemeral")], &[&BASE[..], &["carts"]].concat());
    assert_snapshot!(tool(&fake, &["run", "--select", "+carts"]), @"
    exit code: 4
    --- stdout
    --- stderr
    refused: the tracked model carts (models/carts.sql) is ephemeral: it never gets a row in the incremental manifest, so shop would process the same window forever. Make it a table or a view, or remove the tag shop_incremental from it
    ");
}

#[test]
fn an_adapter_that_snowplow_does_not_know() {
    let text = manifest("1.11.16", &[tracked("carts", "incremental")]).replace("duckdb", "trino");
    let reply =
        json!({"stdout": listing(&[&BASE[..], &["carts"]].concat()), "files": {"manifest.json": text}});
    assert_snapshot!(tool(&FakeDbt::new(&json!({"ls": [reply]})), &["run"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the adapter trino is not supported: Snowplow's packages run on postgres, redshift, snowflake, bigquery, databricks, spark, duckdb
    ");
}

#[test]
fn two_versions_of_a_tracked_model() {
    let versions = [1, 2].map(|version| {
        let mut carts = tracked("carts", "incremental");
        carts["unique_id"] = format!("model.faked.carts.v{version}").into();
        carts["version"] = version.into();
        carts
    });
    let fake = listed("1.11.16", &versions, &[&BASE[..], &["carts.v1"]].concat());
    assert_snapshot!(tool(&fake, &["run", "--select", "+carts"]), @"
    exit code: 4
    --- stdout
    --- stderr
    refused: model.faked.carts.v1 and model.faked.carts.v2 are two versions of one model, and both have the tag shop_incremental. The incremental manifest knows models by name alone (carts), so their rows would mix. Remove the tag from one of them, or disable one
    ");
}

#[test]
fn a_full_refresh_that_would_keep_the_rows() {
    let fake =
        listed("1.11.16", &[tracked("carts", "incremental")], &["shop_limits", "shop_events", "carts"]);
    assert_snapshot!(tool(&fake, &["run", "--select", "carts", "--full-refresh"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --full-refresh needs the incremental manifest shop_manifest in the selection: without it, the tables are rebuilt, but only with events after the last_success in their rows. Select the model with its ancestors, as in --select +my_model
    ");
}

#[test]
fn removing_what_is_not_selected() {
    let fake = good().with(&json!({"run-operation": [tables("2024-01-01 00:00:00", &[], None)]}));
    assert_snapshot!(tool(&fake, &["run", "--select", "+carts", "--remove-from-manifest", "cart"]), @"
    exit code: 2
    --- stdout
    --- stderr
    faked → default target (duckdb, dbt 1.11.16)
      selected   4 models by --select +carts
      package    shop: carts
      journal    target/snowplow-backfill/journal/[STARTED]-default-target.jsonl
      state      shop: first run, from its start date
    error: --remove-from-manifest cart: the selection has no tracked model of that name: did you mean `carts`?
    ");
}

/// What dbt prints for mistakes in how it is called or set up, in its words of 1.7 and 1.11.
const MISTAKES: [(&str, &str); 6] = [
    ("Runtime Error\n  Could not find selector named nope, expected one of []", "the selection is not valid"),
    ("Runtime Error\n  'metod' is not a valid method name", "the selection is not valid"),
    (
        "Parsing Error\n  Env var required but not provided: 'PGPASSWORD'",
        "something that the project needs is missing",
    ),
    (
        "Compilation Error\n  dbt found 1 package(s) specified in packages.yml, but only 0 package(s) installed in \
         dbt_packages. Run \"dbt deps\" to install package dependencies.",
        "something that the project needs is missing",
    ),
    (
        "Compilation Error in operation a (./dbt_project.yml)\n  Set the variable snowplow__license_accepted to \
         true",
        "something that the project needs is missing",
    ),
    (
        "Usage: dbt ls [OPTIONS]\nTry 'dbt ls --help' for help.\n\nError: No such option: --nope",
        "dbt does not accept its arguments",
    ),
];

#[test]
fn mistakes_that_dbt_finds_are_usage() {
    for (said, called) in MISTAKES {
        for command in ["run", "plan", "models"] {
            let fake = FakeDbt::new(&json!({"ls": [{"stdout": format!("{said}\n"), "exit": 2}]}));
            let output = tool(&fake, &[command, "--select", "+carts"]);
            assert_eq!(output.code, 2, "{output}");
            assert!(output.stderr.contains(&format!("dbt ls failed (exit code 2): {called}")), "{output}");
        }
        let run = json!({"stdout": format!("{said}\n"), "exit": 2});
        let fake = good().with(&json!({"run": [run], "run-operation": [tables("2021-06-01", &[], None)]}));
        let output = fake.tool(&["run", "--select", "+carts", "--start-date", "2021-05-01"]);
        assert_eq!(output.code, 2, "{output}");
        assert_eq!(output.stderr.matches(called).count(), 1, "{output}");
        let output = fake.tool(&["run", "--start-date", "2021-05-01", "--format", "github"]);
        assert_eq!((output.code, output.stdout.matches("::error").count()), (2, 1), "{output}");
    }
}

#[test]
fn a_full_disk_is_one_message() {
    let traceback = "Traceback (most recent call last):\n  File \"dbt/main.py\", line 1, in write\n    \
                     self.file.write(text)\nOSError: [Errno 28] No space left on device\n";
    let fake = FakeDbt::new(&json!({"ls": [{"stderr": traceback, "exit": 1}]}));
    assert_snapshot!(tool(&fake, &["run", "--select", "+carts"]), @"
    exit code: 1
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 1): a file could not be written or read
        OSError: [Errno 28] No space left on device
      hint: make room on the disk, then run the same command again
    ");
    let gone = "10:11:12  Traceback (most recent call last):\n  File \"a.py\", line 1, in b\n    \
                c()\npsycopg2.OperationalError: server closed the connection unexpectedly\n\nDuring handling of the \
                above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \
                \"d.py\", line 3, in e\ndbt.exceptions.DbtDatabaseError: Database Error\n  server closed the \
                connection unexpectedly\n";
    let good = || good().with(&json!({"run-operation": [tables("2021-06-01", &[], None)]}));
    let fake = good().with(&json!({"run-operation": [{"stdout": gone, "exit": 1}]}));
    assert_snapshot!(tool(&fake, &["plan", "--select", "+carts", "--start-date", "2021-01-01"]), @"
    exit code: 1
    --- stdout
    --- stderr
    error: dbt run-operation failed (exit code 1): the warehouse could not be reached
        dbt.exceptions.DbtDatabaseError: Database Error
          server closed the connection unexpectedly
      hint: check the target with `dbt debug`, then run the same command again
    ");
    let run = json!({"stdout": "{\"data\": {}, \"info\": {\"name\": \"X\", \"level\": \"info\"}}\n",
                     "stderr": traceback, "exit": 1});
    let fake = good().with(&json!({"run": [run]}));
    let output = fake.tool(&["run", "--select", "+carts", "--start-date", "2021-05-01"]);
    let said = "run 1: dbt run failed (exit code 1): a file could not be written or read\n    OSError: [Errno 28] No \
                space left on device\n  dbt's log: ";
    assert!(output.code == 1 && output.stderr.contains(said), "{output}");
}

/// Python's `logging` reports on stderr what it could not write, while dbt says on stdout what is wrong.
#[test]
fn reports_of_logging_are_not_shown() {
    let report =
        "--- Logging error ---\nTraceback (most recent call last):\n  File \"logging/__init__.py\", line \
                  1084, in flush\n    self.stream.flush()\nOSError: [Errno 28] No space left on device\nCall \
                  stack:\n  File \"bin/dbt\", line 8, in <module>\n    sys.exit(cli())\nMessage: '22:47:33  \
                  Flushing usage events'\nArguments: ()\n"
            .repeat(2);
    let said = "22:47:33  Encountered an error:\n[Errno 28] No space left on device\n\n\n";
    let fake = FakeDbt::new(&json!({"ls": [{"stdout": said, "stderr": report, "exit": 2}]}));
    assert_snapshot!(tool(&fake, &["run", "--select", "+carts"]), @"
    exit code: 1
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): a file could not be written or read
        Encountered an error:
        [Errno 28] No space left on device
      hint: make room on the disk, then run the same command again
    ");
}

/// The limit of a shell stands for the full disk: the journal cannot grow any more.
#[test]
fn a_journal_that_cannot_be_written_is_told_after_the_error() {
    let limited = |fake: &FakeDbt, format: &str| {
        fs::write(fake.path("journal"), "\n".repeat(100_000)).expect("written");
        let tool = fake.command(&["run", "--select", "+carts", "--journal", "journal", "--format", format]);
        let mut command = Command::new("bash");
        command.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash"]);
        command.arg(tool.get_program()).args(tool.get_args()).current_dir(fake.path("."));
        command.env_clear().envs(tool.get_envs().filter_map(|(name, value)| Some((name, value?))));
        fake.redact(command.output().expect("the tool").into())
    };
    let fake = FakeDbt::new(
        &json!({"ls": [{"stderr": "OSError: [Errno 28] No space left on device\n", "exit": 2}]}),
    );
    assert_snapshot!(limited(&fake, "human"), @"
    exit code: 1
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): a file could not be written or read
        OSError: [Errno 28] No space left on device
      hint: make room on the disk, then run the same command again
    warning: the output of this command is incomplete: cannot write the journal journal: File too large (os error 27)
    ");
    let fake =
        good().with(&json!({"run-operation": [tables("2021-06-01", &[], None)], "run": [{"exit": 1}]}));
    let output = limited(&fake, "github");
    assert!(output.stderr.starts_with("warning: the output of this command is incomplete: "), "{output}");
}

/// What a call of dbt is for decides what its exit code means: reading the project, or using it.
#[test]
fn a_query_or_a_run_that_fails_is_no_mistake_in_the_project() {
    let run = ["run", "--select", "+carts", "--start-date", "2021-05-01"];
    let said = "Compilation Error\n  no such thing\n";
    let query = good().with(&json!({"run-operation": [{"stdout": said, "exit": 1}]}));
    let early = good().with(&json!({"run-operation": [{"stdout": said, "exit": 2}]}));
    let late = good().with(
        &json!({"run-operation": [tables("2021-06-01", &[], None)], "run": [{"stdout": said, "exit": 2}]}),
    );
    for (fake, code, told) in [
        (query, 1, "dbt run-operation failed (exit code 1): a query failed"),
        (early, 2, "dbt run-operation failed (exit code 2): the project or its configuration is not valid"),
        (late, 1, "dbt run failed (exit code 2): dbt wrote no results of the run"),
    ] {
        let output = fake.tool(&run);
        assert!(output.code == code && output.stderr.contains(told), "{output}");
    }
}

#[test]
fn a_database_that_goes_away_within_a_model_has_a_hint() {
    let said = "Database Error in model carts (models/carts.sql)\n  terminating connection due to administrator \
                command\n  SSL connection has been closed unexpectedly";
    let results = json!({
        "metadata": {"env": {"SNOWPLOW_BACKFILL": "@STAMP@"}},
        "results": [{"unique_id": "model.faked.carts", "status": "error", "message": said}],
    });
    let run = json!({"files": {"run_results.json": results.to_string()}, "exit": 1});
    let fake = good().with(&json!({"run-operation": [tables("2021-06-01", &[], None)], "run": [run]}));
    let output = fake.tool(&["run", "--select", "+carts", "--start-date", "2021-05-01"]);
    let said = "a model failed\n  model.faked.carts\n    Database Error in model carts (models/carts.sql)\n      \
                terminating connection due to administrator command\n      SSL connection has been closed \
                unexpectedly\n  dbt's log: ";
    assert!(output.code == 1 && output.stderr.contains(said), "{output}");
    assert!(output.stderr.contains("\n  hint: check the target with `dbt debug`"), "{output}");
}
